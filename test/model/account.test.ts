/**
 * A model of whole accounts: everything that can be done to mail, by several people, devices and protocols at once, in the same
 * turn of the event loop and across turns, on stores that refuse, wait and fail. `truth.ts` says how it is judged,
 * `audit.ts` what must be the same in the end.
 *
 * In memory a run is repeated exactly by its seed (`repeat.test.ts`), and one that fails is made small before it is shown. On SQLite
 * the same steps meet a real disk, so only the choices are repeated. With small numbers (`small.ts`) a few messages are many
 * slices, pages and rows.
 *
 * BREVDUVA_TEST_SEED is the first seed, BREVDUVA_TEST_FUZZ multiplies the number of runs.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seedOf } from '../crash/random.ts';
import { runs } from '../kit/runs.ts';
import { type RunResult, run } from './run.ts';
import { shrink } from './shrink.ts';
import { memorySource, sqliteSource } from './sources.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const STEPS = 400;
const IN_MEMORY = runs(24);
const WITH_SMALL_NUMBERS = runs(12);
const ON_SQLITE = runs(4);
const SMALL = new URL('./small.ts', import.meta.url).href;
const HUNT = fileURLToPath(new URL('./hunt.ts', import.meta.url));
/** Done at least so often in all, or the test would prove nothing. */
const OPERATIONS =
  'append replace deliver sort copy move place save snooze unsnooze wake woken expunge flags create delete rename annotate subscribe unsubscribe select noop fetch read pop3 retr quit reap retain expire recover give-up quota tell told follow send leave cancel grant guest-append guest-flags guest-expunge guest-copy guest-move guest-select'.split(
    ' ',
  );
const LEAST = IN_MEMORY / 5;

describe('a whole account', () => {
  it(`is what the model says, in memory (${IN_MEMORY} runs from BREVDUVA_TEST_SEED=${SEED})`, async (t) => {
    const done = new Map<string, number>();
    for (let seed = SEED; seed < SEED + IN_MEMORY; seed++) {
      const result = await run({ seed, steps: STEPS, source: memorySource });
      if (result.error !== undefined) await explain(seed, result);
      for (const [what, count] of result.successes) done.set(what, (done.get(what) ?? 0) + count);
    }
    for (const what of OPERATIONS)
      assert.ok((done.get(what) ?? 0) >= LEAST, `${what} was done ${done.get(what)} times`);
    t.diagnostic([...done].map(([what, count]) => `${what} ${count}`).join(', '));
  });

  it(`is what the model says, with small numbers (${WITH_SMALL_NUMBERS} runs from BREVDUVA_TEST_SEED=${SEED})`, async () => {
    const hunt = [SMALL, HUNT, `${SEED}`, `${WITH_SMALL_NUMBERS}`, `${STEPS}`];
    const child = spawn(process.execPath, ['--import', ...hunt], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [found, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    assert.deepEqual({ found, code }, { found: '', code: 0 });
  });

  it(`is what the model says, on SQLite (${ON_SQLITE} runs from BREVDUVA_TEST_SEED=${SEED})`, async () => {
    for (let seed = SEED; seed < SEED + ON_SQLITE; seed++) {
      const source = () => sqliteSource(seed);
      const { error, log } = await run({ seed, steps: STEPS / 2, source, largeShare: 0.03 });
      if (error !== undefined) fail(seed, error, log);
    }
  });
});

/** Shows the fewest steps that fail in the same way. */
async function explain(seed: number, { error, log }: RunResult): Promise<never> {
  const kind = kindOf(error);
  const again = (only: readonly number[]) => run({ seed, steps: STEPS, source: memorySource, only });
  const steps = Array.from({ length: STEPS }, (_, n) => n);
  const few = await shrink(steps, async (only) => kindOf((await again(only)).error) === kind);
  const small = await again(few);
  return fail(seed, small.error ?? (error as Error), small.error === undefined ? log : small.log);
}

/** Numbers and names are others when steps are left out. */
function kindOf(error: Error | undefined): string | undefined {
  const line = error?.message.split('\n').find((one) => one.trim() !== '');
  return line
    ?.replace(/#\d+ (\w+) .*\(account \d+\)/, '$1')
    .replace(/\d+/g, 'N')
    .slice(0, 50);
}

function fail(seed: number, error: Error, log: readonly string[]): never {
  const text = `BREVDUVA_TEST_SEED=${seed}: ${error.message}\n${log.slice(-80).join('\n')}`;
  throw new Error(text, { cause: error });
}

/** A run: a climate and steps, all from one seed; looked over again and again. */
import { Random } from '../crash/random.ts';
import { audit, auditAfterReaping } from './audit.ts';
import { Pace } from './pace.ts';
import type { Climate } from './step.ts';
import { ACTION_NAMES, runStep } from './steps.ts';
import { type StoreSource, World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly source: () => Promise<StoreSource>;
  /** Of those, only the ones at these places. */
  readonly only?: readonly number[];
  /** How many messages are so large that SQLite keeps them in files. */
  readonly largeShare?: number;
}

export interface RunResult {
  readonly error: Error | undefined;
  readonly log: readonly string[];
  readonly successes: ReadonlyMap<string, number>;
}

const SHARING_NAMES = ACTION_NAMES.filter((name) => name === 'grant' || name.startsWith('guest-'));

/** Then all is looked over; also when steps are left out, so that what is left fails as before. */
const STEPS_PER_BLOCK = 100;

export function run(options: RunOptions): Promise<RunResult> {
  const random = new Random(options.seed);
  const pace = new Pace(random.fork());
  return pace.keptWhile(() => runAt(pace, random, options));
}

async function runAt(
  pace: Pace,
  random: Random,
  { steps, source, only, largeShare = 0 }: RunOptions,
): Promise<RunResult> {
  const climate = { ...climateOf(random.fork()), largeShare };
  const log: string[] = [];
  const limits = { mailboxesPerAccount: random.integer(8, 16) };
  const world = new World({
    source: await source(),
    random: random.fork(),
    limits,
    pace,
    recoverBytes: random.chance(0.3) ? 8 * 4096 : Number.POSITIVE_INFINITY,
    log: (line) => log.push(line),
  });
  const seeds = Array.from({ length: steps }, () => random.integer(1, 2 ** 31));
  const audits = Array.from({ length: Math.ceil(steps / STEPS_PER_BLOCK) }, () => random.fork());
  let error: Error | undefined;
  try {
    await world.begin();
    let block = 0;
    for (const n of only ?? seeds.keys()) {
      for (; block < Math.floor(n / STEPS_PER_BLOCK); block++) await endBlock(world, audits[block] as Random);
      await runStep(world, climate, { n, seed: seeds[n] as number });
      world.throwFailure();
    }
    await audit(world);
    await auditAfterReaping(world);
    world.hangUp();
    await auditAfterReaping(world);
  } catch (failure) {
    error = failure as Error;
  }
  await world.close().catch(() => {});
  return { error, log, successes: world.successes };
}

async function endBlock(world: World, random: Random): Promise<void> {
  world.truth.note('-- audit');
  await audit(world);
  if (random.chance(0.5)) await auditAfterReaping(world);
  if (random.chance(0.3)) await world.restart();
}

/** Each run does much of some things and little of others: what goes wrong needs many of a kind. */
function climateOf(random: Random): Omit<Climate, 'largeShare'> {
  const weights = Object.fromEntries(
    ACTION_NAMES.map((name) => [name, random.chance(0.25) ? 0.2 : random.chance(0.4) ? 4 : 1]),
  );
  const isCalm = random.chance(0.3);
  // In some runs nobody shares anything.
  const sharing = random.chance(0.3) ? 0 : random.pick([0.5, 1, 3]);
  const shared = SHARING_NAMES.map((name) => [name, (weights[name] ?? 1) * sharing]);
  return {
    weights: {
      ...weights,
      ...Object.fromEntries(shared),
      append: 3,
      deliver: 2,
      sort: 2,
      snooze: 2,
      unsnooze: 2,
      weather: isCalm ? 0 : 0.7,
      evict: random.chance(0.3) ? 0.5 : 0,
      forget: random.chance(0.3) ? 0.5 : 0,
    },
    weather: {
      refusal: random.pick([0.05, 0.3]),
      refusals: random.pick([['io'], ['full', 'io'], ['conflict'], ['conflict', 'full', 'io']] as const),
      failedRead: random.pick([0, 0.1]),
      readFailures: random.pick([['io'], ['damaged'], ['io', 'damaged']] as const),
      failedUpload: random.pick([0, 0.1]),
      slowRead: random.pick([0, 0.5]),
    },
    mostAtOnce: random.chance(0.05) ? 1500 : 60,
  };
}

/**
 * Runs commands one after the other, each as `src/main.ts` would in a process of its own: what they print is gathered, what they
 * read is given, and what they load is loaded once. `commands.ts` starts it and is its only client.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { runCommandLine } from '../../src/cli/program.ts';
import type { CommandAnswer, CommandQuestion } from './commands.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

const said = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'] as const) {
  const write = (chunk: string | Uint8Array): boolean => {
    said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  Object.defineProperties(process[name], { write: { value: write }, isTTY: { value: false } });
}

function answer(code: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.send?.({ code, ...said } satisfies CommandAnswer, () => resolve());
  return promise;
}

async function run({ args, input }: CommandQuestion): Promise<void> {
  said.stdout = '';
  said.stderr = '';
  Object.defineProperty(process, 'stdin', { value: Readable.from([Buffer.from(input)]), configurable: true });
  const code = await runCommandLine(args, version, async () => {
    throw new Error('a server is a process of its own');
  });
  await answer(code ?? 0);
}

const exit = process.exit.bind(process);
process.umask(0o077);
process.argv[1] = join(ROOT, 'src', 'main.ts');
// A command that gives up in the middle (storage failed) takes its process along.
process.exit = ((code = 0) => {
  void answer(Number(code)).then(() => exit(code));
}) as typeof process.exit;
process.on('message', (question) => void run(question as CommandQuestion));
process.on('disconnect', () => exit(0));

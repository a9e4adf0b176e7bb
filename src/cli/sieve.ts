/** `brevduva sieve`: the scripts that sort mail. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import { sieveScripts } from './sieve-scripts.ts';
import { sieveTest } from './sieve-test.ts';

export function sieve(program: Command, done: (code: ExitCode) => void): void {
  const group = program.command('sieve').description('the scripts that sort mail');
  for (const verb of [sieveScripts, sieveTest]) verb(group, done);
}

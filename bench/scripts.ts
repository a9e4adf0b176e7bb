/** Our Sieve over messages in memory, in this process: what running a compiled script costs, reading and delivering left out. */
import { LANGUAGE } from '../src/sieve/extensions.ts';
import { execute } from '../src/sieve/run/interpreter.ts';
import { LIMITS } from '../src/sieve/run/limits.ts';
import { finish } from '../src/sieve/run/steps.ts';
import { compileScript } from '../src/sieve/sieve.ts';
import { environmentOf } from '../test/kit/sieve.ts';
import type { Filtered } from './peers/peer.ts';

const RUNS = 20_000;

export function runOver(text: string, messages: readonly Buffer[]): Filtered {
  const compiled = compileScript(text, 'bench');
  const mails = messages.map((mail) => environmentOf({ mail }));
  const once = (): void => {
    for (const environment of mails) {
      const { failures } = finish(execute(LANGUAGE, [compiled], environment, LIMITS));
      if (failures.length > 0) throw new Error('the script fails');
    }
  };
  once();
  const before = process.cpuUsage();
  let runs = 0;
  for (; runs < RUNS; runs += mails.length) once();
  const { user, system } = process.cpuUsage(before);
  return { runs, cpuMs: (user + system) / 1000 };
}

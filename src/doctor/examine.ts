/** Runs all checks on a world, and gives what they say in the order of the table. */
import type { Answer, Dns, RecordType } from '../dns/answer.ts';
import { CHECKS } from './checks.ts';
import { type Finding, type Outcome, unknown } from './finding.ts';
import type { Check, World } from './world.ts';

export async function examine(world: World, checks: readonly Check[] = CHECKS): Promise<readonly Finding[]> {
  const impatient = { ...world, dns: new ImpatientDns(world.dns) };
  const findings = await Promise.all(
    checks.map(async (check) =>
      (await run(check, impatient)).map((outcome) => ({ check: check.name, ...outcome })),
    ),
  );
  return findings.flat();
}

/** One check that meets what nobody foresaw must not take the others with it. */
async function run(check: Check, world: World): Promise<readonly Outcome[]> {
  try {
    return await check.run(world);
  } catch (error) {
    return [
      unknown({
        ...{ subject: check.name, expected: 'a check that comes to its end' },
        seen: error instanceof Error ? error.message : String(error),
        remedy: 'see to what it names and look again',
      }),
    ];
  }
}

/** Where no resolver answers the first questions, it would answer none: a hundred of them must not wait one after the other. */
const MAX_SILENCES = 3;

class ImpatientDns implements Dns {
  readonly #dns: Dns;
  #hasAnswered = false;
  #silences = 0;

  constructor(dns: Dns) {
    this.#dns = dns;
  }

  async ask<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
    if (!this.#hasAnswered && this.#silences >= MAX_SILENCES)
      return { kind: 'timeout', detail: 'no resolver has answered so far' };
    const answer = await this.#dns.ask(name, type);
    if (answer.kind === 'timeout') this.#silences++;
    else this.#hasAnswered = true;
    return answer;
  }
}

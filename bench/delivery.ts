/**
 * What a delivery costs without a server in front, in processor time of this process: scripts of 20 rules a second, compiled beforehand, and
 * one message to a thousand people, from the queue into their mailboxes. `node bench/delivery.ts [people]`.
 */

import { NOTIFY } from '../src/mailbox/model/outgoing.ts';
import { LANGUAGE } from '../src/sieve/extensions.ts';
import { execute } from '../src/sieve/run/interpreter.ts';
import { LIMITS } from '../src/sieve/run/limits.ts';
import { finish } from '../src/sieve/run/steps.ts';
import { compileScript } from '../src/sieve/sieve.ts';
import { openQueue } from '../test/kit/queue.ts';
import { environmentOf } from '../test/kit/sieve.ts';
import { message, smallMessage } from './corpus.ts';

const RULES = 20;
const SECONDS = 3;
const MESSAGES = 50;
const PEOPLE = 1000;

function report(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(56)} ${figure}\n`);
}

function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

/** None of them fits, so that each is looked at: the most that a message costs. */
function script(): string {
  const rules = Array.from(
    { length: RULES },
    (_, n) =>
      `if anyof (header :contains ["subject", "list-id"] "nobody writes this ${n}", address :domain "from" "none${n}.example") { fileinto "Rules/${n}"; stop; }`,
  );
  return `require "fileinto";\n${rules.join('\n')}\n`;
}

function scriptsASecond(): void {
  const compiled = compileScript(script(), 'rules');
  const mails = Array.from({ length: MESSAGES }, (_, n) => environmentOf({ mail: message(n) }));
  const once = (): void => {
    for (const environment of mails) {
      const { failures } = finish(execute(LANGUAGE, [compiled], environment, LIMITS));
      if (failures.length > 0) throw new Error('the script fails');
    }
  };
  once();
  let runs = 0;
  const before = process.cpuUsage();
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; runs += MESSAGES) once();
  const each = cpuMs(before) / runs;
  report(
    `scripts of ${RULES} rules, none of which fits`,
    `${(1000 / each).toFixed(0)}/s of CPU, ${each.toFixed(3)} ms each`,
  );
}

async function toMany(people: number): Promise<void> {
  const queue = await openQueue({ isStarted: false });
  try {
    const addresses = Array.from({ length: people }, (_, n) => `reader${n}@example.com`);
    for (const address of addresses) await queue.kit.addAccount(address, 'secret words');
    const recipients = addresses.map((address) => ({
      address,
      route: 'local' as const,
      notify: NOTIFY.Never,
    }));
    const before = process.cpuUsage();
    const start = performance.now();
    await queue.send(recipients, {
      text: smallMessage(1).toString('latin1'),
      expiresMs: Date.now() + 3_600_000,
    });
    const taken = cpuMs(before);
    queue.queue.start();
    await queue.empty(600_000);
    const each = (cpuMs(before) - taken) / people;
    const wall = (performance.now() - start) / 1000;
    report(`one message to ${people} people, taken`, `${taken.toFixed(0)} ms of CPU`);
    report(
      'the same, into their mailboxes',
      `${each.toFixed(2)} ms of CPU each, ${wall.toFixed(1)} s in all`,
    );
    const [last = ''] = addresses.slice(-1);
    if ((await queue.kit.messagesOf(last)).length !== 1) throw new Error('it has not come to all');
  } finally {
    await queue.close();
  }
}

scriptsASecond();
await toMany(Number(process.argv[2] ?? PEOPLE));

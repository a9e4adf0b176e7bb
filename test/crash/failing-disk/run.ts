/**
 * Runs below `shim.c`: work of two sessions and of deliveries on a copy of a data folder, in which one call to the disk
 * fails, or all from one on. What was answered is compared with what is there: seen by a new session, in a copy of the
 * folder as a killed process would leave it, and after an orderly stop. Prints each violation as a line.
 *
 *     node run.ts TEMPLATE WORK SEED TRIES
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deliver } from '../../../src/mailbox/operations/deliver.ts';
import { receive } from '../../../src/mailbox/operations/incoming.ts';
import { ImapClient } from '../../imap-client.ts';
import { startTestImap, type TestImap } from '../../kit/imap.ts';
import { PASSWORD, problemsIn } from '../data-folder.ts';
import { Random } from '../random.ts';
import { DiskControl, type Order } from './control.ts';
import { ANN } from './template.ts';

const ROUNDS = 5;
const MAILBOXES = ['INBOX', 'Archive', 'Trash', 'Sent'];

const [template = '', work = '', seed = '1', tries = '1'] = process.argv.slice(2);
const control = new DiskControl(process.env.FAILING_CONTROL ?? '');
const random = new Random(Number(seed));

/** What one request was to do, as a test of what is there; one that is half done is neither. */
interface Request {
  readonly what: string;
  readonly isDone: (seen: Seen) => boolean;
  readonly isUndone: (seen: Seen) => boolean;
  answer: 'OK' | 'NO' | undefined;
  text: string;
}

/** By mailbox and subject the flags, and the names of all mailboxes. */
interface Seen {
  readonly messages: ReadonlyMap<string, readonly string[]>;
  readonly names: ReadonlySet<string>;
  readonly all: string;
}

class Work {
  readonly requests: Request[] = [];
  readonly #imap: TestImap;
  readonly #died: Promise<void>;
  readonly #clients: (ImapClient | undefined)[] = [undefined, undefined];

  constructor(imap: TestImap, died: Promise<void>) {
    this.#imap = imap;
    this.#died = died;
  }

  async run(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.race([
        Promise.all([this.#first(round), this.#second(round), this.#post(round)]),
        this.#died,
      ]);
    }
    for (const client of this.#clients) client?.close();
  }

  async #first(n: number): Promise<void> {
    await this.#flag(0, `${3 * n + 1}`, '+FLAGS', '\\Flagged');
    await this.#command(0, `UID COPY ${20 + n} Archive`, {
      isDone: (seen) => countIn(seen, 'Archive', `m${20 + n}`) === 1,
      isUndone: (seen) => countIn(seen, 'Archive', `m${20 + n}`) === 0,
    });
    const message = `Subject: a${n}\r\n\r\nhello\r\n`;
    await this.#command(0, `APPEND Sent {${message.length}+}\r\n${message}`, {
      isDone: (seen) => countIn(seen, 'Sent', `a${n}`) === 1,
      isUndone: (seen) => countIn(seen, 'Sent', `a${n}`) === 0,
    });
    await this.#flag(0, '1:15', '+FLAGS.SILENT', `k${n}`);
  }

  async #second(n: number): Promise<void> {
    await this.#flag(1, `${3 * n + 2}`, '+FLAGS.SILENT', '\\Answered');
    const moved = `m${25 + n}`;
    await this.#command(1, `UID MOVE ${25 + n} Trash`, {
      isDone: (seen) => countIn(seen, 'Trash', moved) === 1 && countIn(seen, 'INBOX', moved) === 0,
      isUndone: (seen) => countIn(seen, 'Trash', moved) === 0 && countIn(seen, 'INBOX', moved) === 1,
    });
    await this.#flag(1, `${30 + n}`, '+FLAGS', '\\Deleted');
    const gone = `m${30 + n}`;
    const wasMarked = this.requests.at(-1)?.answer === 'OK';
    await this.#command(1, `UID EXPUNGE ${30 + n}`, {
      isDone: (seen) => !wasMarked || countIn(seen, 'INBOX', gone) === 0,
      isUndone: (seen) => !wasMarked || countIn(seen, 'INBOX', gone) === 1,
    });
    await this.#command(1, `CREATE box${n}`, {
      isDone: (seen) => seen.names.has(`box${n}`),
      isUndone: (seen) => !seen.names.has(`box${n}`),
    });
  }

  async #flag(client: number, set: string, mode: string, flag: string): Promise<void> {
    const [low = 0, high = low] = set.split(':').map(Number);
    const subjects = Array.from({ length: high - low + 1 }, (_, i) => `m${low + i}`);
    const has = (seen: Seen, subject: string) =>
      seen.messages.get(`INBOX ${subject}`)?.some((it) => it.includes(flag));
    await this.#command(client, `UID STORE ${set} ${mode} (${flag})`, {
      // One that was expunged afterwards has no flags any more.
      isDone: (seen) => subjects.every((it) => has(seen, it) ?? true),
      isUndone: (seen) => subjects.every((it) => has(seen, it) !== true),
    });
  }

  async #command(client: number, line: string, effect: Pick<Request, 'isDone' | 'isUndone'>): Promise<void> {
    const request: Request = { what: line.split('\r\n')[0] ?? '', answer: undefined, text: '', ...effect };
    try {
      this.#clients[client] ??= await this.#signIn();
      this.requests.push(request);
      const { status, text } = await Promise.race([this.#clients[client].command(line), this.#never()]);
      request.answer = status === 'OK' ? 'OK' : 'NO';
      request.text = `${status} ${text}`;
    } catch {
      // The connection ended: nobody knows.
      this.#clients[client]?.close();
      this.#clients[client] = undefined;
    }
  }

  async #signIn(): Promise<ImapClient> {
    const client = await ImapClient.signIn(this.#imap.port, ANN, PASSWORD);
    await client.ok('SELECT INBOX');
    return client;
  }

  async #post(n: number): Promise<void> {
    const { domain } = this.#imap.kit;
    const record = await domain.store.directory.find(ANN);
    if (record === undefined) throw new Error('the account is there');
    for (const [subject, size] of [
      [`d${n}`, 100],
      [`D${n}`, 90_000],
    ] as const) {
      const request: Request = {
        what: `delivery ${subject}`,
        isDone: (seen) => countIn(seen, 'INBOX', subject) === 1,
        isUndone: (seen) => countIn(seen, 'INBOX', subject) === 0,
        answer: undefined,
        text: '',
      };
      this.requests.push(request);
      try {
        const bytes = Buffer.from(`Subject: ${subject}\r\n\r\n${'x'.repeat(size)}\r\n`);
        const received = await receive(domain.store, [record.id], 1_000_000, bytes);
        const delivering = deliver(domain, [{ account: record.id, address: ANN }], received, 'a@example.org');
        const [outcome] = await Promise.race([delivering, this.#never()]);
        request.answer = outcome?.kind === 'delivered' ? 'OK' : 'NO';
        request.text = outcome?.kind === 'refused' ? outcome.error.message : '';
      } catch (error) {
        if (!(error instanceof Error) || error.message === 'died') return;
        request.answer = 'NO';
        request.text = error.message;
      }
    }
  }

  async #never(): Promise<never> {
    await this.#died;
    throw new Error('died');
  }
}

function countIn(seen: Seen, mailbox: string, subject: string): number {
  return seen.messages.get(`${mailbox} ${subject}`)?.length ?? 0;
}

async function look(imap: TestImap): Promise<Seen> {
  const client = await ImapClient.signIn(imap.port, ANN, PASSWORD);
  const messages = new Map<string, string[]>();
  for (const mailbox of MAILBOXES) {
    await client.ok(`EXAMINE ${mailbox}`);
    const { untagged } = await client.ok('UID FETCH 1:* (FLAGS BODY.PEEK[])');
    for (const line of untagged) {
      const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
      const subject = /Subject: (\w+)\r/.exec(line)?.[1];
      if (flags === undefined || subject === undefined) continue;
      const key = `${mailbox} ${subject}`;
      const words = flags
        .split(' ')
        .filter((word) => word !== '\\Recent')
        .sort()
        .join(' ');
      messages.set(key, [...(messages.get(key) ?? []), words]);
    }
  }
  const { untagged } = await client.ok('LIST "" "*"');
  client.close();
  const names = new Set(untagged.map((line) => line.split(' ').at(-1) ?? ''));
  return { messages, names, all: JSON.stringify([[...messages].sort(), [...names].sort()]) };
}

function judge(requests: readonly Request[], seen: Seen, where: string): string[] {
  return requests.flatMap(({ what, answer, text, isDone, isUndone }) => {
    const [done, undone] = [isDone(seen), isUndone(seen)];
    if (answer === 'OK' && !done) return [`${where}: ${what} was answered OK and is not there`];
    if (answer === 'NO' && !undone) return [`${where}: ${what} was answered "${text}" and is there`];
    if (!done && !undone) return [`${where}: ${what} is half there`];
    return [];
  });
}

async function attempt(
  order: Order,
  flags: 'synced' | 'delayed',
): Promise<{ calls: number; faults: string[] }> {
  const data = join(work, 'data');
  const killed = join(work, 'killed');
  for (const folder of [data, killed]) rmSync(folder, { recursive: true, force: true });
  cpSync(template, data, { recursive: true });
  const died = Promise.withResolvers<void>();
  let isDead = false;
  const onFatal = (): void => {
    isDead = true;
    died.resolve();
  };
  const imap = await startTestImap({ data, mayBeDamaged: true, flags, onFatal });
  // In memory before anything fails.
  await look(imap);
  const job = new Work(imap, died.promise);
  control.order(order);
  await job.run();
  const told = control.end();
  const faults: string[] = [];
  const { requests } = job;
  let live: Seen | undefined;
  if (!isDead) {
    live = await look(imap);
    faults.push(...judge(requests, live, 'live'));
  }
  cpSync(data, killed, { recursive: true });
  faults.push(...(await judgeFolder(killed, requests, live, 'killed')));
  await imap.close().catch((error: unknown) => faults.push(`closing: ${error}`));
  if (!isDead) faults.push(...(await judgeFolder(data, requests, live, 'stopped')));
  const label = `${flags} ${order.error} at ${order.at} x ${order.times}, part ${order.part}: ${told.what}`;
  return { calls: told.calls, faults: faults.map((fault) => `${label}: ${fault}`) };
}

async function judgeFolder(
  data: string,
  requests: readonly Request[],
  live: Seen | undefined,
  where: string,
) {
  const imap = await startTestImap({ data, mayBeDamaged: true });
  const seen = await look(imap);
  await imap.close();
  const faults = judge(requests, seen, where);
  if (live !== undefined && live.all !== seen.all) faults.push(`${where}: is not what a session was shown`);
  return [...faults, ...(await problemsIn(data)).map((problem) => `${where}: ${problem}`)];
}

const calls = new Map<string, number>();
for (let n = 0; n < Number(tries); n++) {
  const flags = random.pick(['synced', 'delayed'] as const);
  const hasSyncs = random.chance(0.3);
  const key = `${flags} ${hasSyncs}`;
  const none = { at: 0, times: 0, error: 'EIO', part: 0, hasSyncs } as const;
  const most = calls.get(key) ?? (await attempt(none, flags)).calls;
  calls.set(key, most);
  const order: Order = {
    at: random.integer(1, most),
    times: random.pick([1, 1, 2, 5, 1_000_000]),
    error: random.pick(['EIO', 'ENOSPC']),
    part: random.pick([0, 0, 0.5, 1]),
    hasSyncs,
  };
  for (const fault of (await attempt(order, flags)).faults) process.stdout.write(`${fault}\n`);
}
process.stdout.write(`done ${[...calls].map(([key, most]) => `${key}: ${most}`).join(', ')}\n`);
process.exit(0);

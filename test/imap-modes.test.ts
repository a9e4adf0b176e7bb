/**
 * The modes of a session as a union: whatever a client has enabled, it is told the same of its mailbox, each time in the words of its
 * mode. Six clients, each in another, watch what two others do at random; what each was told, applied to what it knew, is what
 * there is.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { Dice, step } from './kit/imap-steps.ts';
import { runs } from './kit/runs.ts';

const STEPS = 25;
const MODES = [
  '',
  'CONDSTORE',
  'QRESYNC',
  'UTF8=ACCEPT',
  'IMAP4rev2',
  'UIDONLY',
  'UIDONLY QRESYNC IMAP4rev2',
];

/** What a client knows of its mailbox that applies what it is told, and whether that is in the words of its mode. */
class Knowledge {
  readonly #mode: string;
  #count = 0;
  /** In the order of the mailbox; 0 where it does not know yet which message it is. */
  #uids: number[] = [];
  readonly #flags = new Map<number, string>();

  constructor(mode: string) {
    this.#mode = mode;
  }

  hear(line: string): void {
    const [, number = '', word = '', rest = ''] =
      /^(?:(\d+) )?(EXISTS|EXPUNGE|VANISHED|FETCH|UIDFETCH|RECENT)(?: (.*))?$/s.exec(line) ?? [];
    const n = Number(number);
    if (word === 'EXISTS') this.#exists(n);
    else if (word === 'EXPUNGE') this.#expunged(n);
    else if (word === 'VANISHED') this.#vanished(rest);
    else if (word === 'FETCH') this.#fetched(n, rest);
    else if (word === 'UIDFETCH') this.#keep(n, rest);
    else if (word === 'RECENT') assert.ok(!this.#mode.includes('rev2'), 'RECENT is of IMAP4rev1');
  }

  /** UIDs of those whose flags it has never been told. */
  get unknown(): string {
    return this.#uids.includes(0) || this.#flags.size < this.#count ? '1:*' : '';
  }

  get shown(): readonly string[] {
    assert.equal(this.#flags.size, this.#count, this.#mode);
    return [...this.#flags].sort(([a], [b]) => a - b).map(([uid, flags]) => `${uid} ${flags}`);
  }

  #exists(count: number): void {
    this.#count = count;
    while (this.#uids.length < count) this.#uids.push(0);
  }

  #expunged(seq: number): void {
    assert.ok(!/QRESYNC|UIDONLY/.test(this.#mode), 'VANISHED is told in this mode');
    const [uid = 0] = this.#uids.splice(seq - 1, 1);
    this.#flags.delete(uid);
    this.#count--;
  }

  #vanished(set: string): void {
    assert.match(this.#mode, /QRESYNC|UIDONLY/);
    for (const range of set.split(',')) {
      const [low = 0, high = low] = range.split(':').map(Number);
      for (let uid = low; uid <= high; uid++) {
        const at = this.#uids.indexOf(uid);
        // Of one that it never heard the UID of it knows only that there is one less.
        this.#uids.splice(at >= 0 ? at : this.#uids.indexOf(0), 1);
        this.#flags.delete(uid);
        this.#count--;
      }
    }
  }

  #fetched(seq: number, items: string): void {
    assert.ok(!this.#mode.includes('UIDONLY'), 'there are no message numbers');
    assert.ok(seq >= 1 && seq <= this.#count, `FETCH of ${seq} where there are ${this.#count}`);
    const uid = Number(/UID (\d+)/.exec(items)?.[1] ?? 0);
    const before = this.#uids[seq - 1] as number;
    assert.ok(uid > 0 && (before === 0 || before === uid), `${seq} was ${before} and is ${uid}`);
    this.#uids[seq - 1] = uid;
    this.#keep(uid, items);
  }

  #keep(uid: number, items: string): void {
    if (/QRESYNC|CONDSTORE/.test(this.#mode)) assert.match(items, /MODSEQ \(\d+\)/);
    if (!this.#uids.includes(uid)) this.#uids[this.#uids.indexOf(0)] = uid;
    const flags = /FLAGS \(([^)]*)\)/.exec(items)?.[1];
    if (flags === undefined) return;
    const kept = flags.split(' ').filter((flag) => flag !== '\\Recent');
    this.#flags.set(uid, kept.sort().join(' '));
  }
}

describe('modes', { concurrency: 2 }, () => {
  let server: TestImap;
  before(async () => {
    server = await startTestImap({ settings: { offersUidOnly: true } });
  });
  after(() => server.close());

  async function enter(address: string, mode: string): Promise<ImapClient> {
    const client = await ImapClient.signIn(server.port, address, 'secret');
    if (mode !== '') await client.ok(`ENABLE ${mode}`);
    return client;
  }

  for (let seed = 1; seed <= runs(2); seed++) {
    test(`each is told what there is (seed ${seed})`, async () => {
      const address = `alice${seed}@example.com`;
      await server.kit.addAccount(address, 'secret');
      for (let i = 0; i < 5; i++)
        await server.addMessage(address, 'INBOX', { bytes: `Subject: ${i}\r\n\r\n` });
      const watchers = await Promise.all(
        MODES.map(async (mode) => {
          const watcher = { client: await enter(address, mode), known: new Knowledge(mode) };
          for (const line of (await watcher.client.ok('SELECT INBOX')).untagged) watcher.known.hear(line);
          return watcher;
        }),
      );
      const look = async ({ client, known }: (typeof watchers)[number]): Promise<void> => {
        for (const line of (await client.ok('NOOP')).untagged) known.hear(line);
        if (known.unknown === '') return;
        const items = '(FLAGS MODSEQ)';
        for (const line of (await client.ok(`UID FETCH ${known.unknown} ${items}`)).untagged)
          known.hear(line);
      };
      const dice = new Dice(seed);
      const others = [await enter(address, 'IMAP4rev2'), await enter(address, 'QRESYNC')] as const;
      for (let i = 0; i < STEPS; i++) {
        await Promise.all(others.map((client) => step(client, dice)));
        await Promise.all(watchers.filter(() => dice.next(4) === 0).map(look));
      }
      await Promise.all(watchers.map(look));
      await Promise.all(watchers.map(look));
      const [first, ...rest] = watchers.map(({ known }) => known.shown);
      for (const [i, shown] of rest.entries()) assert.deepEqual(shown, first, MODES[i + 1] ?? '');
      for (const client of [...others, ...watchers.map((one) => one.client)]) client.close();
    });
  }
});

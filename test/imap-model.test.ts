/**
 * Several clients do random things to one mailbox at once, over real sockets. Each keeps the list that the responses
 * describe, strictly: a number it does not have, an EXPUNGE where none may be, a UID that contradicts what was said, are
 * failures. When all is quiet every list must be the server's.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const SESSIONS = 4;
const STEPS = 120;
const FLAGS = ['\\Seen', '\\Flagged', '\\Deleted', '\\Answered', '$One', '$Two'];

interface Known {
  uid: number | undefined;
  flags: Set<string> | undefined;
}

/** Reproducible: mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

class ModelClient {
  readonly list: Known[] = [];
  readonly #client: ImapClient;
  readonly #next: (below: number) => number;
  readonly #hasQresync: boolean;

  constructor(client: ImapClient, next: (below: number) => number, hasQresync: boolean) {
    this.#client = client;
    this.#next = next;
    this.#hasQresync = hasQresync;
  }

  static async open(server: TestImap, seed: number, hasQresync: boolean): Promise<ModelClient> {
    const client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    const model = new ModelClient(client, random(seed), hasQresync);
    if (hasQresync) await client.ok('ENABLE QRESYNC');
    await model.run('SELECT INBOX');
    return model;
  }

  async run(line: string): Promise<string> {
    const { status, text, untagged } = await this.#client.command(line);
    assert.notEqual(status, 'BAD', `${line}: ${text}`);
    for (const one of untagged) this.#apply(one, line);
    return status;
  }

  async step(): Promise<void> {
    const count = this.list.length;
    const action = count < 3 ? 0 : this.#next(12);
    const seq = 1 + this.#next(Math.max(1, count));
    const set = this.#next(2) === 0 ? `${seq}` : `${seq}:${1 + this.#next(Math.max(1, count))}`;
    const uid = this.list[seq - 1]?.uid ?? 1;
    switch (action) {
      case 0:
        return this.#append();
      case 1:
      case 2:
        return this.#store(set, this.#next(3), this.#next(2) === 1);
      case 3:
        await this.run(`UID STORE ${uid}:* +FLAGS (${this.#flag()})`);
        return;
      case 4:
        await this.run('EXPUNGE');
        return;
      case 5:
        await this.run(`UID EXPUNGE ${uid}:${uid + this.#next(5)}`);
        return;
      case 6:
        await this.run(`COPY ${seq} INBOX`);
        return;
      case 7:
        await this.run(`${this.#next(2) === 0 ? `MOVE ${seq}` : `UID MOVE ${uid}`} Archive`);
        return;
      case 8:
        await this.run(`FETCH ${set} (UID FLAGS)`);
        return;
      case 9:
        await this.run(`FETCH ${set} (UID BODY[TEXT])`);
        return;
      case 10:
        await this.run(`SEARCH RETURN (COUNT) NOT DELETED TEXT message`);
        return;
      default:
        await this.run('NOOP');
    }
  }

  /** What another client would be shown. */
  async truth(): Promise<string[]> {
    const { untagged } = await this.#client.ok('UID FETCH 1:* (FLAGS)');
    return untagged.map((text) => {
      const [, seq, uid, flags] = /^(\d+) FETCH \(UID (\d+) FLAGS \(([^)]*)\)\)$/.exec(text) ?? [];
      return `${seq} ${uid} ${shown(flagSet(flags ?? assert.fail(text)))}`;
    });
  }

  seen(): string[] {
    return this.list.map(({ uid, flags }, index) => `${index + 1} ${uid} ${flags && shown(flags)}`);
  }

  /** UIDs and flags of messages that came in are asked for, as every client does. */
  async fillIn(): Promise<void> {
    for (const [index, { uid, flags }] of this.list.entries()) {
      if (uid === undefined || flags === undefined) await this.run(`FETCH ${index + 1} (UID FLAGS)`);
    }
  }

  close(): void {
    this.#client.close();
  }

  #flag(): string {
    return FLAGS[this.#next(FLAGS.length)] as string;
  }

  async #append(): Promise<void> {
    const message = `Subject: message ${this.#next(1000)}\r\n\r\na message\r\n`;
    await this.run(`APPEND INBOX (${this.#flag()}) {${message.length}+}\r\n${message}`);
  }

  async #store(set: string, mode: number, isSilent: boolean): Promise<void> {
    const sign = mode === 0 ? '+' : mode === 1 ? '-' : '';
    const flag = this.#flag();
    if (isSilent) this.#assume(set, sign, flag);
    await this.run(`STORE ${set} ${sign}FLAGS${isSilent ? '.SILENT' : ''} (${flag})`);
  }

  /** What a client takes for granted when it has asked for silence. */
  #assume(set: string, sign: string, flag: string): void {
    const ends = set.split(':').map(Number);
    for (let seq = Math.min(...ends); seq <= Math.max(...ends); seq++) {
      const known = this.list[seq - 1];
      if (known?.flags === undefined) continue;
      if (sign === '') known.flags = new Set([flag]);
      else if (sign === '+') known.flags.add(flag);
      else known.flags.delete(flag);
    }
  }

  #apply(text: string, line: string): void {
    const [, number, word] = /^(\d+) (EXISTS|EXPUNGE|FETCH|RECENT)/.exec(text) ?? [];
    const n = Number(number);
    if (word === 'EXISTS') {
      assert.ok(n >= this.list.length, `${text} with ${this.list.length} known`);
      while (this.list.length < n) this.list.push({ uid: undefined, flags: undefined });
    } else if (word === 'EXPUNGE') {
      assert.ok(!/^(FETCH|STORE|SEARCH)/.test(line), `${text} during ${line}`);
      assert.ok(!this.#hasQresync && n >= 1 && n <= this.list.length, text);
      this.list.splice(n - 1, 1);
    } else if (text.startsWith('VANISHED')) {
      assert.ok(this.#hasQresync && !/^(FETCH|STORE|SEARCH)/.test(line), `${text} during ${line}`);
      this.#vanish(text.slice('VANISHED '.length));
    } else if (word === 'FETCH') this.#fetched(n, text);
  }

  #vanish(set: string): void {
    for (const range of set.split(',')) {
      const [low = 0, high = low] = range.split(':').map(Number);
      for (let uid = low; uid <= high; uid++) {
        // A client with unknown UIDs cannot use VANISHED; this one asks after every arrival.
        const at = this.list.findIndex((known) => known.uid === uid);
        assert.ok(at >= 0, `VANISHED ${uid} is not known`);
        this.list.splice(at, 1);
      }
    }
  }

  #fetched(seq: number, text: string): void {
    const known = this.list[seq - 1];
    assert.ok(known !== undefined, `${text} with ${this.list.length} known`);
    const uid = / ?\(?UID (\d+)/.exec(text)?.[1];
    const flags = /FLAGS \(([^)]*)\)/.exec(text)?.[1];
    if (uid !== undefined) {
      assert.ok(known.uid === undefined || known.uid === Number(uid), `${text}: it was UID ${known.uid}`);
      known.uid = Number(uid);
    }
    if (flags !== undefined) known.flags = flagSet(flags);
  }
}

function flagSet(flags: string): Set<string> {
  return new Set(flags.split(' ').filter((flag) => flag !== '' && flag !== '\\Recent'));
}

function shown(flags: ReadonlySet<string>): string {
  return [...flags].sort().join(' ');
}

for (const seed of [1, 2, 3]) {
  test(`clients that apply what they are told have what the server has (seed ${seed})`, async () => {
    const server = await startTestImap();
    await server.kit.addAccount('alice@example.com', 'secret');
    const clients: ModelClient[] = [];
    try {
      for (let i = 0; i < SESSIONS; i++)
        clients.push(await ModelClient.open(server, seed * 100 + i, i % 2 === 1));
      await Promise.all(
        clients.map(async (client) => {
          for (let i = 0; i < STEPS; i++) {
            await client.step();
            await client.fillIn();
          }
        }),
      );
      for (const client of clients) {
        await client.run('NOOP');
        await client.fillIn();
      }
      const truth = await (clients[0] as ModelClient).truth();
      for (const client of clients) {
        assert.deepEqual(client.seen(), truth);
        assert.deepEqual(await client.truth(), truth);
      }
    } finally {
      for (const client of clients) client.close();
      await server.close();
    }
  });
}

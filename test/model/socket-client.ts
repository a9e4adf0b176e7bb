/**
 * A strict IMAP client that does random things: it keeps the list that the responses describe. A number it does not have, an
 * EXPUNGE where none may be, a UID or flags that contradict what was said, a keyword nobody has announced, octets that are
 * not those of one message, are failures. When the server sends it away it comes back.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../crash/random.ts';
import { type Answer, ImapClient } from '../imap-client.ts';
import { writeContent } from './mail.ts';

const NAMES = ['INBOX', 'Archive', 'A', 'A/B', 'C'];
const FLAGS = ['\\Seen', '\\Flagged', '\\Deleted', '\\Answered', '$One', '$Two'];
const KEEPING_FLAGS = FLAGS.filter((flag) => flag !== '\\Deleted');

/** Of a client that keeps what it has: others may add to it, and nobody takes anything away. */
const KEPT = 'Kept';

const MOST_TRIES = 20;

const isGone = (error: unknown): boolean =>
  /closed the connection|ECONNRESET|ECONNREFUSED/.test((error as Error).message);

interface Known {
  uid: number | undefined;
  flags: string | undefined;
}

/** Where the clients of a run sign in. */
export interface Service {
  readonly port: number;
  readonly address: string;
  readonly password: string;
  /** Between two attempts to come back. */
  readonly pauseMs?: number;
  readonly mostTries?: number;
  /** A connection is there, from this port. Gives what hears that it was lost. */
  readonly onCame?: (port: number) => () => void;
  /** A sign-in was refused or cut off. */
  readonly onRefused?: (why: string) => void;
}

/** What all clients of a run share: one account. */
export class Shared {
  readonly service: Service;
  /** Flags of a message at a modseq, as anybody was told: `UIDVALIDITY UID MODSEQ`. */
  readonly #told = new Map<string, string>();
  /** The last modseq that anybody was told, by `UIDVALIDITY UID`. */
  readonly #newest = new Map<string, number>();
  /** Told to be gone. */
  readonly #gone = new Set<string>();
  /** Acknowledged, in the mailbox of which nothing is taken. */
  readonly #kept = new Set<string>();
  /** Sessions that the server has ended. */
  sentAway = 0;
  next = 1;

  constructor(service: Service) {
    this.service = service;
  }

  /** `message`: UIDVALIDITY and UID. */
  note(message: string, modseq: number, flags: string): void {
    const key = `${message} ${modseq}`;
    const before = this.#told.get(key);
    assert.ok(before === undefined || before === flags, `${key}: flags (${before}) and then (${flags})`);
    this.#told.set(key, flags);
    this.#newest.set(message, Math.max(modseq, this.#newest.get(message) ?? 0));
  }

  noteGone(message: string): void {
    this.#gone.add(message);
  }

  noteKept(message: string): void {
    this.#kept.add(message);
  }

  get keptCount(): number {
    return this.#kept.size;
  }

  /** What is there in the end: `modseqs` by `UIDVALIDITY UID`. Nothing that anybody was told may have been taken back. */
  verify(modseqs: ReadonlyMap<string, number>): void {
    for (const [message, modseq] of modseqs) {
      assert.ok(!this.#gone.has(message), `${message} was told to be gone`);
      const newest = this.#newest.get(message) ?? 0;
      assert.ok(modseq >= newest, `${message} is at ${modseq}; somebody was told ${newest}`);
    }
    const lost = [...this.#kept].filter((message) => !modseqs.has(message));
    assert.deepEqual(lost, [], 'acknowledged, and not there');
  }
}

/** What a client does not do that is a guest, and what it must not hear. */
export interface Ways {
  /** Of mailboxes that it opens, as they are written in a command. */
  readonly names?: readonly string[];
  /** And those where it puts something. */
  readonly targets?: readonly string[];
  /** It makes no mailboxes and takes none away. */
  readonly keepsMailboxes?: boolean;
  /** A number while it is certain that it may not read it, another one for each time; undefined else. */
  readonly forbidden?: (name: string) => number | undefined;
}

/** What tells of messages. */
const NEWS = /^(?:\d+ (?:EXISTS|EXPUNGE|FETCH)|VANISHED|SEARCH \d|ESEARCH)/;

export class SocketClient {
  list: Known[] = [];
  selected: string | undefined;
  uidValidity = 0;
  readonly #shared: Shared;
  readonly #random: Random;
  readonly #hasQresync: boolean;
  readonly #home: string | undefined;
  readonly #ways: Ways;
  #client: ImapClient | undefined;
  #lost: () => void = () => {};
  #announced = new Set<string>();

  /** `home`: it has no other mailbox open, and in `Kept` it takes nothing away. */
  constructor(shared: Shared, random: Random, home?: string, ways: Ways = {}) {
    this.#ways = ways;
    this.#shared = shared;
    this.#home = home;
    this.#random = random;
    this.#hasQresync = random.chance(0.5);
  }

  /** A store in trouble may refuse to make the account's first mailboxes, or send the session away before it has begun. */
  async connect(): Promise<void> {
    const {
      port,
      address,
      password,
      onCame,
      onRefused,
      pauseMs = 0,
      mostTries = MOST_TRIES,
    } = this.#shared.service;
    this.selected = undefined;
    for (let tries = 1; ; tries++) {
      this.#client?.close();
      try {
        this.#client = await ImapClient.connect(port);
        this.#lost = onCame?.(this.#client.localPort) ?? this.#lost;
        await this.#client.greeting();
        await this.#client.ok(`LOGIN ${address} ${password}`);
        await this.#client.ok(this.#hasQresync ? 'ENABLE QRESYNC' : 'ENABLE CONDSTORE');
        return;
      } catch (error) {
        const { message } = error as Error;
        const isRefused = /was refused/.test(message);
        if (!(isGone(error) || isRefused) || tries === mostTries) throw error;
        onRefused?.(message);
        this.#shared.sentAway++;
        if (pauseMs > 0) await sleep(pauseMs);
      }
    }
  }

  close(): void {
    this.#client?.close();
  }

  /** Undefined when the session has ended. */
  async run(line: string): Promise<Answer | undefined> {
    const { selected } = this;
    const forbidden = selected && this.#ways.forbidden?.(selected);
    let answer: Answer;
    try {
      answer = await (this.#client as ImapClient).command(line);
    } catch (error) {
      if (!isGone(error)) throw error;
      this.#shared.sentAway++;
      this.#lost();
      await this.connect();
      return undefined;
    }
    const { status, text, untagged } = answer;
    assert.notEqual(status, 'BAD', `${line}: ${text}`);
    assert.doesNotMatch(text, /SERVERBUG/, line);
    if (selected !== undefined && forbidden !== undefined && forbidden === this.#ways.forbidden?.(selected))
      assert.ok(
        !untagged.some((one) => NEWS.test(one)),
        `${line} in ${selected}, not to be read: ${untagged}`,
      );
    for (const one of untagged) this.#hear(one, line);
    return answer;
  }

  async select(name = this.#home ?? this.#random.pick(this.#ways.names ?? NAMES)): Promise<void> {
    const forbidden = this.#ways.forbidden?.(name);
    this.selected = undefined;
    this.uidValidity = 0;
    this.list = [];
    const answer = await this.run(`SELECT ${name}`);
    const isForbidden = forbidden !== undefined && forbidden === this.#ways.forbidden?.(name);
    if (answer?.status !== 'OK') return;
    assert.ok(!isForbidden, `${name} is not to be read, and was opened`);
    this.selected = name;
    this.uidValidity = Number(/\[UIDVALIDITY (\d+)\]/.exec(answer.untagged.join('\n'))?.[1]);
  }

  async step(): Promise<void> {
    if (this.selected === undefined || this.#random.chance(0.04)) return this.select();
    await this.#act();
    await this.fillIn();
  }

  /** UIDs and flags of messages that came in are asked for, as every client does. */
  async fillIn(): Promise<void> {
    for (let at = 0; at < this.list.length && this.selected !== undefined; at++) {
      if (this.list[at]?.flags === undefined) await this.run(`FETCH ${at + 1} (UID FLAGS MODSEQ)`);
    }
  }

  /** All there is to tell; a session that was to end ends first. */
  async catchUp(): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (this.selected === undefined) await this.select();
      await this.run('NOOP');
      await this.fillIn();
      const mayBeClosed = this.#home === undefined && this.#ways.forbidden === undefined;
      if (this.selected !== undefined || mayBeClosed) return;
    }
  }

  seen(): string[] {
    return this.list.map(({ uid, flags }) => `${uid} ${flags}`);
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const count = Math.max(1, this.list.length);
    const seq = random.integer(1, count);
    const set = random.chance(0.5) ? `${seq}` : `${seq}:${random.integer(1, count)}`;
    const uid = this.list[seq - 1]?.uid ?? 1;
    const acts: readonly (() => Promise<unknown>)[] = [
      () => this.#append(1),
      () => this.#append(random.integer(2, 4)),
      ...(this.#ways.keepsMailboxes ? [] : this.#mailboxActs),
      () => this.run(`${random.pick(['SUBSCRIBE', 'UNSUBSCRIBE'])} ${this.#name()}`),
      () => this.run('NOOP'),
      () => this.run(`STATUS ${this.#name()} (MESSAGES UIDNEXT HIGHESTMODSEQ)`),
    ];
    const onMessages: typeof acts = [
      () => this.#store(set),
      () => this.#store(set),
      () => this.run(`UID STORE ${uid}:* +FLAGS (${this.#flag()})`),
      () => this.run(`UID STORE ${uid} (UNCHANGEDSINCE ${random.integer(1, 200)}) -FLAGS (${this.#flag()})`),
      () => this.run('EXPUNGE'),
      () => this.run(`UID EXPUNGE ${uid}:${uid + random.integer(0, 5)}`),
      () => this.run(`${random.pick(['COPY', 'MOVE'])} ${set} ${this.#name()}`),
      () => this.run(`UID ${random.pick(['COPY', 'MOVE'])} ${uid}:* ${this.#name()}`),
      () => this.#read(uid),
      () => this.run(`SEARCH RETURN (COUNT) NOT DELETED TEXT pigeon`),
    ];
    const keeping: typeof acts = [
      () => this.#append(random.integer(1, 3)),
      () => this.#store(set, KEEPING_FLAGS),
      () => this.run(`UID STORE ${uid}:* +FLAGS (${random.pick(KEEPING_FLAGS)})`),
      () => this.#read(uid),
      () => this.run('NOOP'),
      () => this.run(`UID COPY ${uid}:${uid + 1} ${this.#name()}`),
    ];
    if (this.#home === KEPT) await random.pick(this.list.length === 0 ? keeping.slice(0, 1) : keeping)();
    else await random.pick(this.list.length === 0 ? acts : [...acts, ...onMessages, ...onMessages])();
  }

  get #mailboxActs(): readonly (() => Promise<unknown>)[] {
    return [
      () => this.run(`CREATE ${this.#name()}`),
      () => this.run(`DELETE ${this.#name()}`),
      () => this.run(`RENAME ${this.#name()} ${this.#name()}`),
    ];
  }

  #name(): string {
    return this.#random.pick(this.#ways.targets ?? NAMES);
  }

  #flag(): string {
    return this.#random.pick(FLAGS);
  }

  async #append(count: number): Promise<void> {
    const messages = Array.from({ length: count }, () => {
      const { octets } = writeContent(this.#shared.next++, this.#random.integer(60, 400));
      return `(${this.#flag()}) {${octets.length}+}\r\n${octets.toString('latin1')}`;
    });
    const isKept = this.#home === KEPT;
    const answer = await this.run(`APPEND ${isKept ? KEPT : this.#name()} ${messages.join(' ')}`);
    const [, uidValidity, first, last = first] =
      /^\[APPENDUID (\d+) (\d+)(?::(\d+))?\]/.exec(answer?.text ?? '') ?? [];
    if (!isKept || answer?.status !== 'OK') return;
    assert.equal(Number(last) - Number(first), count - 1, answer.text);
    for (let uid = Number(first); uid <= Number(last); uid++) this.#shared.noteKept(`${uidValidity} ${uid}`);
  }

  async #store(set: string, flags = FLAGS): Promise<void> {
    const sign = this.#random.pick(['+', '-', '']);
    const silent = this.#random.chance(0.5) ? '.SILENT' : '';
    const answer = await this.run(`STORE ${set} ${sign}FLAGS${silent} (${this.#random.pick(flags)})`);
    // Who asks for silence knows what it has asked for, and not what else there was.
    if (answer === undefined || silent === '' || this.selected === undefined) return;
    const ends = set.split(':').map(Number);
    for (let at = Math.min(...ends) - 1; at < Math.max(...ends); at++) {
      const known = this.list[at];
      if (known !== undefined) known.flags = undefined;
    }
  }

  async #read(uid: number): Promise<void> {
    const answer = await this.run(`UID FETCH ${uid} (BODY.PEEK[])`);
    for (const line of answer?.untagged ?? []) if (/ BODY\[\] /.test(line)) contentOf(line);
  }

  #hear(text: string, line: string): void {
    if (this.selected === undefined && !line.startsWith('SELECT')) return;
    const [, number, word] = /^(\d+) (EXISTS|EXPUNGE|FETCH)/.exec(text) ?? [];
    const n = Number(number);
    if (word === 'EXISTS') {
      assert.ok(n >= this.list.length, `${text} with ${this.list.length} known`);
      while (this.list.length < n) this.list.push({ uid: undefined, flags: undefined });
    } else if (word === 'EXPUNGE') {
      assert.ok(!/^(FETCH|STORE|SEARCH)/.test(line), `${text} during ${line}`);
      assert.ok(!this.#hasQresync && n >= 1 && n <= this.list.length, text);
      this.#gone(this.list.splice(n - 1, 1)[0]?.uid);
    } else if (text.startsWith('VANISHED ')) {
      assert.ok(this.#hasQresync && !/^(FETCH|STORE|SEARCH)/.test(line), `${text} during ${line}`);
      this.#vanish(text.slice('VANISHED '.length));
    } else if (word === 'FETCH') this.#fetched(n, text);
    else if (text.startsWith('FLAGS (')) this.#announced = new Set(text.slice(7, -1).split(' '));
  }

  #vanish(set: string): void {
    for (const range of set.split(',')) {
      const [low = 0, high = low] = range.split(':').map(Number);
      for (let uid = low; uid <= high; uid++) {
        let at = this.list.findIndex((known) => known.uid === uid);
        // One that was gone before it could be asked about.
        if (at < 0) at = this.list.findIndex((known) => known.uid === undefined);
        assert.ok(at >= 0, `VANISHED ${uid} is not known`);
        this.list.splice(at, 1);
        this.#gone(uid);
      }
    }
  }

  #gone(uid: number | undefined): void {
    if (uid !== undefined && this.uidValidity > 0) this.#shared.noteGone(`${this.uidValidity} ${uid}`);
  }

  #fetched(seq: number, text: string): void {
    const known = this.list[seq - 1];
    assert.ok(known !== undefined, `${text} with ${this.list.length} known`);
    const head = text.split(' BODY[')[0] ?? '';
    const uid = / ?\(?UID (\d+)/.exec(head)?.[1];
    const flags = /FLAGS \(([^)]*)\)/.exec(head)?.[1];
    const modseq = /MODSEQ \((\d+)\)/.exec(head)?.[1];
    if (uid !== undefined) {
      assert.ok(known.uid === undefined || known.uid === Number(uid), `${text}: it was UID ${known.uid}`);
      known.uid = Number(uid);
    }
    if (flags === undefined) return;
    known.flags = flagsOf(flags);
    for (const flag of known.flags.split(' ')) {
      assert.ok(flag === '' || this.#announced.has(flag), `${text}: ${flag} was not announced`);
    }
    if (modseq !== undefined && this.uidValidity > 0) {
      this.#shared.note(`${this.uidValidity} ${known.uid}`, Number(modseq), known.flags);
    }
  }
}

export function flagsOf(words: string): string {
  const all = words.split(' ').filter((word) => word !== '' && word !== '\\Recent');
  return [...new Set(all)].sort().join(' ');
}

/** The id of the message; its octets must be those of one, whole. */
export function contentOf(line: string): string {
  const [head = '', size] =
    /BODY\[\] \{(\d+)\}\r\n/.exec(line) ?? assert.fail(`no message in ${line.slice(0, 80)}`);
  const from = line.indexOf(head) + head.length;
  // A delivery puts lines in front.
  const octets = line
    .slice(from, from + Number(size))
    .replace(/^Return-Path: .*\r\nDelivered-To: .*\r\n(?:Received: .*\r\n(?:\t.*\r\n)+)?/, '');
  const id =
    /^Subject: (m\d+)\r$/m.exec(octets)?.[1] ?? assert.fail(`whose octets are these? ${octets.slice(0, 80)}`);
  const again = writeContent(Number(id.slice(1)), octets.length).octets.toString('latin1');
  assert.ok(octets === again, `${id} is not what it was: ${octets.slice(0, 200)}`);
  return id;
}

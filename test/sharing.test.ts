/**
 * Sharing against a matrix of rights: an owner gives and takes rights at random, by name, by list, to anyone and against
 * somebody; two others do what they may and what they may not. A model that knows nothing but the rules (RFC 4314 §4) says
 * what each may be answered and what has changed; the owner's view, and what each reader has seen, must be exactly that.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from './crash/random.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { runs } from './kit/runs.ts';

const OWNER = 'owner@example.com';
const VISITORS = ['anna@example.com', 'bo@example.com'] as const;
const TEAM = 'team@example.com';
const MAILBOXES = ['INBOX', 'Work', 'Work/Old'] as const;
const LETTERS = 'lrswipkxtea';
const FLAGS = ['\\Flagged', '\\Deleted', '\\Seen'] as const;
const RIGHT_OF: Readonly<Record<string, string>> = { '\\Flagged': 'w', '\\Deleted': 't', '\\Seen': 's' };
const STEPS = 160;

interface Message {
  readonly uid: number;
  /** All but \\Seen. */
  readonly flags: Set<string>;
  readonly seenBy: Set<string>;
}

class Mailbox {
  readonly rights = new Map<string, string>();
  messages: Message[] = [];
  nextUid = 1;

  add(flags: Iterable<string>, seenBy: Iterable<string>): void {
    this.messages.push({ uid: this.nextUid++, flags: new Set(flags), seenBy: new Set(seenBy) });
  }
}

class Matrix {
  readonly mailboxes = new Map(MAILBOXES.map((name) => [name as string, new Mailbox()]));
  readonly members = new Set<string>();

  of(name: string): Mailbox {
    return this.mailboxes.get(name) as Mailbox;
  }

  may(who: string, name: string, right: string): boolean {
    const { rights } = this.of(name);
    const names = [who, 'anyone', ...(this.members.has(who) ? [TEAM] : [])];
    const has = (sign: string) => names.some((one) => (rights.get(sign + one) ?? '').includes(right));
    return has('') && !has('-');
  }
}

const atOwner = (name: string): string => `"Other Users/${OWNER}/${name}"`;

describe('sharing', () => {
  for (const seed of Array.from({ length: runs(2) }, (_, i) => i + 1))
    test(`nobody sees or changes what the matrix forbids, seed ${seed}`, async () => {
      const server = await startTestImap();
      try {
        const walk = await Walk.begin(server, new Random(seed));
        for (let step = 0; step < STEPS; step++) await walk.step();
        await walk.end();
      } finally {
        await server.close();
      }
    });
});

class Walk {
  readonly #server: TestImap;
  readonly #random: Random;
  readonly #matrix = new Matrix();
  readonly #owner: ImapClient;
  readonly #visitors: ReadonlyMap<string, ImapClient>;

  private constructor(
    server: TestImap,
    random: Random,
    owner: ImapClient,
    visitors: ReadonlyMap<string, ImapClient>,
  ) {
    this.#server = server;
    this.#random = random;
    this.#owner = owner;
    this.#visitors = visitors;
  }

  static async begin(server: TestImap, random: Random): Promise<Walk> {
    for (const address of [OWNER, ...VISITORS]) await server.kit.addAccount(address, 'pw');
    const signIn = (address: string): Promise<ImapClient> => ImapClient.signIn(server.port, address, 'pw');
    const owner = await signIn(OWNER);
    await owner.ok('CREATE Work/Old');
    const visitors = new Map<string, ImapClient>();
    for (const address of VISITORS) visitors.set(address, await signIn(address));
    const walk = new Walk(server, random, owner, visitors);
    for (const name of MAILBOXES)
      for (let i = 0; i < 3; i++) {
        await server.addMessage(OWNER, name, { bytes: `Subject: ${name} ${i}\r\n\r\nx\r\n` });
        walk.#matrix.of(name).add([], []);
      }
    // A list without members is none.
    await walk.#changeList(VISITORS[0]);
    return walk;
  }

  async end(): Promise<void> {
    await this.#look();
    for (const client of [this.#owner, ...this.#visitors.values()]) client.close();
  }

  async step(): Promise<void> {
    const random = this.#random;
    if (random.chance(0.35)) return this.#changeRights();
    if (random.chance(0.05)) return this.#changeList(random.pick(VISITORS));
    const who = random.pick(VISITORS);
    const name = random.pick(MAILBOXES);
    const act = random.pick([this.#list, this.#status, this.#append, this.#open, this.#open, this.#open]);
    await act.call(this, who, name);
    if (random.chance(0.2)) await this.#look();
  }

  async #changeRights(): Promise<void> {
    const random = this.#random;
    const name = random.pick(MAILBOXES);
    const { rights } = this.#matrix.of(name);
    const whom = (random.chance(0.2) ? '-' : '') + random.pick([...VISITORS, TEAM, 'anyone']);
    const letters = [...LETTERS].filter(() => random.chance(0.6)).join('');
    await this.#owner.ok(`SETACL ${name} ${whom} "${letters}"`);
    if (letters === '') rights.delete(whom);
    else rights.set(whom, letters);
  }

  async #changeList(who: string): Promise<void> {
    const { members } = this.#matrix;
    const { domains } = this.#server.kit.domain.store.directory;
    const change = members.has(who) && members.size > 1 ? { dropped: [who] } : { added: [who] };
    await domains.changeAlias(TEAM, { ...change, createdMs: 1 });
    if ('added' in change) members.add(who);
    else members.delete(who);
  }

  async #list(who: string): Promise<void> {
    const { untagged } = await this.#client(who).ok(`LIST "" "Other Users/*" RETURN (MYRIGHTS)`);
    const seen = untagged.flatMap((line) => /^MYRIGHTS "Other Users\/[^/]*\/(.*)" /.exec(line)?.[1] ?? []);
    assert.deepEqual(seen.sort(), MAILBOXES.filter((name) => this.#may(who, name, 'l')).sort());
    for (const name of MAILBOXES) {
      const isTold = untagged.some((line) => line.startsWith('LIST') && line.endsWith(`/${name}"`));
      const isAbove = name === 'Work' && this.#may(who, 'Work/Old', 'l');
      assert.equal(isTold, this.#may(who, name, 'l') || isAbove, `${who} ${name}`);
    }
  }

  async #status(who: string, name: string): Promise<void> {
    const answer = await this.#client(who).command(`STATUS ${atOwner(name)} (MESSAGES UNSEEN)`);
    if (!this.#isAllowed(answer, who, name, 'r')) return;
    const { messages } = this.#matrix.of(name);
    const unseen = messages.filter(({ seenBy }) => !seenBy.has(who)).length;
    assert.deepEqual(answer.untagged, [
      `STATUS ${atOwner(name)} (MESSAGES ${messages.length} UNSEEN ${unseen})`,
    ]);
  }

  async #append(who: string, name: string): Promise<void> {
    const flags = FLAGS.filter(() => this.#random.chance(0.5));
    const answer = await this.#client(who).command(
      `APPEND ${atOwner(name)} (${flags.join(' ')}) {14+}\r\nSubject: new\r\n`,
    );
    if (!this.#may(who, name, 'i')) {
      assert.equal(answer.status, 'NO');
      assert.match(
        answer.text,
        this.#may(who, name, 'l') ? /^\[NOPERM\]/ : /^\[TRYCREATE\] There is no such/,
      );
      return;
    }
    assert.equal(answer.status, 'OK', answer.text);
    this.#addAs(who, name, flags);
  }

  async #open(who: string, name: string): Promise<void> {
    const client = this.#client(who);
    const answer = await client.command(`SELECT ${atOwner(name)}`);
    if (!this.#isAllowed(answer, who, name, 'r')) return;
    await this.#fetch(who, name);
    const act = this.#random.pick([this.#store, this.#store, this.#expunge, this.#copy, this.#search]);
    await act.call(this, who, name);
    await client.ok('NOOP');
    await this.#fetch(who, name);
    await client.ok('UNSELECT');
  }

  async #fetch(who: string, name: string): Promise<void> {
    const { messages } = this.#matrix.of(name);
    if (messages.length === 0) return;
    const { untagged } = await this.#client(who).ok('FETCH 1:* (UID FLAGS)');
    assert.deepEqual(flagsIn(untagged), expected(messages, who), `${who} in ${name}`);
  }

  async #search(who: string, name: string): Promise<void> {
    const { untagged } = await this.#client(who).ok('UID SEARCH OR UNSEEN FLAGGED');
    const found = untagged
      .find((line) => line.startsWith('SEARCH'))
      ?.split(' ')
      .slice(1)
      .map(Number);
    const { messages } = this.#matrix.of(name);
    const meant = messages.filter(({ flags, seenBy }) => !seenBy.has(who) || flags.has('\\Flagged'));
    assert.deepEqual(
      found,
      meant.map(({ uid }) => uid),
    );
  }

  async #store(who: string, name: string): Promise<void> {
    const random = this.#random;
    const { messages } = this.#matrix.of(name);
    const message = messages.length === 0 ? undefined : random.pick(messages);
    if (message === undefined) return;
    const flags = FLAGS.filter(() => random.chance(0.5));
    if (flags.length === 0) return;
    const sign = random.pick(['+', '-', '']);
    const answer = await this.#client(who).command(
      `UID STORE ${message.uid} ${sign}FLAGS (${flags.join(' ')})`,
    );
    const may = FLAGS.filter((flag) => this.#may(who, name, RIGHT_OF[flag] as string));
    const isRefused = may.length === 0 || (sign !== '' && !flags.some((flag) => may.includes(flag)));
    assert.equal(answer.status, isRefused ? 'NO' : 'OK', answer.text);
    for (const flag of may) {
      if (sign !== '' && !flags.includes(flag)) continue;
      const isSet = sign === '' ? flags.includes(flag) : sign === '+';
      const [set, value] = flag === '\\Seen' ? [message.seenBy, who] : [message.flags, flag];
      if (isSet) set.add(value);
      else set.delete(value);
    }
  }

  async #expunge(who: string, name: string): Promise<void> {
    const answer = await this.#client(who).command('EXPUNGE');
    const isAllowed = this.#may(who, name, 'e');
    assert.equal(answer.status, isAllowed ? 'OK' : 'NO', answer.text);
    const mailbox = this.#matrix.of(name);
    if (isAllowed) mailbox.messages = mailbox.messages.filter(({ flags }) => !flags.has('\\Deleted'));
  }

  async #copy(who: string, name: string): Promise<void> {
    const random = this.#random;
    const { messages } = this.#matrix.of(name);
    if (messages.length === 0) return;
    const message = random.pick(messages);
    const target = random.pick(MAILBOXES);
    const isMove = random.chance(0.4);
    const answer = await this.#client(who).command(
      `UID ${isMove ? 'MOVE' : 'COPY'} ${message.uid} ${atOwner(target)}`,
    );
    const mayLeave = !isMove || (this.#may(who, name, 't') && this.#may(who, name, 'e'));
    const isAllowed = this.#may(who, target, 'i') && mayLeave;
    assert.equal(answer.status, isAllowed ? 'OK' : 'NO', answer.text);
    if (!isAllowed) return;
    const flags = [...message.flags].filter((flag) => this.#may(who, target, RIGHT_OF[flag] as string));
    const isShared = this.#matrix.of(target).rights.size > 0;
    const seenBy = [...message.seenBy].filter(
      (reader) => isShared && (reader !== who || this.#may(who, target, 's')),
    );
    const source = this.#matrix.of(name);
    if (isMove) source.messages = source.messages.filter((one) => one !== message);
    this.#matrix.of(target).add(flags, seenBy);
  }

  /** What the owner has is what the model says, and he has seen nothing. */
  async #look(): Promise<void> {
    for (const [name, { messages }] of this.#matrix.mailboxes) {
      await this.#owner.ok(`EXAMINE ${name}`);
      const { untagged } =
        messages.length === 0 ? { untagged: [] } : await this.#owner.ok('FETCH 1:* (UID FLAGS)');
      assert.deepEqual(flagsIn(untagged), expected(messages, undefined), `the owner in ${name}`);
    }
  }

  /** What a refusal tells is the same for what is not there and what is not to be seen. */
  #isAllowed(
    { status, text }: { status: string; text: string },
    who: string,
    name: string,
    right: string,
  ): boolean {
    if (this.#may(who, name, right)) {
      assert.equal(status, 'OK', text);
      return true;
    }
    assert.equal(status, 'NO');
    if (this.#may(who, name, 'l')) assert.match(text, /^\[NOPERM\] /);
    else assert.equal(text, `[NONEXISTENT] There is no mailbox ${atOwner(name)}`);
    return false;
  }

  #addAs(who: string, name: string, flags: readonly string[]): void {
    const allowed = flags.filter((flag) => this.#may(who, name, RIGHT_OF[flag] as string));
    const isSeen = allowed.includes('\\Seen');
    this.#matrix.of(name).add(
      allowed.filter((flag) => flag !== '\\Seen'),
      isSeen ? [who] : [],
    );
  }

  #may(who: string, name: string, right: string): boolean {
    return this.#matrix.may(who, name, right);
  }

  #client(who: string): ImapClient {
    return this.#visitors.get(who) as ImapClient;
  }
}

function flagsIn(untagged: readonly string[]): [uid: number, flags: string][] {
  const told = new Map<number, string>();
  for (const line of untagged) {
    const [, uid, flags = ''] = /^\d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\)/.exec(line) ?? [];
    if (uid === undefined) continue;
    const known = flags.split(' ').filter((flag) => flag !== '' && flag !== '\\Recent');
    told.set(Number(uid), known.sort().join(' '));
  }
  return [...told].sort(([a], [b]) => a - b);
}

function expected(messages: readonly Message[], who: string | undefined): [uid: number, flags: string][] {
  return messages.map(({ uid, flags, seenBy }) => {
    const isSeen = who !== undefined && seenBy.has(who);
    return [uid, [...flags, ...(isSeen ? ['\\Seen'] : [])].sort().join(' ')];
  });
}

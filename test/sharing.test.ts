/**
 * Sharing against a matrix of rights: an owner gives and takes rights at random, by name, by list, to anyone and against
 * somebody; two others do what they may and what they may not. A model that knows nothing but the rules (RFC 4314 §4) says
 * what each may be answered and what has changed; the owner's view, and what each reader has seen, must be exactly that.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from './crash/random.ts';
import { ImapClient } from './imap-client.ts';
import { type Answer, type JmapClient, startTestJmap, type TestJmap } from './kit/jmap.ts';
import { runs } from './kit/runs.ts';

const OWNER = 'owner@example.com';
const VISITORS = ['anna@example.com', 'bo@example.com'] as const;
const TEAM = 'team@example.com';
const MAILBOXES = ['INBOX', 'Work', 'Work/Old'] as const;
const LETTERS = 'lrswipkxtea';
const FLAGS = ['\\Flagged', '\\Deleted', '\\Seen'] as const;
const RIGHT_OF: Readonly<Record<string, string>> = { '\\Flagged': 'w', '\\Deleted': 't', '\\Seen': 's' };
const KEYWORD_OF: Readonly<Record<string, string>> = { '\\Flagged': '$flagged', '\\Seen': '$seen' };
const STEPS = 220;

interface Message {
  readonly uid: number;
  /** Its id in JMAP, once it was asked for. */
  email?: string;
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

/** A message and the mailbox it is in. */
interface Found {
  readonly name: string;
  readonly message: Message;
}

/** Programs that speak JMAP, and what the owner's mailboxes are called there. */
interface Jmap {
  readonly clients: ReadonlyMap<string, JmapClient>;
  readonly accountId: string;
  readonly ids: ReadonlyMap<string, string>;
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
      const server = await startTestJmap();
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
  readonly #server: TestJmap;
  readonly #random: Random;
  readonly #matrix = new Matrix();
  readonly #owner: ImapClient;
  readonly #visitors: ReadonlyMap<string, ImapClient>;
  readonly #over: Jmap;

  private constructor(
    server: TestJmap,
    random: Random,
    owner: ImapClient,
    visitors: ReadonlyMap<string, ImapClient>,
    over: Jmap,
  ) {
    this.#server = server;
    this.#random = random;
    this.#owner = owner;
    this.#visitors = visitors;
    this.#over = over;
  }

  static async begin(server: TestJmap, random: Random): Promise<Walk> {
    const own = await server.addAccount(OWNER, 'pw');
    const clients = new Map<string, JmapClient>();
    for (const address of VISITORS) clients.set(address, await server.addAccount(address, 'pw'));
    const signIn = (address: string): Promise<ImapClient> =>
      ImapClient.signIn(server.imap.port, address, 'pw');
    const owner = await signIn(OWNER);
    await owner.ok('CREATE Work/Old');
    const visitors = new Map<string, ImapClient>();
    for (const address of VISITORS) visitors.set(address, await signIn(address));
    const { list } = await own.call('Mailbox/get', { ids: null, properties: ['name'] });
    const idOf = (name: string): string => list.find((one: Answer) => one.name === shownName(name)).id;
    const ids = new Map(MAILBOXES.map((name) => [name as string, idOf(name)]));
    const walk = new Walk(server, random, owner, visitors, { clients, accountId: own.accountId, ids });
    for (const name of MAILBOXES)
      for (let i = 0; i < 3; i++) {
        await server.imap.addMessage(OWNER, name, { bytes: `Subject: ${name} ${i}\r\n\r\nx\r\n` });
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
    const act = random.pick([
      ...[this.#list, this.#status, this.#append, this.#open, this.#open, this.#open],
      ...[this.#jmapRead, this.#jmapMark, this.#jmapMark, this.#jmapMove, this.#jmapMove],
      ...[this.#jmapDestroy, this.#jmapCreate],
    ]);
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
    if (isAllowed) this.#transfer(who, { name, message }, target, isMove);
  }

  async #jmapRead(who: string): Promise<void> {
    await this.#name();
    const answer = await this.#jmap(who, 'Mailbox/get', { ids: null, properties: ['name', 'totalEmails'] });
    const listed = MAILBOXES.filter((name) => this.#may(who, name, 'l'));
    if (listed.length === 0) return assert.equal(answer.type, 'accountNotFound');
    const totals = listed.map((name) => [this.#over.ids.get(name), emailsIn(this.#seenIn(who, name)).size]);
    assert.deepEqual(
      answer.list.map(({ id, totalEmails }: Answer) => [id, totalEmails]).sort(),
      totals.sort(),
    );
    const emails = this.#emailsFor(who);
    const { ids } = await this.#jmap(who, 'Email/query', {});
    assert.deepEqual([...ids].sort(), [...emails.keys()].sort());
    const got = await this.#jmap(who, 'Email/get', { ids, properties: ['mailboxIds', 'keywords'] });
    for (const { id, mailboxIds, keywords } of got.list) {
      const copies = emails.get(id) ?? [];
      const places = new Set(copies.map(({ name }) => this.#over.ids.get(name)));
      assert.deepEqual(Object.keys(mailboxIds).sort(), [...places].sort());
      const isSeen = copies.every(({ message }) => message.seenBy.has(who));
      const isFlagged = copies.some(({ message }) => message.flags.has('\\Flagged'));
      assert.deepEqual([keywords.$seen === true, keywords.$flagged === true], [isSeen, isFlagged]);
    }
  }

  async #jmapMark(who: string): Promise<void> {
    const email = await this.#anyEmail();
    const flag = this.#random.pick(['\\Flagged', '\\Seen']);
    const isSet = this.#random.chance(0.5);
    const copies = this.#emailsFor(who).get(email) ?? [];
    const has = ({ message }: Found): boolean =>
      flag === '\\Seen' ? message.seenBy.has(who) : message.flags.has(flag);
    const changed = copies.filter((one) => has(one) !== isSet);
    const isAllowed = changed.every(({ name }) => this.#may(who, name, RIGHT_OF[flag] as string));
    const patch = { [`keywords/${KEYWORD_OF[flag]}`]: isSet ? true : null };
    const type = await this.#set(who, { update: { [email]: patch } }, 'notUpdated', email);
    if (this.#isNobody(who, type)) return;
    assert.equal(type, copies.length === 0 ? 'notFound' : isAllowed ? undefined : 'forbidden');
    if (type !== undefined) return;
    for (const { message } of changed) {
      const [set, value] = flag === '\\Seen' ? [message.seenBy, who] : [message.flags, flag];
      if (isSet) set.add(value);
      else set.delete(value);
    }
  }

  /** Into another mailbox, or into one more, of an email that is in one. */
  async #jmapMove(who: string, target: string): Promise<void> {
    const email = await this.#anyEmail();
    const copies = this.#emailsFor(who).get(email) ?? [];
    const [source] = copies;
    if (copies.length > 1 || source?.name === target) return;
    const isMove = this.#random.chance(0.5);
    const id = this.#over.ids.get(target) as string;
    const patch = isMove ? { mailboxIds: { [id]: true } } : { [`mailboxIds/${id}`]: true };
    const type = await this.#set(who, { update: { [email]: patch } }, 'notUpdated', email);
    if (this.#isNobody(who, type)) return;
    if (source === undefined) return assert.equal(type, 'notFound');
    if (!this.#may(who, target, 'l')) return assert.equal(type, 'invalidProperties');
    const mayLeave = !isMove || ['t', 'e'].every((right) => this.#may(who, source.name, right));
    const isAllowed = mayLeave && this.#may(who, target, 'i');
    assert.equal(type, isAllowed ? undefined : 'forbidden');
    if (isAllowed) this.#transfer(who, source, target, isMove);
  }

  async #jmapDestroy(who: string): Promise<void> {
    const email = await this.#anyEmail();
    const isVisible = this.#emailsFor(who).has(email);
    const names = MAILBOXES.filter((name) =>
      this.#seenIn(who, name, true).some((message) => message.email === email),
    );
    const isAllowed = names.every((name) => this.#may(who, name, 't') && this.#may(who, name, 'e'));
    const type = await this.#set(who, { destroy: [email] }, 'notDestroyed', email);
    if (this.#isNobody(who, type)) return;
    assert.equal(type, isVisible ? (isAllowed ? undefined : 'forbidden') : 'notFound');
    if (type !== undefined) return;
    for (const name of names) {
      const mailbox = this.#matrix.of(name);
      mailbox.messages = mailbox.messages.filter((message) => message.email !== email);
    }
  }

  async #jmapCreate(who: string, name: string): Promise<void> {
    const flags = ['\\Flagged', '\\Seen'].filter(() => this.#random.chance(0.5));
    const keywords = Object.fromEntries(flags.map((flag) => [KEYWORD_OF[flag], true]));
    const mailboxIds = { [this.#over.ids.get(name) as string]: true };
    const type = await this.#set(
      who,
      { create: { a: { mailboxIds, keywords, subject: 'n' } } },
      'notCreated',
      'a',
    );
    if (this.#isNobody(who, type)) return;
    if (!this.#may(who, name, 'l')) return assert.equal(type, 'invalidProperties');
    assert.equal(type, this.#may(who, name, 'i') ? undefined : 'forbidden');
    if (type === undefined) this.#addAs(who, name, flags);
  }

  /** Whom nothing is to be shown is told that there is nothing. */
  #isNobody(who: string, type: string | undefined): boolean {
    if (MAILBOXES.some((name) => this.#may(who, name, 'l'))) return false;
    assert.equal(type, 'accountNotFound');
    return true;
  }

  async #jmap(who: string, name: string, args: Answer): Promise<Answer> {
    const client = this.#over.clients.get(who) as JmapClient;
    const [answer] = await client.calls([[name, { accountId: this.#over.accountId, ...args }]]);
    return answer?.[1];
  }

  /** Why it was refused; undefined when it was done. */
  async #set(who: string, args: Answer, refused: string, id: string): Promise<string | undefined> {
    const answer = await this.#jmap(who, 'Email/set', args);
    return answer.type ?? answer[refused]?.[id]?.type;
  }

  /** A message without \\Deleted is an email (RFC 8621 §4.1.1). */
  #seenIn(who: string, name: string, isDeletedToo = false): readonly Message[] {
    if (!this.#may(who, name, 'l') || !this.#may(who, name, 'r')) return [];
    return this.#matrix.of(name).messages.filter(({ flags }) => isDeletedToo || !flags.has('\\Deleted'));
  }

  #emailsFor(who: string): ReadonlyMap<string, readonly Found[]> {
    const all = MAILBOXES.flatMap((name) => this.#seenIn(who, name).map((message) => ({ name, message })));
    return Map.groupBy(all, ({ message }) => message.email as string);
  }

  /** What they are called in JMAP, as their owner knows it. */
  async #name(): Promise<void> {
    for (const [name, { messages }] of this.#matrix.mailboxes) {
      if (messages.every(({ email }) => email !== undefined)) continue;
      await this.#owner.ok(`EXAMINE ${name}`);
      const { untagged } = await this.#owner.ok('FETCH 1:* (UID EMAILID)');
      for (const line of untagged) {
        const [, uid, email] = /UID (\d+) EMAILID \((e\d+)\)/.exec(line) ?? [];
        const message = messages.find((one) => one.uid === Number(uid));
        if (message !== undefined && email !== undefined) message.email = email;
      }
    }
  }

  async #anyEmail(): Promise<string> {
    await this.#name();
    const all = MAILBOXES.flatMap((name) => this.#matrix.of(name).messages);
    return all.length === 0 ? 'e1' : (this.#random.pick(all).email as string);
  }

  #transfer(who: string, { name, message }: Found, target: string, isMove: boolean): void {
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

function shownName(name: string): string | undefined {
  return name === 'INBOX' ? 'Inbox' : name.split('/').at(-1);
}

function emailsIn(messages: readonly Message[]): ReadonlySet<Message | string> {
  return new Set(messages.map((one) => one.email ?? one));
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

/**
 * A client that keeps a copy of an account by asking what has changed (RFC 8620 §5.2): now and then in the middle of everything,
 * in pieces of any size, and to the end when all is quiet. Its copy must then be what is there, and whatever looks
 * different must have been named to it. Beside it, what was there at some earlier moments, and the way from each to now.
 */
import assert from 'node:assert/strict';
import { FLAG } from '../../src/mail/flags.ts';
import type { Domain } from '../../src/mailbox/domain.ts';
import { emailChanges } from '../../src/mailbox/reading/email-changes.ts';
import { mailboxChanges } from '../../src/mailbox/reading/mailbox-changes.ts';
import {
  type Changes,
  type Moment,
  momentOf,
  type Position,
  type Shown,
} from '../../src/mailbox/reading/moment.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import { loadList } from '../../src/mailbox/state/load.ts';

/** What each number stands for looks like this. */
type Shapes = ReadonlyMap<number, string>;
type Ask = (
  domain: Domain,
  account: AccountState,
  position: Position,
  most: number,
) => Promise<Changes | undefined>;

const KINDS: readonly {
  readonly what: Shown;
  readonly ask: Ask;
  readonly look: (domain: Domain, account: AccountState) => Promise<Shapes>;
}[] = [
  { what: 'emails', ask: emailChanges, look: emailsIn },
  { what: 'mailboxes', ask: mailboxChanges, look: mailboxesIn },
];
const MOST_OLD = 4;

export class Follower {
  readonly #copies = KINDS.map((kind) => new Copy(kind.what, kind.ask));
  #old: { readonly moments: readonly Moment[]; readonly shapes: readonly Shapes[] }[] = [];
  #isAsking = false;
  #states: readonly number[] = [];
  #seen: readonly Shapes[] = [];

  /** In the middle of things: what is refused is asked again another time. */
  async ask(domain: Domain, account: AccountState, most: number): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      for (const copy of this.#copies) await copy.ask(domain, account, most);
    } finally {
      this.#isAsking = false;
    }
  }

  /** When all is quiet. */
  async check(domain: Domain, account: AccountState, where: string): Promise<void> {
    const shapes = await Promise.all(KINDS.map(({ look }) => look(domain, account)));
    const states = [account.emailModseq, account.mailboxModseq];
    if (states[0] === this.#states[0])
      assert.deepEqual(shapes[0], this.#seen[0], `${where}: emails changed and their state did not`);
    if (states[1] === this.#states[1])
      assert.deepEqual(
        namesIn(shapes[1]),
        namesIn(this.#seen[1]),
        `${where}: mailboxes changed and their state did not`,
      );
    this.#states = states;
    this.#seen = shapes;
    for (const [i, copy] of this.#copies.entries())
      await copy.check(domain, account, shapes[i] as Shapes, where);
    for (const old of this.#old) {
      for (const [i, { what, ask }] of KINDS.entries()) {
        const copy = new Copy(what, ask, old.moments[i], old.shapes[i]);
        await copy.check(
          domain,
          account,
          shapes[i] as Shapes,
          `${where} from modseq ${old.moments[i]?.modseq}`,
        );
      }
    }
    this.#old = [...this.#old, { moments: KINDS.map(({ what }) => momentOf(account, what)), shapes }];
    if (this.#old.length > MOST_OLD) this.#old.splice(account.modseq % MOST_OLD, 1);
  }
}

/** Without the counts of messages, which are another state. */
function namesIn(mailboxes: Shapes = new Map()): readonly string[] {
  return [...mailboxes].map(([id, shape]) => `${id} ${shape.split(' ').slice(0, -3).join(' ')}`).sort();
}

class Copy {
  readonly #what: Shown;
  readonly #ask: Ask;
  #position: Position | undefined;
  /** Undefined for what it has been told of and not yet looked at. */
  #known: Map<number, string | undefined>;

  constructor(what: Shown, ask: Ask, moment?: Moment, shapes: Shapes = new Map()) {
    this.#what = what;
    this.#ask = ask;
    this.#position = moment && { since: moment };
    this.#known = new Map(shapes);
  }

  /** True when there is more. */
  async ask(domain: Domain, account: AccountState, most: number): Promise<boolean> {
    if (this.#position === undefined) return false;
    const changes = await this.#ask(domain, account, this.#position, most);
    if (changes === undefined) {
      const { modseq } = this.#position.since;
      assert.ok(
        modseq < account.changesFloor || modseq > account.modseq,
        `changes since ${modseq} are known`,
      );
      this.#position = undefined;
      return false;
    }
    const { created, updated, destroyed, next } = changes;
    assert.ok(created.length + updated.length + destroyed.length <= most, 'no more than was asked for');
    for (const n of created) assert.ok(!this.#known.has(n), `${this.#what} ${n} was created twice`);
    for (const n of updated)
      assert.ok(this.#known.has(n), `${this.#what} ${n} was updated and never created`);
    for (const n of [...created, ...updated]) this.#known.set(n, undefined);
    for (const n of destroyed)
      assert.ok(this.#known.delete(n), `${this.#what} ${n} was destroyed and was not there`);
    this.#position = next;
    return next.told !== undefined;
  }

  async check(domain: Domain, account: AccountState, shapes: Shapes, where: string): Promise<void> {
    for (let most = 7; await this.ask(domain, account, most); most *= 3);
    // What happened while it was told in pieces.
    while (await this.ask(domain, account, 1000));
    if (this.#position !== undefined) {
      assert.deepEqual(this.#position, { since: momentOf(account, this.#what) }, `${where}: ${this.#what}`);
      const numbers = [...this.#known.keys()].sort((a, b) => a - b);
      assert.deepEqual(
        numbers,
        [...shapes.keys()].sort((a, b) => a - b),
        `${where}: ${this.#what} by their changes`,
      );
      for (const [n, shape] of this.#known)
        assert.ok(
          shape === undefined || shape === shapes.get(n),
          `${where}: nobody said that ${this.#what} ${n} changed`,
        );
      this.#known = new Map(shapes);
      return;
    }
    this.#known = new Map(shapes);
    this.#position = { since: momentOf(account, this.#what) };
  }
}

async function emailsIn(domain: Domain, account: AccountState): Promise<Shapes> {
  const places = new Map<number, string[]>();
  for (const mailbox of account.mailboxes.values()) {
    const { columns, count } = await loadList(domain, account, mailbox);
    for (let row = 0; row < count; row++) {
      const flags = columns.flags[row] as number;
      if ((flags & FLAG.Deleted) !== 0) continue;
      const email = columns.email[row] as number;
      const keywords = mailbox.keywords.namesOf(columns.keywordSet[row] as number);
      const place = `${mailbox.id} ${flags} ${[...keywords].sort().join(' ')}`;
      places.set(email, [...(places.get(email) ?? []), place]);
    }
  }
  return new Map([...places].map(([email, where]) => [email, where.sort().join('; ')]));
}

async function mailboxesIn(_domain: Domain, { mailboxes }: AccountState): Promise<Shapes> {
  return new Map(
    [...mailboxes.values()].map(({ id, name, role, subscribed, exists, unseen, deleted }) => [
      id,
      [name, role, subscribed, exists, unseen, deleted].join(' '),
    ]),
  );
}

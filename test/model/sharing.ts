/** What the changes that are about sharing must do to an account: rights given and taken, and what somebody does who is there by leave. */
import assert from 'node:assert/strict';
import { FLAG } from '../../src/mail/flags.ts';
import type { AccountId, MailboxId } from '../../src/mailbox/model/model.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import type { MailboxState } from '../../src/mailbox/state/mailbox.ts';
import { type Content, type ModelAccount, type NewMessage, Refused } from './account-model.ts';
import { append, expungeNamed, type Semantic } from './semantics.ts';

/** Rights in the order in which they are kept. */
const LETTERS = 'lrswipkxtea';

export interface Granting {
  readonly mailbox: MailboxId;
  /** `#` and a number, or `anyone`; with `-` in front where they are taken. */
  readonly identity: string;
  readonly mode: 'replace' | 'add' | 'remove';
  readonly letters: string;
}

/** Whoever is meant has it noted in his account, which changes no mail of his. */
export const noted: Semantic = (model, { isThrown }) => {
  if (isThrown) throw new Refused(['unavailable', 'conflict', 'limit', 'nonexistent']);
  model.isChanged = true;
};

export function grant({ mailbox, identity, mode, letters }: Granting): Semantic {
  return (model, { value }) => {
    const there = model.mailboxes.get(mailbox);
    if (there === undefined) throw new Refused(['nonexistent']);
    const had = there.shares.get(identity) ?? '';
    const stays = (one: string): boolean => {
      if (mode === 'replace') return letters.includes(one);
      return mode === 'add'
        ? had.includes(one) || letters.includes(one)
        : had.includes(one) && !letters.includes(one);
    };
    const has = [...LETTERS].filter(stays).join('');
    assert.deepEqual(value, [{ identity, before: had, after: has }], `rights of ${identity}`);
    if (has === had) return;
    const { shares } = model.edit(mailbox);
    if (has === '') shares.delete(identity);
    else shares.set(identity, has);
  };
}

/** Whoever has lost one of the rights changes nothing; to whom it is not to be seen it is not there. */
function requireRights(model: ModelAccount, who: AccountId, mailbox: MailboxId, rights: string): void {
  const there = model.mailboxes.get(mailbox);
  if (there?.mayAll(who, rights) === true) return;
  throw new Refused([there?.may(who, 'l') === true ? 'forbidden' : 'nonexistent']);
}

export interface Visit {
  readonly who: AccountId;
  readonly mailbox: MailboxId;
  /** Which it asks for in each change; known when it is asked for. */
  readonly rights: () => string;
}

export function asVisitor(visits: readonly Visit[], judge: Semantic): Semantic {
  return (model, seen) => {
    for (const { who, mailbox, rights } of visits) requireRights(model, who, mailbox, rights());
    judge(model, seen);
  };
}

/** As `asVisitor`, of a copy: what is taken back when it fails is taken back whatever he may by then. */
export function copyAsVisitor(visits: readonly Visit[], judge: Semantic): Semantic {
  let begun = false;
  return (model, seen) => {
    const isTakingBack = begun && seen.fates.some((fate) => fate === 'refused' || fate === 'thrown');
    (isTakingBack ? judge : asVisitor(visits, judge))(model, seen);
    begun = true;
  };
}

/** As it is now: what of flags and keywords somebody may give a message there (RFC 4314 §4). */
export function allowedIn(
  account: AccountState,
  { id, isGone }: MailboxState,
  who: AccountId,
  { flags, keywords }: Pick<NewMessage, 'flags' | 'keywords'>,
): Pick<NewMessage, 'flags' | 'keywords'> {
  const may = (right: string): boolean => !isGone && mayNow(account, id, who, right);
  const others = ~(FLAG.Seen | FLAG.Deleted);
  const mask = (may('w') ? others : 0) | (may('s') ? FLAG.Seen : 0) | (may('t') ? FLAG.Deleted : 0);
  return { flags: flags & mask, keywords: may('w') ? keywords : '' };
}

/** In memory, by the rule. */
export function mayNow({ shares }: AccountState, mailbox: MailboxId, who: AccountId, right: string): boolean {
  const has = (sign: string): boolean =>
    [`#${who}`, 'anyone'].some(
      (name) =>
        shares
          .get(mailbox)
          ?.get(sign + name)
          ?.includes(right) === true,
    );
  return has('') && !has('-');
}

/** As somebody who is not the owner puts it there: what he has seen he alone has seen. */
export function putBy(who: AccountId | undefined, { flags, ...message }: NewMessage): NewMessage {
  if (who === undefined) return { flags, ...message };
  const isSeen = (flags & FLAG.Seen) !== 0;
  return { ...message, flags: flags & ~FLAG.Seen, ...(isSeen && { seenBy: [who] }) };
}

/** Which names somebody sees of an account, with what he may there; names above them are not told of. */
export function visibleTo(model: ModelAccount, who: AccountId): string[] {
  return [...model.mailboxes.values()]
    .filter((mailbox) => mailbox.may(who, 'l'))
    .map((mailbox) => `${mailbox.name} ${[...LETTERS].filter((right) => mailbox.may(who, right)).join('')}`)
    .sort();
}

export interface AcrossEnd {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  /** Who is there by leave; without him it is his own. */
  readonly by?: AccountId;
}

interface Slice {
  /** Where the fate of the change stands that brought it. */
  readonly fate: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly gone: { fate: number; uids: readonly number[] }[];
  readonly back: { fate: number; uids: readonly number[] }[];
}

/**
 * Messages that go from one account to another: slice by slice they are put there, and, when they move, taken away here; what does not
 * come to its end is taken back. In the end each is where it was or where it went, and in both only where it was copied.
 */
export class Across {
  readonly #from: AcrossEnd;
  readonly #to: AcrossEnd;
  readonly #contentOf: (uid: number) => Content | undefined;
  /** Whether he who moves or copies it has a right where it is, in memory. */
  readonly #hasAtSource: (right: string) => boolean;
  /** Of messages that are being written there, as they are to be marked. */
  #composed: { readonly uid: number; readonly flags: number; readonly keywords: string }[] = [];
  readonly #slices: Slice[] = [];
  #fates: readonly string[] = [];

  constructor(
    from: AcrossEnd,
    to: AcrossEnd,
    contentOf: (uid: number) => Content | undefined,
    hasAtSource: (right: string) => boolean,
  ) {
    this.#from = from;
    this.#to = to;
    this.#contentOf = contentOf;
    this.#hasAtSource = hasAtSource;
  }

  compose(uid: number, { flags, keywords }: Pick<NewMessage, 'flags' | 'keywords'>): void {
    this.#composed.push({ uid, flags, keywords });
  }

  readonly judge: Semantic = (model, seen) => {
    this.#fates = seen.fates;
    if (seen.account.id === this.#from.account) this.#remove(model, seen);
    // What was written there may not have come to a change; then what comes is what came before, taken back.
    else if (this.#composed.length > 0 && !Array.isArray(seen.value)) this.#add(model, seen);
    else this.#takeBack(model, seen);
  };

  #add(...[model, seen]: Parameters<Semantic>): void {
    const composed = this.#composed;
    this.#composed = [];
    const { mailbox, by } = this.#to;
    if (by !== undefined) requireRights(model, by, mailbox, 'i');
    if (this.#from.by !== undefined && !this.#hasAtSource('r'))
      throw new Refused([this.#hasAtSource('l') ? 'forbidden' : 'nonexistent']);
    const messages = composed.map(({ uid, ...marks }) => {
      const content = this.#contentOf(uid);
      assert.ok(content !== undefined, `UID ${uid} never was`);
      return putBy(by, { content: { ...content }, ...marks });
    });
    append(mailbox, messages)(model, seen);
    const { uids } = seen.value as { uids: readonly number[] };
    const from = composed.map(({ uid }) => uid);
    this.#slices.push({ fate: seen.fates.length, from, to: uids, gone: [], back: [] });
  }

  #remove(...[model, seen]: Parameters<Semantic>): void {
    const { mailbox, by } = this.#from;
    if (by !== undefined) requireRights(model, by, mailbox, 'rte');
    const slice = this.#slices.at(-1);
    assert.ok(slice !== undefined, 'what was not copied is taken away');
    expungeNamed(mailbox, slice.from)(model, seen);
    slice.gone.push({ fate: seen.fates.length, uids: seen.value as readonly number[] });
  }

  #takeBack(...[model, seen]: Parameters<Semantic>): void {
    this.#composed = [];
    const { mailbox } = this.#to;
    if (seen.value === undefined) {
      if (!model.mailboxes.has(mailbox)) throw new Refused(['nonexistent']);
      throw new Error('a copy is not taken back');
    }
    const uids = seen.value as readonly number[];
    for (const uid of uids) {
      const slice = this.#slices.find(({ to }) => to.includes(uid));
      assert.ok(slice !== undefined && this.#is(slice.fate), `UID ${uid} is taken back and did not come so`);
      slice.back.push({ fate: seen.fates.length, uids: [uid] });
    }
    if (uids.length > 0) model.remove(mailbox, uids);
  }

  /** What the caller was told of it: where each went, or why it failed. `isThere`: of a message where they went, now. */
  verify(
    isMove: boolean,
    told: { readonly from: readonly number[]; readonly to: readonly number[] },
    words: string,
    isThere: (uid: number) => boolean,
  ): void {
    const pairs = new Map(told.from.map((uid, i) => [uid, told.to[i] as number]));
    // Those are left where nobody could take them back, and he is told so.
    const mayBeLeft = words.includes('could not be taken back');
    for (const { fate, from, to, ...after } of this.#slices) {
      if (!this.#is(fate)) continue;
      const gone = this.#applied(after.gone);
      const back = this.#applied(after.back);
      for (const [i, uid] of from.entries()) {
        const put = to[i] as number;
        const isTold = pairs.get(uid) === put;
        pairs.delete(uid);
        const way = `UID ${uid}, which went to UID ${put}`;
        assert.ok(!(isTold && back.includes(put)), `${way}: told, and taken back`);
        if (mayBeLeft) continue;
        assert.ok(!isMove || gone.includes(uid) === isTold, `${way}: moved or not, ${isTold} (${words})`);
        assert.ok(isTold || back.includes(put) || !isThere(put), `${way}: there, and not told (${words})`);
      }
    }
    assert.equal(pairs.size, 0, 'what was told went nowhere');
  }

  #applied(changes: readonly { fate: number; uids: readonly number[] }[]): number[] {
    return changes.filter(({ fate }) => this.#is(fate)).flatMap(({ uids }) => uids);
  }

  #is(fate: number): boolean {
    return this.#fates[fate] === 'applied';
  }
}

/**
 * Whom an account knows: noted in the change that brings the mail, or that sends it, and asked when mail is delivered. Whoever has a
 * message that was stored or sent has written, or was written to; what is removed later is known all the same.
 *
 * What a delivery keeps of the answer are two traits of its messages (`mail/traits.ts`): that it was the first from its address, and that
 * its author then had the name of somebody whom the account has written to from another one. Neither is ever changed.
 */
import { type EnvelopePerson, EnvelopeReader } from '../../mail/envelope-reader.ts';
import { TRAIT } from '../../mail/traits.ts';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { addressKey, foldedAddress, KNOWN, likenessKeys, nameKey } from '../model/correspondents.ts';
import { damageIn } from '../port/store-words.ts';
import type { AccountState } from '../state/account.ts';

/** Of one message; those behind are strangers still. */
const MOST_RECIPIENTS = 1000;
/** A message has one as a rule; one that has more than these is from a stranger. */
const MOST_AUTHORS = 4;

/** Mail from its authors has come to the account. */
export function noteAuthor(change: AccountChange, envelope: Buffer): void {
  const secret = secretOf(change.account);
  for (const { address } of authorsIn(envelope).slice(0, MOST_AUTHORS)) {
    const key = addressKey(secret, address);
    if (key !== undefined) change.correspondents.hear(key);
  }
}

/** The account has written to those of its envelope, and to these addresses. */
export function noteRecipients(
  change: AccountChange,
  envelope: Buffer | undefined,
  addresses: readonly string[] = [],
): void {
  const { correspondents } = change;
  const secret = secretOf(change.account);
  const people = [...recipientsIn(envelope), ...addresses.map((address) => ({ name: '', address }))];
  for (const { name, address } of people.slice(0, MOST_RECIPIENTS)) {
    const key = addressKey(secret, address);
    if (key === undefined) continue;
    correspondents.note(key, KNOWN.Written);
    const named = nameKey(secret, name);
    if (named !== undefined) correspondents.note(named, KNOWN.Named);
  }
}

export interface ContactQuestion {
  /** In the change that files it, before anything of it is noted. */
  traitsIn(change: AccountChange): number;
  /** In any case. */
  close(): void;
}

const NOBODY: ContactQuestion = Object.freeze({ traitsIn: () => 0, close: () => {} });

/**
 * Of a message that is about to be delivered. Its authors are all of From, since programs differ in whom of several they show: it is from a
 * stranger when one of them is, or has no address by which he could be known. A message without From says nobody's name, and nothing is
 * said of it; nor is anything when what is known cannot be read for damage.
 */
export async function askForContact(
  { store, log }: Pick<Domain, 'store' | 'log'>,
  account: AccountState,
  envelope: Buffer,
): Promise<ContactQuestion> {
  const people = authorsIn(envelope);
  if (people.length === 0) return NOBODY;
  const authors = people.slice(0, MOST_AUTHORS).map((person) => lookOf(account, person));
  const keys = [
    ...new Set(authors.flatMap(({ key, likes }) => (key === undefined ? likes : [key, ...likes]))),
  ];
  const window = account.newcomers.open();
  const known = new Map<string, number>();
  try {
    const stored = await store.loadCorrespondents(account.id, keys);
    for (const [i, key] of keys.entries()) known.set(key, stored[i] ?? 0);
  } catch (error) {
    window.close();
    const damage = damageIn(error);
    if (damage === undefined) throw error;
    log.error({ account: account.id, damage }, 'whom the account knows cannot be looked up');
    return NOBODY;
  }
  const kindsOf = (key: string): number => (known.get(key) ?? 0) | window.kindsOf(key);
  return {
    traitsIn(change) {
      const strangers = authors.filter(
        ({ key, isOwn }) => !isOwn && (key === undefined || kindsOf(key) === 0),
      );
      if (strangers.length === 0 && people.length <= MOST_AUTHORS) {
        for (const author of authors) noteName(change, author, kindsOf);
        return 0;
      }
      if (!isReadWhole(change.account)) return 0;
      return traitsOf(
        strangers.some(({ likes }) => likes.some((name) => (kindsOf(name) & KNOWN.Named) !== 0)),
      );
    },
    close: window.close,
  };
}

interface AuthorLook {
  /** Of the address; undefined when there is none that could be known. */
  readonly key: string | undefined;
  readonly named: string | undefined;
  readonly likes: readonly string[];
  /** The account's own address. */
  readonly isOwn: boolean;
}

function lookOf(account: AccountState, { name, address }: EnvelopePerson): AuthorLook {
  const secret = secretOf(account);
  const folded = foldedAddress(address);
  return {
    key: addressKey(secret, address),
    named: nameKey(secret, name),
    likes: likenessKeys(secret, name),
    isOwn: folded !== undefined && folded === foldedAddress(account.record.address),
  };
}

/** Somebody whom the account has written to has this name. */
function noteName(change: AccountChange, { key, named }: AuthorLook, kindsOf: (key: string) => number): void {
  if (key === undefined || named === undefined || (kindsOf(key) & KNOWN.Written) === 0) return;
  if ((kindsOf(named) & KNOWN.Named) === 0) change.correspondents.note(named, KNOWN.Named);
}

/** Whether the account has had mail from it or has written to it, as `kinds` says. Throws MailboxError. */
export async function isCorrespondent(
  { store }: Pick<Domain, 'store'>,
  account: AccountState,
  address: string,
  kinds: number,
): Promise<boolean> {
  const key = addressKey(secretOf(account), address);
  if (key === undefined) return false;
  const window = account.newcomers.open();
  try {
    const [stored = 0] = await store.loadCorrespondents(account.id, [key]);
    return ((stored | window.kindsOf(key)) & kinds) !== 0;
  } finally {
    window.close();
  }
}

/** As above, of either kind; while older mail has not been read whole nobody is said to be a stranger. Throws MailboxError. */
export async function hasMet(
  reader: Pick<Domain, 'store'>,
  account: AccountState,
  address: string,
): Promise<boolean> {
  if (!isReadWhole(account)) return true;
  return isCorrespondent(reader, account, address, KNOWN.Heard | KNOWN.Written);
}

/** The first author, of those that are noted, who has an address. */
export function authorIn(envelope: Buffer): EnvelopePerson | undefined {
  return authorsIn(envelope)
    .slice(0, MOST_AUTHORS)
    .find(({ address }) => address !== '');
}

function authorsIn(envelope: Buffer): readonly EnvelopePerson[] {
  return new EnvelopeReader(envelope.toString('latin1')).shownIn('from');
}

function recipientsIn(envelope: Buffer | undefined): readonly EnvelopePerson[] {
  if (envelope === undefined) return [];
  const reader = new EnvelopeReader(envelope.toString('latin1'));
  return (['to', 'cc', 'bcc'] as const).flatMap((field) => reader.peopleOf(field));
}

export function secretOf({ correspondence, newSecret }: AccountState): Buffer {
  return correspondence?.secret ?? newSecret;
}

/** Before that, somebody may have written long ago. */
function isReadWhole({ correspondence, nextEmail }: AccountState): boolean {
  return correspondence === undefined ? nextEmail === 1 : correspondence.unread === 0;
}

function traitsOf(isName: boolean): number {
  return TRAIT.FirstContact | (isName ? TRAIT.Namesake : 0);
}

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
import { addressKey, foldedAddress, KNOWN, nameKey } from '../model/correspondents.ts';
import { damageIn } from '../port/store-words.ts';
import type { AccountState } from '../state/account.ts';

/** Of one message; those behind are strangers still. */
const MOST_RECIPIENTS = 1000;

/** Mail from its author has come to the account. */
export function noteAuthor(change: AccountChange, envelope: Buffer): void {
  const author = authorIn(envelope);
  const key = author && addressKey(secretOf(change.account), author.address);
  if (key !== undefined) change.correspondents.hear(key);
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

/** Of a message that is about to be delivered. What cannot be read for damage is taken for known: nothing is said of it. */
export async function askForContact(
  { store, log }: Pick<Domain, 'store' | 'log'>,
  account: AccountState,
  envelope: Buffer,
): Promise<ContactQuestion> {
  const author = authorIn(envelope);
  const secret = secretOf(account);
  const key = author && addressKey(secret, author.address);
  if (author === undefined || key === undefined) return NOBODY;
  const named = nameKey(secret, author.name);
  const window = account.newcomers.open();
  let stored: readonly number[];
  try {
    stored = await store.loadCorrespondents(account.id, named === undefined ? [key] : [key, named]);
  } catch (error) {
    window.close();
    const damage = damageIn(error);
    if (damage === undefined) throw error;
    log.error({ account: account.id, damage }, 'whom the account knows cannot be looked up');
    return NOBODY;
  }
  const [ofAddress = 0, ofName = 0] = stored;
  const isOwn = foldedAddress(author.address) === foldedAddress(account.record.address);
  return {
    traitsIn(change) {
      const kinds = ofAddress | window.kindsOf(key);
      const isName = named !== undefined && ((ofName | window.kindsOf(named)) & KNOWN.Named) !== 0;
      if (kinds === 0) return isOwn || !isReadWhole(change.account) ? 0 : traitsOf(isName);
      if ((kinds & KNOWN.Written) !== 0 && named !== undefined && !isName)
        change.correspondents.note(named, KNOWN.Named);
      return 0;
    },
    close: window.close,
  };
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

/** The first of From, whom programs show. */
export function authorIn(envelope: Buffer): EnvelopePerson | undefined {
  return new EnvelopeReader(envelope.toString('latin1')).peopleOf('from')[0];
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

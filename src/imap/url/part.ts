/**
 * From the URL of a message or of a part of it to its octets (RFC 5092), in an account: as they were delivered, nothing
 * decoded, nothing in the place of what is lost.
 *
 * A URL names a message that is in its mailbox now. Octets stay readable once it is found, also when another session removes
 * the message while they pass by.
 */
import { HeaderFilter } from '../../mail/header-filter.ts';
import { sectionRange } from '../../mail/section.ts';
import type { Domain } from '../../mailbox/domain.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { type EmailId, emailId } from '../../mailbox/model/model.ts';
import { findMailbox } from '../../mailbox/operations/mailboxes.ts';
import type { Place } from '../../mailbox/operations/visiting.ts';
import { loadFacts, partsOf, streamIntact } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadList } from '../../mailbox/state/load.ts';
import type { MailboxState } from '../../mailbox/state/mailbox.ts';
import { clipped } from '../fetch/body-items.ts';
import type { Reach } from '../reach.ts';
import type { ImapUrl } from '../wire/imap-url.ts';

export interface UrlPart {
  readonly email: EmailId;
  readonly start: number;
  readonly end: number;
  /** Of a header, the fields that are meant: then no more octets than its own are given. */
  readonly filter: { readonly names: readonly string[]; readonly isNot: boolean } | undefined;
}

/** Undefined: there is none of that name, or none can have it. */
export function mailboxAt(account: AccountState, name: string): MailboxState | undefined {
  try {
    return findMailbox(account, name);
  } catch (error) {
    if (error instanceof MailboxError) return undefined;
    throw error;
  }
}

/** As `mailboxAt`, of all that a session reaches. */
export async function placeAt(reach: Reach, name: string): Promise<Place | undefined> {
  try {
    return await reach.find(name);
  } catch (error) {
    if (error instanceof MailboxError) return undefined;
    throw error;
  }
}

/** Undefined: there is no such message or no such part of it. */
export async function findPart(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  { uidValidity, uid, section, partial }: ImapUrl,
): Promise<UrlPart | undefined> {
  if (uidValidity !== undefined && uidValidity !== mailbox.uidValidity) return undefined;
  const list = await loadList(domain, account, mailbox);
  const row = list.indexOf(uid);
  if (row < 0) return undefined;
  const email = emailId(account.id, list.columns.email[row] as number);
  const size = list.columns.size[row] as number;
  const isWhole = section.path.length === 0 && section.kind === 'all';
  const [facts] = isWhole ? [] : await loadFacts(domain, [email], ['parts']);
  const range = isWhole ? { start: 0, end: size } : sectionRange(partsOf(facts, size), section);
  if (range === undefined) return undefined;
  const { kind, fields } = section;
  const filter = fields === undefined ? undefined : { names: fields, isNot: kind === 'header.fields.not' };
  if (partial === undefined) return { email, ...range, filter };
  // Octets of a filtered header are counted when it is filtered, which a URL has no need of.
  if (filter !== undefined) return undefined;
  return { email, ...clipped(range, { length: Number.MAX_SAFE_INTEGER, ...defined(partial) }), filter };
}

/** In slices, as far as they can be read: fewer octets than `end - start` of what is not filtered mean that some are lost. */
export async function* octetsOf(
  domain: Domain,
  { email, start, end, filter }: UrlPart,
): AsyncGenerator<Buffer> {
  const header = filter && new HeaderFilter(filter.names, filter.isNot);
  let left = end - start;
  if (left === 0) return;
  for await (const slice of streamIntact(domain, { email, start, end })) {
    const bytes = slice.subarray(0, left);
    left -= bytes.length;
    if (header === undefined) yield bytes;
    else yield* header.write(bytes);
  }
  if (left > 0) throw new OctetsLost();
  if (header !== undefined) yield* header.end();
}

/** Octets of the message cannot be read any more. */
export class OctetsLost extends Error {
  override readonly name = 'OctetsLost';
}

function defined({ offset, length }: NonNullable<ImapUrl['partial']>): { offset: number; length?: number } {
  return length === undefined ? { offset } : { offset, length };
}

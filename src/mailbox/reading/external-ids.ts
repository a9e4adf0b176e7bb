/**
 * The names by which programs know messages from the server they were moved here from. A name is optional, belongs to
 * one message in one mailbox, is unique there, and is neither copied nor moved along: what the program knows is that
 * message in that place.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Domain } from '../domain.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';

/** What POP3 (RFC 1939 §7) allows, and every other protocol as well: 1 to 70 characters, printable, no space. */
const EXTERNAL_ID = /^[\x21-\x7e]{1,70}$/;

/** Rows a call: about a millisecond. */
const SLICE = 2000;

export function isExternalId(id: string | undefined): id is string {
  return id !== undefined && EXTERNAL_ID.test(id);
}

/** By UID; empty for a mailbox that was never filled from elsewhere. */
export async function loadExternalIds(
  domain: Pick<Domain, 'store'>,
  account: AccountState,
  mailbox: MailboxState,
): Promise<ReadonlyMap<number, string>> {
  const ids = new Map<number, string>();
  for (let after = 0; ; await nextTurn()) {
    const slice = await domain.store.loadExternalIds(account.id, mailbox.id, after, SLICE);
    for (const { uid, id } of slice) ids.set(uid, id);
    if (slice.length < SLICE) return ids;
    after = (slice.at(-1) as { uid: number }).uid;
  }
}

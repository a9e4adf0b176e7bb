/**
 * A mailbox becomes the one that clients know from another server: with its UIDVALIDITY and, message by message, its UIDs,
 * so that they keep what they have downloaded. It must be empty and never have held anything, and nobody may have it open.
 *
 * UIDNEXT is at once what it was there. Mail that comes while the old mail is still on its way gets UIDs that no client can
 * have cached; what was to come before it gets new ones, since UIDs ascend (RFC 9051 §2.3.1.1). So a UID never
 * stands for two messages, and a power cut in between changes nothing of this.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { noteGone } from '../change/uids.ts';
import type { Domain } from '../domain.ts';
import { asModSeq, asUid, asUidValidity, MAX_UID } from '../model/model.ts';
import { unpackUids } from '../model/record.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';

export interface ForeignUids {
  readonly uidValidity: number;
  readonly uidNext: number;
}

/** With which UIDNEXT messages may take their UIDs; or why the mailbox keeps its own. */
export type TakenOver = { readonly uidNext: number } | { readonly why: string };

/** Some clients keep it in a signed 32-bit integer. */
const MAX_UIDVALIDITY = 0x7fff_ffff;
/** Sixteen million are left for new mail: a damaged list must not use up a mailbox. */
const MAX_UIDNEXT = MAX_UID - 0xff_ffff;
const ROWS_PER_LOAD = 50;

/** Asked again, for an import that goes on, it gives the same answer as long as nothing else has come. */
export async function takeOverUids(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  wanted: ForeignUids,
): Promise<TakenOver> {
  const { uidValidity } = wanted;
  if (uidValidity < 1 || uidValidity > MAX_UIDVALIDITY || wanted.uidNext < 1)
    return { why: 'they are none that clients can hold' };
  if (wanted.uidNext > MAX_UIDNEXT) return { why: 'they leave too few for new mail' };
  const before = mailbox.uidNext;
  const key = keyOf({ uidValidity, uidNext: before });
  const [isOurs = false] = await domain.store.whichImported(account.id, mailbox.id, [key]);
  // What was taken out before the mailbox was in memory; the change that takes out more notes it.
  noteGone(mailbox, isOurs ? await highestGone(domain, account, mailbox) : 0);
  return domain.turns.run({
    account,
    run: (change): TakenOver => {
      change.requireThere(mailbox);
      const goesOn = isOurs && mailbox.uidValidity === uidValidity && mailbox.uidNext === before;
      const uidNext = goesOn ? Math.max(before, wanted.uidNext) : wanted.uidNext;
      if (goesOn && uidNext === before) return { uidNext };
      if (!goesOn && (mailbox.exists > 0 || mailbox.uidNext > 1)) return { why: 'the mailbox is not new' };
      if (!goesOn && mailbox.viewers.size > 0) return { why: 'a client has the mailbox open' };
      change.mailboxes.adoptUids(mailbox, asUidValidity(uidValidity), asUid(uidNext));
      change.rememberImport(mailbox, keyOf({ uidValidity, uidNext }));
      return { uidNext };
    },
  });
}

/** The highest UID in the history. */
async function highestGone(domain: Domain, account: AccountState, mailbox: MailboxState): Promise<number> {
  let highest = 0;
  for (let after = asModSeq(0); ; await nextTurn()) {
    const rows = await domain.store.loadExpunged(account.id, mailbox.id, after, ROWS_PER_LOAD);
    for (const { modseq, uids } of rows) {
      highest = Math.max(highest, unpackUids(uids).at(-1) ?? 0);
      after = modseq;
    }
    if (rows.length < ROWS_PER_LOAD) return highest;
  }
}

/** Kept with the keys of imported messages: this UIDNEXT came from a take-over, and nothing has moved it since. */
function keyOf({ uidValidity, uidNext }: ForeignUids): Buffer {
  return createHash('sha256').update(`UIDs ${uidValidity} ${uidNext}`).digest().subarray(0, 16);
}

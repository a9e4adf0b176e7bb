/**
 * MESSAGELIMIT and SAVELIMIT (RFC 9738), where the configuration limits the messages of a command; what each command does then is in
 * `imap/message-limit.ts`. UIDAFTER and UIDBEFORE are there in any case: they are sets of UIDs.
 */
import { defineExtension } from '../extension.ts';
import { searchKey } from '../item.ts';
import { limitOf, saveLimitOf } from '../message-limit.ts';
import type { Cursor } from '../wire/cursor.ts';
import { nzNumber, sp } from '../wire/grammar.ts';

export const messageLimit = defineExtension({
  rfc: 'RFC 9738 MESSAGELIMIT and SAVELIMIT',
  capabilities: ({ settings }) => {
    const [all, saves] = [limitOf(settings), saveLimitOf(settings)];
    if (all !== undefined) return [`MESSAGELIMIT=${all}`];
    return saves === undefined ? [] : [`SAVELIMIT=${saves}`];
  },
  searchKeys: [
    searchKey<number>({
      name: 'UIDAFTER',
      parse: spUid,
      criterion: (uid) => ({ kind: 'uids', ranges: [[uid + 1, Number.MAX_SAFE_INTEGER]] }),
    }),
    searchKey<number>({
      name: 'UIDBEFORE',
      parse: spUid,
      criterion: (uid) => ({ kind: 'uids', ranges: uid === 1 ? [] : [[1, uid - 1]] }),
    }),
  ],
});

/** `SP uniqueid`. */
function spUid(c: Cursor): number {
  sp(c);
  return nzNumber(c);
}

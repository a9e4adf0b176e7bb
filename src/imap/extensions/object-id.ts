/**
 * OBJECTID (RFC 8474): names that stay when mailboxes are renamed and messages are copied or moved, so that no client downloads
 * again what it has. SELECT, EXAMINE and CREATE say the mailbox's by themselves, by `mailboxId` of `replies.ts`.
 *
 * An email gets its thread when it comes in (`mailbox/model/threads.ts`); one that has none yet, being of an older version, has
 * NIL, and once it has one keeps it (§5.2).
 */
import {
  emailObjectId,
  emailOfObjectId,
  mailboxObjectId,
  threadObjectId,
  threadOfObjectId,
} from '../../mailbox/model/object-ids.ts';
import { defineExtension } from '../extension.ts';
import { fetchItem, searchKey } from '../item.ts';
import type { Cursor } from '../wire/cursor.ts';
import { atom, sp } from '../wire/grammar.ts';

export const objectId = defineExtension({
  rfc: 'RFC 8474 OBJECTID',
  capabilities: () => ['OBJECTID'],
  statusItems: [
    {
      name: 'MAILBOXID',
      write: (out, { id }) => void out.open().ascii(mailboxObjectId(id)).close(),
    },
  ],
  fetchItems: [
    fetchItem({
      name: 'EMAILID',
      write(out, { record }) {
        out.ascii('EMAILID (').ascii(emailObjectId(record.email)).close();
        return undefined;
      },
    }),
    fetchItem({
      name: 'THREADID',
      needs: () => ['thread'],
      write(out, { email }) {
        out.ascii('THREADID ');
        if (email?.thread === undefined) out.nil();
        else out.open().ascii(threadObjectId(email.thread)).close();
        return undefined;
      },
    }),
  ],
  searchKeys: [
    searchKey<string>({
      name: 'EMAILID',
      parse: spObjectId,
      criterion(id) {
        const email = emailOfObjectId(id);
        return { kind: 'emails', numbers: new Set(email === undefined ? [] : [email]) };
      },
    }),
    searchKey<string>({
      name: 'THREADID',
      parse: spObjectId,
      criterion(id) {
        const thread = threadOfObjectId(id);
        return thread === undefined ? { kind: 'emails', numbers: new Set() } : { kind: 'thread', thread };
      },
    }),
  ],
});

/** `SP objectid`: case counts (§7). */
function spObjectId(c: Cursor): string {
  sp(c);
  const mark = c.mark();
  const id = atom(c);
  if (/^[A-Za-z0-9_-]{1,255}$/.test(id)) return id;
  c.reset(mark);
  return c.fail('an object id');
}

/**
 * The part of IMAP4rev2 (RFC 9051) and IMAP4rev1 (RFC 3501) that is about messages; `imap4.ts` has the rest.
 */
import { appendCommand } from '../commands/append.ts';
import { copyCommand, uidCopyCommand } from '../commands/copy.ts';
import { expungeCommand } from '../commands/expunge.ts';
import { fetchCommand, uidFetchCommand } from '../commands/fetch.ts';
import { searchCommand, uidSearchCommand } from '../commands/search.ts';
import { storeCommand, uidStoreCommand } from '../commands/store.ts';
import { defineExtension } from '../extension.ts';
import { CORE_FETCH_ITEMS } from '../fetch/items.ts';

export const imap4Messages = defineExtension({
  rfc: 'RFC 9051 IMAP4rev2, RFC 3501 IMAP4rev1: messages',
  commands: [
    fetchCommand,
    uidFetchCommand,
    storeCommand,
    uidStoreCommand,
    searchCommand,
    uidSearchCommand,
    copyCommand,
    uidCopyCommand,
    expungeCommand,
    appendCommand,
  ],
  fetchItems: CORE_FETCH_ITEMS,
});

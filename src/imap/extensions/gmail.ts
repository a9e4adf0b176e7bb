/**
 * X-GM-EXT-1 (https://developers.google.com/workspace/gmail/imap/imap-extensions): what Gmail calls the id of a message, its
 * conversation and its labels, and a search in the words of the webmail. Only where the configuration says so (`imap.gmail_extension`),
 * for programs that see the word take the server for Gmail (decision 82); elsewhere none of it is known.
 *
 * The numbers are those of OBJECTID (RFC 8474), without their letters: copies of a message have one. What labels are stands in
 * `gmail/labels.ts`.
 */
import { loadPlaces } from '../../mailbox/state/load-places.ts';
import { defineExtension } from '../extension.ts';
import { writeLabels } from '../gmail/labels.ts';
import { rawKey } from '../gmail/raw.ts';
import { labelledKey } from '../gmail/search-labels.ts';
import { storeLabels } from '../gmail/store-labels.ts';
import { fetchItem, type SearchKeyItem, searchKey, storeItem } from '../item.ts';
import type { Cursor } from '../wire/cursor.ts';
import { number64, sp } from '../wire/grammar.ts';
import { type Label, label, labelList } from '../wire/labels.ts';

const LABELS = 'X-GM-LABELS';
const MAX_U32 = 0xffff_ffff;

export const gmail = defineExtension({
  rfc: 'X-GM-EXT-1 of Gmail',
  capabilities: () => ['X-GM-EXT-1'],
  fetchItems: [
    fetchItem({
      name: 'X-GM-MSGID',
      write(out, { record }) {
        out.ascii('X-GM-MSGID ').number(record.email);
        return undefined;
      },
    }),
    fetchItem({
      name: 'X-GM-THRID',
      needs: () => ['thread'],
      // One that has no thread yet, being of an older version, gets one, and then keeps it: until then nothing is said.
      write(out, { email }) {
        if (email?.thread === undefined) return false;
        out.ascii('X-GM-THRID ').number(email.thread);
        return undefined;
      },
    }),
    fetchItem({
      name: LABELS,
      write(out, message, _args, session, selected) {
        const write = (): undefined => {
          out.ascii(`${LABELS} `);
          writeLabels(out, session, selected, message.record);
        };
        const { account } = selected;
        if (account.placements?.isWhole === true) return write();
        return loadPlaces(session.domain, account).then(write);
      },
    }),
  ],
  storeItems: [storeItem<readonly Label[]>({ name: LABELS, parse: spLabels, run: storeLabels })],
  searchKeys: [
    numberKey('X-GM-MSGID', (email) => ({ kind: 'emails', numbers: new Set([email]) })),
    numberKey('X-GM-THRID', (thread) => ({ kind: 'thread', thread })),
    searchKey<Label>({
      name: LABELS,
      parse: (c) => {
        sp(c);
        return label(c);
      },
      criterion: () => NOTHING,
      expand: labelledKey,
    }),
    searchKey<string>({
      name: 'X-GM-RAW',
      parse: (c, text) => {
        sp(c);
        return text(c);
      },
      criterion: () => NOTHING,
      expand: rawKey,
    }),
  ],
});

/** What is no number of ours is found nowhere. */
const NOTHING = Object.freeze({ kind: 'emails', numbers: new Set<number>() } as const);

function numberKey(
  name: string,
  criterion: (number: number) => ReturnType<SearchKeyItem['criterion']>,
): SearchKeyItem {
  return searchKey<number>({
    name,
    parse: (c) => {
      sp(c);
      return number64(c);
    },
    criterion: (number) => (number > 0 && number <= MAX_U32 ? criterion(number) : NOTHING),
  });
}

function spLabels(c: Cursor): readonly Label[] {
  sp(c);
  return labelList(c);
}

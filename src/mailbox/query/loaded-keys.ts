/**
 * What emails are sorted by that no record says: the keys that delivery computed (`mail/sort-keys.ts`), which are in the order of
 * i;unicode-casemap (RFC 5051); for other collations the texts themselves (RFC 4790 §9.2, §9.3).
 */
import { baseSubject } from '../../mail/base-subject.ts';
import type { TextCollation } from '../../mail/fold.ts';
import type { HeaderSummary } from '../../mail/header-summary.ts';
import { type TextKey, textKeyOf } from '../../mail/sort-keys.ts';
import type { Domain } from '../domain.ts';
import type { MessageRecord } from '../model/record.ts';
import { sentOf } from '../search/sort.ts';
import { loadHeaders, loadSortKeys } from '../search/sort-keys-of.ts';
import type { AccountState } from '../state/account.ts';
import type { EmailComparator } from './email-filter.ts';

type Texts = 'from' | 'to' | 'subject';

const KEY_OF: Readonly<Record<Texts, TextKey>> = { from: 'displayFrom', to: 'displayTo', subject: 'subject' };

/** Of each comparator that needs it, by its index, a value for each record: a number, or octets as letters. */
export type LoadedKeys = ReadonlyMap<number, readonly (number | string)[]>;

export function isLoaded({ by }: EmailComparator): boolean {
  return by === 'sent' || by === 'from' || by === 'to' || by === 'subject';
}

/** Some hundred records at once. */
export async function loadKeys(
  domain: Domain,
  account: AccountState,
  records: readonly MessageRecord[],
  sort: readonly EmailComparator[],
): Promise<LoadedKeys> {
  const loaded = new Map<number, readonly (number | string)[]>();
  let keys: readonly Buffer[] | undefined;
  let headers: readonly HeaderSummary[] | undefined;
  for (const [i, comparator] of sort.entries()) {
    if (comparator.by === 'sent') {
      keys ??= await loadSortKeys(domain, account, records);
      loaded.set(
        i,
        valuesOf(keys, (key, at) => sentOf(records[at] as MessageRecord, key)),
      );
    } else if (comparator.by === 'from' || comparator.by === 'to' || comparator.by === 'subject') {
      const { by, collation } = comparator;
      if (collation === 'i;unicode-casemap') {
        keys ??= await loadSortKeys(domain, account, records);
        loaded.set(
          i,
          valuesOf(keys, (key) => textKeyOf(key, KEY_OF[by]).toString('latin1')),
        );
      } else {
        headers ??= await loadHeaders(domain, account, records);
        loaded.set(
          i,
          valuesOf(headers, (header) => collated(textOf(header, by), collation)),
        );
      }
    }
  }
  return loaded;
}

function valuesOf<T, V>(all: readonly T[], value: (one: T, at: number) => V): readonly V[] {
  return all.map(value);
}

/** RFC 8621 §4.4.2. */
function textOf(header: HeaderSummary, by: Texts): string {
  if (by === 'subject') return baseSubject(header.subject()).text;
  const [first] = header[by]();
  if (first === undefined) return '';
  const { name = '', mailbox = '', host = '' } = first;
  return name !== '' ? name : host === '' ? mailbox : `${mailbox}@${host}`;
}

function collated(text: string, collation: TextCollation): string {
  const plain = collation === 'i;octet' ? text : text.replace(/[a-z]+/g, (run) => run.toUpperCase());
  return Buffer.from(plain).toString('latin1');
}

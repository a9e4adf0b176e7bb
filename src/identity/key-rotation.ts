/**
 * The life of a domain's signing keys, as a pure machine. A new key waits until the DNS shows its record at two looks an hour
 * apart: resolvers that asked too early remember for as long that it is not there. Then it signs, and the one before it
 * retires: for a week its record has to stay, for what it has signed may still be on its way or be looked at again.
 * After that its record can go, and when it has, the key is forgotten.
 *
 * Where nothing signs yet, the first look is enough: mail with a signature that some cannot check is no worse than without.
 */
import type { DomainKey, KeyAlgorithm, KeyChange } from '../mailbox/model/domains.ts';

/** What the DNS says of the record of a key. `other`: there is one of that name, and not this. */
export type Sight = 'shown' | 'absent' | 'other' | 'unknown';

export interface KeyNews {
  readonly selector: string;
  /** `retired`: its record can be taken out of the zone. */
  readonly what: 'signs' | 'retires' | 'retired' | 'forgotten';
}

export const APART_MS = 3_600_000;
export const RETIRING_MS = 7 * 24 * 3_600_000;

export interface Step {
  readonly change: KeyChange;
  readonly news: readonly KeyNews[];
}

/** What is otherwise after a look. `sights` by selector; a key that was not looked at stays as it is. */
export function step(keys: readonly DomainKey[], sights: ReadonlyMap<string, Sight>, nowMs: number): Step {
  const put: DomainKey[] = [];
  const dropped: string[] = [];
  const news: KeyNews[] = [];
  for (const key of keys) {
    const sight = sights.get(key.selector) ?? 'unknown';
    const { selector } = key;
    if (key.state === 'waiting') put.push(...waited(keys, key, sight, nowMs));
    if (key.state === 'retiring' && nowMs - key.sinceMs >= RETIRING_MS) {
      put.push({ ...key, state: 'retired', sinceMs: nowMs, privateKey: '' });
      news.push({ selector, what: 'retired' });
    }
    if (key.state === 'retired' && sight === 'absent') {
      dropped.push(selector);
      news.push({ selector, what: 'forgotten' });
    }
  }
  for (const { selector, algorithm, state } of [...put]) {
    if (state !== 'active') continue;
    news.push({ selector, what: 'signs' });
    for (const old of keys) {
      if (old.state !== 'active' || old.algorithm !== algorithm) continue;
      put.push({ ...old, state: 'retiring', sinceMs: nowMs });
      news.push({ selector: old.selector, what: 'retires' });
    }
  }
  return { change: { put, dropped }, news };
}

function waited(
  keys: readonly DomainKey[],
  key: DomainKey,
  sight: Sight,
  nowMs: number,
): readonly DomainKey[] {
  const { seenMs, ...unseen } = key;
  if (sight === 'unknown') return [];
  if (sight !== 'shown') return seenMs === undefined ? [] : [unseen];
  const hasOther = keys.some(({ state, algorithm }) => state === 'active' && algorithm === key.algorithm);
  const isEnough = !hasOther || (seenMs !== undefined && nowMs - seenMs >= APART_MS);
  if (isEnough) return [{ ...unseen, state: 'active', sinceMs: nowMs }];
  return seenMs === undefined ? [{ ...key, seenMs: nowMs }] : [];
}

/** Keys that wait for the DNS. Two rotations in a month have different selectors. */
export async function newPair(
  keys: readonly DomainKey[],
  makeKey: (algorithm: KeyAlgorithm) => Promise<{ readonly privateKey: string; readonly record: string }>,
  nowMs: number,
): Promise<readonly DomainKey[]> {
  return Promise.all(
    (['rsa', 'ed25519'] as const).map(async (algorithm): Promise<DomainKey> => {
      const { privateKey, record } = await makeKey(algorithm);
      const selector = newSelector(keys, algorithm, nowMs);
      return { selector, algorithm, privateKey, record, state: 'waiting', sinceMs: nowMs };
    }),
  );
}

/** `b202611r` and `b202611e`; a second pair of the month is `b202611r2`. */
function newSelector(keys: readonly DomainKey[], algorithm: KeyAlgorithm, nowMs: number): string {
  const month = new Date(nowMs).toISOString().slice(0, 7).replace('-', '');
  const first = `b${month}${algorithm[0]}`;
  for (let n = 1; ; n++) {
    const selector = n === 1 ? first : `${first}${n}`;
    if (!keys.some((key) => key.selector === selector)) return selector;
  }
}

/** Those that sign now: one of each algorithm at most. */
export function signingKeys(keys: readonly DomainKey[]): readonly DomainKey[] {
  return keys.filter(({ state }) => state === 'active');
}

/** Whether a TXT record says the same key: tags may stand in any order and with any space (RFC 6376 §3.6.1). */
export function sameKey(record: string, published: string): boolean {
  const [own, other] = [tagsOf(record), tagsOf(published)];
  const algorithm = (tags: ReadonlyMap<string, string>): string => tags.get('k') ?? 'rsa';
  return own.get('p') === other.get('p') && algorithm(own) === algorithm(other);
}

function tagsOf(record: string): ReadonlyMap<string, string> {
  const tags = record.split(';').map((tag) => {
    const at = tag.indexOf('=');
    return [tag.slice(0, Math.max(at, 0)).trim(), tag.slice(at + 1).replace(/\s/g, '')] as const;
  });
  return new Map(tags);
}

/**
 * Which messages of an earlier moment an account does not have any more. Messages are the same when their octets are; a mailbox may have
 * one twice, and several mailboxes may have it, so they are counted: as often as it was there, it is to be there. One that was moved since is
 * where it was moved to, and nothing is missing of it.
 */

/** A message in a mailbox. */
export interface Content {
  readonly mailbox: string;
  readonly uid: number;
  readonly bytes: number;
  /** SHA-256 of its octets, in base64. */
  readonly digest: string;
}

export interface ContentAccess {
  /** All messages of an account as of one moment; those whose octets are damaged are left out. */
  contentsOf(address: string): AsyncIterable<Content>;
}

/** In the order of `then`. `nameNow`: what a mailbox of then is called by now. */
export function missingOf(
  then: readonly Content[],
  now: readonly Content[],
  nameNow: (mailbox: string) => string,
): readonly Content[] {
  const inPlace = new Map<string, number>();
  const anywhere = new Map<string, number>();
  for (const { mailbox, digest } of now) {
    add(inPlace, placeOf(mailbox, digest), 1);
    add(anywhere, digest, 1);
  }
  const elsewhere = then.filter(({ mailbox, digest }) => {
    const isThere = take(inPlace, placeOf(nameNow(mailbox), digest));
    if (isThere) add(anywhere, digest, -1);
    return !isThere;
  });
  return elsewhere.filter(({ digest }) => !take(anywhere, digest));
}

const placeOf = (mailbox: string, digest: string): string => `${digest} ${mailbox}`;

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function take(counts: Map<string, number>, key: string): boolean {
  const isThere = (counts.get(key) ?? 0) > 0;
  if (isThere) add(counts, key, -1);
  return isThere;
}

/**
 * What an account has, as of one moment, by the octets of its messages: each email is read once, however many mailboxes have it. Nobody is
 * held up: it rests as often as it reads, and what is expunged meanwhile stays readable.
 */
import { createHash } from 'node:crypto';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { emailId } from '../mailbox/model/model.ts';
import { openMailbox } from '../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Viewer } from '../mailbox/state/mailbox.ts';
import type { Content } from '../transfer/missing.ts';

/** Small messages are read together, and a slice of a large one is as much. */
const GROUP_BYTES = 1024 * 1024;
const GROUP_EMAILS = 200;
const LARGE_BYTES = 256 * 1024;

interface Places {
  readonly mailbox: string;
  readonly uids: Uint32Array;
  readonly emails: Uint32Array;
  readonly sizes: Uint32Array;
}

/** Damaged messages are left out. Throws `unavailable`. */
export async function* contentsOf(domain: Domain, account: AccountState): AsyncGenerator<Content> {
  let isInvalid = false;
  const viewers: Viewer[] = [];
  try {
    const events = {
      onHint: () => undefined,
      onInvalid: () => {
        isInvalid = true;
      },
    };
    for (const { name } of [...account.mailboxes.values()]) {
      const viewer = await openMailbox(domain, account, name, true, events).catch(passOver);
      if (viewer !== undefined) viewers.push(viewer);
    }
    // Without a wait in between: what is moved now is in one of them.
    const all = viewers.flatMap(placesIn);
    const digests = new Map<number, string | undefined>();
    for (const { mailbox, uids, emails, sizes } of all) {
      for (let at = 0; at < uids.length; ) {
        const end = groupEnd({ emails, sizes }, at);
        await readInto(digests, domain, account, { emails, sizes }, [at, end]);
        if (isInvalid) throw new MailboxError('unavailable', 'storage failed while the account was read');
        for (; at < end; at++) {
          const digest = digests.get(emails[at] as number);
          if (digest !== undefined)
            yield { mailbox, uid: uids[at] as number, bytes: sizes[at] as number, digest };
        }
      }
    }
  } finally {
    for (const viewer of viewers) viewer.close();
  }
}

/** A mailbox that was deleted before it could be opened is not there. */
function passOver(error: unknown): undefined {
  if (error instanceof MailboxError && error.code === 'nonexistent') return undefined;
  throw error;
}

function placesIn({ mailbox }: Viewer): Places[] {
  const { list, isGone, name } = mailbox;
  if (list === undefined || isGone) return [];
  const { columns, count } = list;
  const copy = (column: ArrayLike<number>): Uint32Array =>
    Uint32Array.from({ length: count }, (_, i) => column[i] as number);
  return [{ mailbox: name, uids: copy(columns.uid), emails: copy(columns.email), sizes: copy(columns.size) }];
}

function groupEnd({ emails, sizes }: Pick<Places, 'emails' | 'sizes'>, from: number): number {
  let end = from;
  for (let bytes = 0; end < emails.length && end - from < GROUP_EMAILS && bytes < GROUP_BYTES; end++)
    bytes += Math.min(sizes[end] as number, LARGE_BYTES);
  return end;
}

async function readInto(
  digests: Map<number, string | undefined>,
  { store }: Pick<Domain, 'store'>,
  { id }: AccountState,
  { emails, sizes }: Pick<Places, 'emails' | 'sizes'>,
  [from, to]: readonly [number, number],
): Promise<void> {
  const small: { readonly email: number; readonly size: number }[] = [];
  for (let at = from; at < to; at++) {
    const [email, size] = [emails[at] as number, sizes[at] as number];
    if (digests.has(email)) continue;
    digests.set(email, undefined);
    if (size <= LARGE_BYTES) small.push({ email, size });
    else
      digests.set(
        email,
        await digestOf(store.readStream({ email: emailId(id, email), start: 0, end: size })),
      );
  }
  const ranges = small.map(({ email, size }) => ({ email: emailId(id, email), start: 0, end: size }));
  const found = ranges.length === 0 ? [] : await store.readRanges(ranges);
  for (const [n, { email }] of small.entries()) {
    const octets = found[n];
    if (octets !== undefined) digests.set(email, createHash('sha256').update(octets).digest('base64'));
  }
}

/** Undefined for what is damaged. */
async function digestOf(octets: AsyncIterable<Buffer>): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const slice of octets) hash.update(slice);
  } catch (error) {
    if (error instanceof MailboxError && error.code === 'damaged') return undefined;
    throw error;
  }
  return hash.digest('base64');
}

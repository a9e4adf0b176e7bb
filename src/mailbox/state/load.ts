/**
 * Brings a mailbox's messages into memory: all of them for a session, only the end for a delivery. Slices yield, so a
 * mailbox of a million messages does not block the event loop; concurrent loads share one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { ChunkRow } from '../port/store.ts';
import type { TranslatedStore } from '../port/translated-store.ts';
import { type AccountState, WritableAccount } from './account.ts';
import { type MailboxState, WritableMailbox } from './mailbox.ts';
import { type MessageList, WritableMessageList } from './message-list.ts';
import { sumsOf } from './message-sums.ts';

export interface Loader {
  readonly store: Pick<TranslatedStore, 'loadChunks' | 'loadLastChunk'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Room is made for so many at first: what a damaged row says of their number is not believed without end. */
const MOST_AT_FIRST = 4_000_000;

/** Chunks a slice: about 6,000 messages and a millisecond. */
const SLICE = 50;

/** After it, `mailbox.list` is set. The caller reads it before its next long wait; viewers keep it from being dropped. */
export async function loadList(
  domain: Loader,
  account: AccountState,
  mailbox: MailboxState,
): Promise<MessageList> {
  const { original } = mailbox;
  if (original !== undefined) {
    do await loadList(domain, account.visit?.owner ?? account, original);
    while (mailbox.list === undefined);
    return mailbox.list;
  }
  const target = used(domain, mailbox);
  if (target.list !== undefined) return target.list;
  target.loading ??= loadAll(domain, account, target).finally(() => {
    target.loading = undefined;
  });
  return target.loading;
}

/** After it, messages can be added: `mailbox.list` or `mailbox.tail` is set. */
export async function loadTail(domain: Loader, account: AccountState, mailbox: MailboxState): Promise<void> {
  const target = used(domain, mailbox);
  if (target.loaded !== undefined) return;
  const last = await domain.store.loadLastChunk(account.id, mailbox.id);
  if (target.loaded !== undefined) return;
  target.tail = WritableMessageList.of(last === undefined ? [] : [last], false, 128);
}

async function loadAll(
  domain: Loader,
  account: AccountState,
  mailbox: WritableMailbox,
): Promise<MessageList> {
  // Whoever began it has something to say first: the answer of SELECT leaves before the work begins.
  await nextTurn();
  await loadTail(domain, account, mailbox);
  const tail = mailbox.tail;
  if (tail === undefined) return mailbox.list as MessageList;
  const list = new WritableMessageList(true, Math.min(Math.max(0, mailbox.exists), MOST_AT_FIRST) + 64);
  let after = 0;
  for (;;) {
    const chunks: readonly ChunkRow[] = await domain.store.loadChunks(account.id, mailbox.id, after, SLICE);
    // Asked anew after each wait: the tail of an empty mailbox begins with what is added meanwhile.
    const upTo = tail.firstChunk;
    for (const chunk of chunks) if (chunk.first < upTo) list.load(chunk);
    const last = chunks.at(-1);
    if (last === undefined || last.first >= upTo || chunks.length < SLICE) break;
    after = last.first;
    await nextTurn();
  }
  list.adoptTail(tail);
  if (list.count !== mailbox.exists) {
    recount(domain, mailbox, list);
    WritableAccount.of(account).placements = undefined;
  }
  mailbox.list = list;
  mailbox.tail = undefined;
  return list;
}

function used(domain: Loader, mailbox: MailboxState): WritableMailbox {
  const target = WritableMailbox.of(mailbox);
  target.lastUsedMs = domain.clock.nowMs();
  return target;
}

/** A damaged database may have lost a chunk: what is left stays readable, and what a client is told is what it can fetch. */
function recount(domain: Loader, mailbox: WritableMailbox, list: MessageList): void {
  domain.log.error(
    { mailbox: mailbox.name, counted: mailbox.exists, found: list.count },
    'the mailbox lost messages to damage; run `brevduva check`',
  );
  Object.assign(mailbox.fields, sumsOf(list));
}

/**
 * Putting messages into conversations (RFC 5256 §3 THREAD), by the keys and links that delivery computed: REFERENCES,
 * ORDEREDSUBJECT, and REFS, which is REFERENCES without guesses by subject and with the conversation in front last that has the newest
 * message.
 *
 * Promises: every message stands in exactly one place; never more than a few milliseconds without a pause. Messages whose keys are
 * lost or not computed yet have those of their header.
 */
import type { Pause } from '../../base/time-slice.ts';
import { type TextCollation, USUAL_COLLATION } from '../../mail/fold.ts';
import { summary } from '../../mail/header-summary.ts';
import { messageLinks, readLinks } from '../../mail/message-links.ts';
import { isReplyOrForward, sortKeys, textKeyOf } from '../../mail/sort-keys.ts';
import type { Domain } from '../domain.ts';
import { type EmailId, emailId } from '../model/model.ts';
import type { MessageRecord } from '../model/record.ts';
import { loadFacts } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { inRow, type Thread, type ThreadedMessage } from './conversation.ts';
import { OrderKeeper } from './kept-order.ts';
import { ReferenceTree } from './reference-tree.ts';
import { recordsOf, sentOf, sorted } from './sort.ts';
import { loadSortKeys, readHeader } from './sort-keys-of.ts';
import { gatherSubjects } from './thread-subjects.ts';

export type ThreadAlgorithm = 'references' | 'ordered-subject' | 'refs';

const MESSAGES_PER_LOAD = 300;

/** In a row of UIDs and brackets (`conversation.ts`); kept for the next who asks while the same messages are there. */
export async function threadsInRow(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  algorithm: ThreadAlgorithm,
  pause: Pause,
  collation: TextCollation = USUAL_COLLATION,
): Promise<Uint32Array> {
  const keeper = new OrderKeeper(domain, mailbox, `thread ${algorithm} ${collation}`);
  const kept = await keeper.findSame(uids, pause);
  if (kept !== undefined) return kept;
  const threads = await threadMessages(domain, account, mailbox, uids, algorithm, pause, collation);
  const row = await inRow(threads, pause);
  keeper.keep(row, uids);
  return row;
}

export async function threadMessages(
  domain: Domain,
  account: AccountState,
  mailbox: MailboxState,
  uids: readonly number[],
  algorithm: ThreadAlgorithm,
  pause: Pause,
  collation: TextCollation = USUAL_COLLATION,
): Promise<readonly Thread[]> {
  const records = await recordsOf(domain, account, mailbox, uids, pause);
  const messages: ThreadedMessage[] = [];
  for (let at = 0; at < records.length; at += MESSAGES_PER_LOAD) {
    const some = records.slice(at, at + MESSAGES_PER_LOAD);
    for (const message of await load(domain, account, some, at, collation)) messages.push(message);
    const resting = pause();
    if (resting !== undefined) await resting;
  }
  if (algorithm === 'ordered-subject') return bySubject(messages, pause);
  const tree = new ReferenceTree(messages);
  await tree.link(pause);
  const roots = await tree.threads(pause);
  if (algorithm === 'refs') {
    await sortBelow(roots, pause);
    return inOrder(roots, newestOf, pause);
  }
  const gathered = await gatherSubjects(await inOrder(roots, sentOfThread, pause), pause);
  await sortBelow(gathered, pause);
  return inOrder(gathered, sentOfThread, pause);
}

async function load(
  domain: Domain,
  account: AccountState,
  records: readonly MessageRecord[],
  firstRow: number,
  collation: TextCollation,
): Promise<ThreadedMessage[]> {
  const subjects =
    collation === USUAL_COLLATION ? [] : await loadSortKeys(domain, account, records, collation);
  const ids = records.map(({ email }) => emailId(account.id, email));
  const facts = await loadFacts(domain, ids, ['sort', 'links']);
  const messages: ThreadedMessage[] = [];
  for (const [i, record] of records.entries()) {
    const one = facts[i];
    const stored = one?.sort && one.links && { sort: one.sort, links: one.links };
    const keys = stored ?? (await keysFromHeader(domain, ids[i] as EmailId, record.size));
    const { id, inReplyTo, references } = readLinks(keys.links);
    const named = references.length > 0 || inReplyTo === undefined ? references : [inReplyTo];
    messages.push({
      uid: record.uid,
      row: firstRow + i,
      sent: sentOf(record, keys.sort),
      subject: textKeyOf(subjects[i] ?? keys.sort, 'subject').toString('latin1'),
      isReply: isReplyOrForward(keys.sort),
      id: id?.toString('latin1'),
      references: named.map((hash) => hash.toString('latin1')),
    });
  }
  return messages;
}

const NOTHING = Buffer.alloc(0);

async function keysFromHeader(
  domain: Domain,
  email: EmailId,
  sizeBytes: number,
): Promise<{ readonly sort: Buffer; readonly links: Buffer }> {
  const header = await readHeader(domain, email, sizeBytes);
  if (header === undefined) return { sort: NOTHING, links: NOTHING };
  const facts = summary(header);
  return { sort: sortKeys(facts), links: messageLinks(facts) };
}

/** ORDEREDSUBJECT: those of one subject, the first with all others below it. */
async function bySubject(messages: readonly ThreadedMessage[], pause: Pause): Promise<readonly Thread[]> {
  const order = await sorted(
    messages.length,
    (a, b) => {
      const [one, other] = [messages[a] as ThreadedMessage, messages[b] as ThreadedMessage];
      if (one.subject !== other.subject) return one.subject < other.subject ? -1 : 1;
      return one.sent - other.sent || a - b;
    },
    pause,
  );
  const threads: Thread[] = [];
  for (const row of order) {
    const message = messages[row] as ThreadedMessage;
    const last = threads.at(-1);
    const node: Thread = { message, children: [] };
    if (last?.message?.subject === message.subject) last.children.push(node);
    else threads.push(node);
  }
  return inOrder(threads, sentOfThread, pause);
}

/** Of a place without a message its first child says (step 4); its children are in order by then, or become so. */
function sentOfThread({ message, children }: Thread): readonly [at: number, row: number] {
  if (message !== undefined) return [message.sent, message.row];
  let first: readonly [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const child of children) {
    const own = sentOfThread(child);
    if (own[0] < first[0] || (own[0] === first[0] && own[1] < first[1])) first = own;
  }
  return first;
}

/** When its newest message was sent: so order those servers that had REFS first, and the clients that ask for it. */
function newestOf(thread: Thread): readonly [at: number, row: number] {
  let newest: [number, number] = [Number.NEGATIVE_INFINITY, -1];
  const open = [thread];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { message } = node;
    if (
      message !== undefined &&
      (message.sent > newest[0] || (message.sent === newest[0] && message.row > newest[1]))
    )
      newest = [message.sent, message.row];
    for (const child of node.children) open.push(child);
  }
  return newest;
}

async function inOrder(
  threads: readonly Thread[],
  by: (thread: Thread) => readonly [at: number, row: number],
  pause: Pause,
): Promise<Thread[]> {
  const keys: (readonly [number, number])[] = [];
  for (const thread of threads) {
    keys.push(by(thread));
    const resting = pause();
    if (resting !== undefined) await resting;
  }
  const order = await sorted(
    threads.length,
    (a, b) => {
      const [one, other] = [keys[a] as readonly [number, number], keys[b] as readonly [number, number]];
      return one[0] - other[0] || one[1] - other[1] || a - b;
    },
    pause,
  );
  const ordered: Thread[] = [];
  for (const row of order) ordered.push(threads[row] as Thread);
  return ordered;
}

/** Step 6: siblings by sent date, everywhere below. */
async function sortBelow(threads: readonly Thread[], pause: Pause): Promise<void> {
  const open = [...threads];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { children } = node;
    if (children.length > 1) {
      const ordered = await inOrder(children, sentOfThread, pause);
      for (let i = 0; i < ordered.length; i++) children[i] = ordered[i] as Thread;
    }
    for (const child of children) open.push(child);
    const resting = pause();
    if (resting !== undefined) await resting;
  }
}

/**
 * What a page of a JMAP client costs the server, in milliseconds of processor time, without HTTP: the first page of INBOX by
 * conversations, asked for as in RFC 8621 §4.10, what has changed, and searches; in an account of many messages that it makes first.
 *
 *     node bench/jmap-list.ts [messages]
 */
import type { JsonObject } from '../src/jmap/core/json.ts';
import { LIMITS } from '../src/jmap/core/limits.ts';
import type { Call } from '../src/jmap/core/method.ts';
import { emailReaders } from '../src/jmap/mail/email-readers.ts';
import { FLAG } from '../src/mail/flags.ts';
import { mailboxObjectId } from '../src/mailbox/model/object-ids.ts';
import { appendMessages } from '../src/mailbox/operations/append.ts';
import { changeFlags } from '../src/mailbox/operations/flags.ts';
import { receive } from '../src/mailbox/operations/incoming.ts';
import { mailboxOf } from '../src/mailbox/operations/mailboxes.ts';
import type { AccountState } from '../src/mailbox/state/account.ts';
import { openTestDomain } from '../test/kit/domain.ts';

const messages = Number(process.argv[2] ?? 100_000);
const WORDS =
  'pigeon harbour invoice window lunch report meeting weather kaffe project alpha beta gamma'.split(' ');
const BATCH = 200;
const NEWEST = [{ property: 'receivedAt', isAscending: false }];
const LISTED = [
  ...['threadId', 'mailboxIds', 'keywords', 'hasAttachment', 'from', 'to', 'subject', 'receivedAt', 'size'],
  'preview',
];

/** Of whatever shape, as JSON is. */
type Answer = ReturnType<typeof JSON.parse>;

let seed = 1;
function pick(limit: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
}

const kit = await openTestDomain({ mayBeDamaged: true });
const { domain } = kit;
const record = await kit.addAccount('alice@example.com', 'secret');
await fill(await domain.accounts.open(record.id));

const methods = new Map(
  emailReaders({ findBlob: async () => undefined }).map((method) => [method.name, method]),
);
const call: Call = {
  ...{
    id: '',
    domain,
    record,
    credential: undefined,
    limits: LIMITS,
    using: new Set<string>(),
    log: domain.log,
    gone: new AbortController().signal,
  },
  created: undefined as never,
  account: () => domain.accounts.open(record.id),
  afterwards: () => {},
  note: () => {},
};

async function run(name: string, args: JsonObject): Promise<Answer> {
  return methods.get(name)?.run({ accountId: `a${record.id}`, ...args }, call);
}

function messageOf(n: number): Buffer {
  const answered = n > 10 && pick(2) === 0 ? `In-Reply-To: <m${n - 1 - pick(10)}@example.org>\r\n` : '';
  const person = pick(500);
  const text = Array.from({ length: 80 }, () => WORDS[pick(WORDS.length)]).join(' ');
  const subject = `${answered === '' ? '' : 'Re: '}${WORDS[pick(WORDS.length)]} ${pick(1000)}`;
  const head = `From: Person ${person} <p${person}@example.org>\r\nTo: alice@example.com\r\nSubject: ${subject}\r\n`;
  return Buffer.from(
    `${head}Date: Tue, 10 Jul 2018 11:03:11 +1000\r\nMessage-ID: <m${n}@example.org>\r\n${answered}\r\n${text}\r\n`,
  );
}

async function fill(account: AccountState): Promise<void> {
  for (let n = 0; n < messages; ) {
    const batches = { INBOX: [] as Answer[], Sent: [] as Answer[] };
    for (let i = 0; i < BATCH && n < messages; i++, n++) {
      const { facts, blob } = await receive(domain.store, [account.id], 1e7, messageOf(n));
      const message = { facts, blob, flags: pick(5) === 0 ? 0 : FLAG.Seen, keywords: [] };
      batches[pick(10) === 0 ? 'Sent' : 'INBOX'].push({ ...message, internalDate: 1_500_000_000 + n * 600 });
    }
    for (const [name, batch] of Object.entries(batches))
      await appendMessages(domain, account, mailboxOf(account, name), batch);
  }
}

/** The best of several, so that a busy machine disturbs it little. */
async function measure(what: string, rounds: number, work: () => Promise<unknown>): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  process.stdout.write(`${what.padEnd(54)} ${least.toFixed(2).padStart(9)} ms\n`);
}

// As after a start: what was made is forgotten.
domain.accounts.evict(record.id, 'begins anew');
const account = await domain.accounts.open(record.id);
const inbox = mailboxOf(account, 'INBOX');
const filter = { inMailbox: mailboxObjectId(inbox.id) };
const everywhere = {
  inMailboxOtherThan: ['Trash', 'Junk'].map((name) => mailboxObjectId(mailboxOf(account, name).id)),
};
const view = { filter, sort: NEWEST, collapseThreads: true };
let queryState = '';
let state = '';

async function page(position = 0): Promise<void> {
  const query = await run('Email/query', { ...view, position, limit: 50, calculateTotal: true });
  const { list } = await run('Email/get', { ids: query.ids, properties: ['threadId'] });
  const threads = await run('Thread/get', { ids: list.map(({ threadId }: Answer) => threadId) });
  const ids = threads.list.flatMap(({ emailIds }: Answer) => emailIds);
  const emails = await run('Email/get', { ids, properties: LISTED });
  ({ queryState } = query);
  ({ state } = emails);
}

async function flag(from: number, count: number): Promise<void> {
  const uids = inbox.list?.columns.uid.subarray(from, from + count) ?? [];
  await changeFlags(domain, account, inbox, [...uids], { mode: 'add', flags: FLAG.Flagged, keywords: [] });
}

const search = (condition: JsonObject) => run('Email/query', { filter: condition, sort: NEWEST, limit: 50 });

await measure('first page after a start', 1, () => page());
await measure('first page', 200, () => page());
await measure('a page in the middle', 50, () => page(Math.floor(messages / 4)));
await flag(7, 1);
await measure('Email/changes after one', 50, () => run('Email/changes', { sinceState: state }));
const since = queryState;
await measure('Email/queryChanges after one', 50, () =>
  run('Email/queryChanges', { ...view, sinceQueryState: since }),
);
for (let i = 0; i < 3; i++) {
  await flag(100 + i, 1);
  await measure(`first page after one more change (${i + 1})`, 1, () => page());
}
await flag(1000, 2000);
await measure('Email/changes after 2,000', 20, () => run('Email/changes', { sinceState: state }));
await measure('Email/queryChanges after 2,000', 20, () =>
  run('Email/queryChanges', { ...view, sinceQueryState: since }).catch(() => {}),
);
await measure('everywhere but Trash and Junk, first', 1, () => search(everywhere));
await measure('everywhere but Trash and Junk, again', 20, () => search(everywhere));
await measure('unread', 1, () => search({ ...filter, notKeyword: '$seen' }));
await measure('subject, first', 1, () => search({ ...everywhere, subject: 'lunch' }));
await measure('subject, another word', 1, () => search({ ...everywhere, subject: 'kaffe' }));
await measure('text, a common word', 1, () => search({ ...everywhere, text: 'harbour' }));
await kit.close();

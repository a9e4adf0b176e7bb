/**
 * What the embedded store does without a server in front: durable batches a second, loading lists and facts, reading
 * bytes. `node bench/store.ts [directory]`; the directory should be on the disk that matters.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asAccountId, asModSeq, asUid, type EmailId, emailId } from '../src/mailbox/model/model.ts';
import type { AccountBatch, ChunkRow, MailStore } from '../src/mailbox/port/store.ts';
import {
  aBatch,
  aMailbox,
  anEmail,
  type BatchParts,
  commit,
  INBOX,
  someBytes,
  staged,
} from '../src/store/fixtures.ts';
import { openSqliteStore } from '../src/store/sqlite/open.ts';

const RECORDS = Buffer.alloc(3800, 7);
const SECONDS = 2;

const chunk = (first: number): ChunkRow => ({
  mailbox: INBOX,
  first: asUid(first),
  count: 100,
  maxModseq: asModSeq(1),
  records: RECORDS,
});

function report(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(46)} ${figure}\n`);
}

/** The longest time for which the event loop did not turn. */
function watchLoop(): () => number {
  let last = performance.now();
  let longest = 0;
  let isWatching = true;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isWatching) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isWatching = false;
    return longest;
  };
}

/** Each writer is an account of its own that waits for `durable` before its next batch; a turn of the loop is one write. */
async function durableBatches(store: MailStore, writers: number, make: (n: number) => Promise<BatchParts>) {
  const end = performance.now() + SECONDS * 1000;
  let waiting: { readonly batch: AccountBatch; readonly done: () => void }[] = [];
  const flush = () => {
    const turn = waiting;
    waiting = [];
    const { durable } = store.write(turn.map((it) => it.batch));
    durable.then(() => {
      for (const it of turn) it.done();
    });
  };
  const latencies: number[] = [];
  const stop = watchLoop();
  await Promise.all(
    Array.from({ length: writers }, async (_, i) => {
      const account = asAccountId(1000 + i);
      for (let n = (await store.loadAccount(account))?.row.modseq ?? 0; performance.now() < end; n++) {
        const begin = performance.now();
        const batch = aBatch(n, { account, ...(await make(n * 1000 + i)) });
        const { promise, resolve } = Promise.withResolvers<void>();
        if (waiting.push({ batch, done: resolve }) === 1) setImmediate(flush);
        await promise;
        latencies.push(performance.now() - begin);
      }
    }),
  );
  const longest = stop();
  latencies.sort((a, b) => a - b);
  const at = (part: number) => (latencies[Math.floor(latencies.length * part)] ?? 0).toFixed(1);
  return `${Math.round(latencies.length / SECONDS)}/s, median ${at(0.5)} ms, p99 ${at(0.99)} ms, loop max ${longest.toFixed(0)} ms`;
}

async function writing(store: MailStore): Promise<void> {
  const mailboxes = [aMailbox()];
  for (const writers of [1, 16, 64]) {
    const flags = async () => ({ mailboxes, chunks: [chunk(1)] });
    report(`change of flags, ${writers} writers`, await durableBatches(store, writers, flags));
  }
  for (const [size, name] of [
    [12_000, '12 KB'],
    [200_000, '200 KB'],
  ] as const) {
    const bytes = someBytes(size);
    for (const writers of [1, 16, 64]) {
      const deliver = async (n: number) => {
        const account = asAccountId(1000 + (n % 1000));
        const blob = await staged(store, bytes, [account]);
        const id = emailId(account, size * 10_000 + Math.floor(n / 1000));
        return { mailboxes, chunks: [chunk(1)], emails: [anEmail(id, blob)] };
      };
      report(`delivery of ${name}, ${writers} writers`, await durableBatches(store, writers, deliver));
    }
  }
}

async function reading(store: MailStore): Promise<void> {
  const account = asAccountId(1);
  const count = 100_000;
  const blob = await staged(store, someBytes(3000), [account]);
  const facts = {
    envelope: Buffer.alloc(350, 1),
    bodyStructure: Buffer.alloc(250, 2),
    parts: Buffer.alloc(60, 3),
    header: Buffer.alloc(500, 4),
    search: Buffer.alloc(150, 5),
    preview: Buffer.alloc(200, 6),
    sort: Buffer.alloc(100, 7),
    links: Buffer.alloc(26, 8),
  };
  const ids: EmailId[] = [];
  for (let n = 0; n < count / 100; n++) {
    const emails = Array.from({ length: 100 }, (_, i) =>
      anEmail(emailId(account, n * 100 + i + 1), blob, facts),
    );
    ids.push(...emails.map((it) => it.id));
    const turn = store.write([
      aBatch(n, { account, mailboxes: [aMailbox()], chunks: [chunk(n * 100 + 1)], emails }),
    ]);
    if (n % 20 === 19) await turn.durable;
  }
  for (let round = 0; round < 3; round++) {
    let begin = performance.now();
    let stop = watchLoop();
    for (let after = 0; ; ) {
      const rows = await store.loadChunks(account, INBOX, after, 1000);
      if (rows.length === 0) break;
      after = rows.at(-1)?.first ?? 0;
    }
    report(
      'load the list of 100,000 messages',
      `${(performance.now() - begin).toFixed(1)} ms, loop max ${stop().toFixed(1)} ms`,
    );
    begin = performance.now();
    stop = watchLoop();
    await store.loadEmails(ids, ['envelope', 'bodyStructure']);
    const each = ((performance.now() - begin) * 1000) / count;
    report(
      'load the facts of 100,000 emails',
      `${each.toFixed(2)} us each, loop max ${stop().toFixed(1)} ms`,
    );
    for (const part of ['header', 'search', 'sort'] as const) {
      begin = performance.now();
      stop = watchLoop();
      await store.loadEmails(ids, [part]);
      const one = ((performance.now() - begin) * 1000) / count;
      report(
        `load "${part}" of 100,000 emails`,
        `${one.toFixed(2)} us each, loop max ${stop().toFixed(1)} ms`,
      );
    }
    begin = performance.now();
    for (let i = 0; i < count; i += 200) {
      await store.readRanges(ids.slice(i, i + 200).map((email) => ({ email, start: 0, end: 800 })));
    }
    report(
      'read 800 octets of 100,000 emails',
      `${(((performance.now() - begin) * 1000) / count).toFixed(2)} us each`,
    );
  }
  const random = ids.map((_, i) => ids[(i * 7919) % count] as EmailId).slice(0, 20_000);
  const begin = performance.now();
  for (let i = 0; i < random.length; i += 20) await store.loadEmails(random.slice(i, i + 20), ['envelope']);
  report(
    'load the facts of emails in random order',
    `${(((performance.now() - begin) * 1000) / random.length).toFixed(2)} us each`,
  );
}

async function large(store: MailStore): Promise<void> {
  const account = asAccountId(2);
  const bytes = someBytes(20_000_000);
  let begin = performance.now();
  const blob = await staged(store, bytes, [account]);
  await commit(store, aBatch(0, { account, emails: [anEmail(emailId(account, 1), blob)] }));
  report('upload 20 MB', `${Math.round(20_000 / (performance.now() - begin))} MB/s`);
  begin = performance.now();
  let read = 0;
  const range = { email: emailId(account, 1), start: 0, end: bytes.length };
  for (let i = 0; i < 10; i++) for await (const slice of store.readStream(range)) read += slice.length;
  report('stream 20 MB, ten times', `${Math.round(read / 1000 / (performance.now() - begin))} MB/s`);
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'brevduva-bench-'));
try {
  const store = await openSqliteStore({ directory });
  await large(store);
  await reading(store);
  await writing(store);
  await store.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Orders that were kept are those that would be made anew, whatever has come and gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random, seedOf } from '../../../test/crash/random.ts';
import { openTestDomain } from '../../../test/kit/domain.ts';
import { appendMessages } from '../operations/append.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { loadList } from '../state/load.ts';
import { type SortCriterion, sortMessages } from './sort.ts';
import { threadsInRow } from './thread.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const CRITERIA: readonly (readonly SortCriterion[])[] = [
  [{ by: 'subject', isReverse: false }],
  [{ by: 'date', isReverse: true }],
  [
    { by: 'from', isReverse: true },
    { by: 'size', isReverse: false },
  ],
  [{ by: 'arrival', isReverse: false }],
];

test(`an order that was kept is the one that would be made (BREVDUVA_TEST_SEED=${SEED})`, async () => {
  const kit = await openTestDomain();
  const random = new Random(SEED);
  const { domain } = kit;
  domain.accounts.orders.leastMessages = 1;
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  const account = await domain.accounts.open(id);
  const inbox = mailboxOf(account, 'INBOX');
  const list = await loadList(domain, account, inbox);
  let next = 0;
  const append = async (count: number): Promise<void> => {
    const messages = [];
    for (let i = 0; i < count; i++) {
      const n = next++;
      const head = [
        `Subject: ${'x'.repeat(random.integer(0, 3))}`,
        `From: p${random.integer(0, 4)}@example.org`,
        `Date: ${new Date(Date.UTC(2024, 0, random.integer(1, 9))).toUTCString()}`,
        `Message-ID: <m${n}@example.org>`,
        ...(n > 0 && random.chance(0.5) ? [`In-Reply-To: <m${random.integer(0, n - 1)}@example.org>`] : []),
      ];
      const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
      const received = await receive(kit.store, [id], bytes.length, bytes);
      messages.push({ ...received, flags: 0, keywords: [], internalDate: random.integer(1, 5) });
    }
    await appendMessages(domain, account, inbox, messages);
  };
  await append(30);
  let kept = 0;
  for (let round = 0; round < 60; round++) {
    if (random.chance(0.6)) await append(random.integer(1, 4));
    const all = [...list.columns.uid.subarray(0, list.count)];
    if (random.chance(0.4))
      await expungeMessages(domain, account, inbox, { uids: random.sample(all, 2).sort((a, b) => a - b) });
    const uids = [...list.columns.uid.subarray(0, list.count)].filter(
      () => round % 3 !== 0 || random.chance(0.7),
    );
    const made = async (): Promise<string[]> => {
      const rows: string[] = [];
      for (const criteria of CRITERIA)
        rows.push((await sortMessages(domain, account, inbox, uids, criteria, () => undefined)).join());
      for (const algorithm of ['references', 'refs', 'ordered-subject'] as const)
        rows.push((await threadsInRow(domain, account, inbox, uids, algorithm, () => undefined)).join());
      return rows;
    };
    if (domain.accounts.orders.get(inbox, 'subject', 0) !== undefined) kept++;
    const found = await made();
    assert.deepEqual(await made(), found, 'asked twice');
    domain.accounts.orders.leastMessages = Number.POSITIVE_INFINITY;
    assert.deepEqual(found, await made(), `round ${round}`);
    domain.accounts.orders.leastMessages = 1;
  }
  assert.ok(kept > 40, `${kept} rounds began with an order`);
  await kit.close();
});

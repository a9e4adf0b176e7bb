import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { appendMessages } from '../operations/append.ts';
import { createMailbox } from '../operations/folders.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import type { Thread } from './conversation.ts';
import { type ThreadAlgorithm, threadMessages } from './thread.ts';

interface Sample {
  readonly id?: string;
  readonly references?: string;
  readonly inReplyTo?: string;
  readonly subject?: string;
  /** Minutes; the place in the list when absent. */
  readonly sent?: number;
  readonly arrived?: number;
}

let kit: TestDomain;
let account: AccountState;
let mailboxes = 0;

before(async () => {
  kit = await openTestDomain();
  const record = await kit.addAccount('alice@example.com', 'secret');
  account = await kit.domain.accounts.open(record.id);
});
after(() => kit.close());

async function threads(samples: readonly Sample[], algorithm: ThreadAlgorithm): Promise<readonly Thread[]> {
  const name = `Threads ${++mailboxes}`;
  await createMailbox(kit.domain, account, name);
  const incoming = [];
  for (const [i, sample] of samples.entries()) {
    const date = new Date(Date.UTC(2024, 0, 1) + (sample.sent ?? i) * 60_000).toUTCString();
    const head = [
      `Date: ${date}`,
      `Subject: ${sample.subject ?? `s${i}`}`,
      ...(sample.id === undefined ? [] : [`Message-ID: <${sample.id}>`]),
      ...(sample.inReplyTo === undefined ? [] : [`In-Reply-To: ${sample.inReplyTo}`]),
      ...(sample.references === undefined ? [] : [`References: ${sample.references}`]),
    ];
    const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
    const received = await receive(kit.store, [account.id], 1e6, bytes);
    incoming.push({ ...received, flags: 0, keywords: [], internalDate: sample.arrived ?? i });
  }
  const mailbox = mailboxOf(account, name);
  const { uids } = await appendMessages(kit.domain, account, mailbox, incoming);
  return threadMessages(kit.domain, account, mailbox, uids, algorithm, () => undefined);
}

/** As IMAP writes it. */
function shown(all: readonly Thread[]): string {
  const inside = ({ message, children }: Thread): string => {
    const below =
      children.length === 1
        ? inside(children[0] as Thread)
        : children.map((it) => `(${inside(it)})`).join('');
    return message === undefined ? below : `${message.uid}${below === '' ? '' : ` ${below}`}`;
  };
  return all.map((thread) => `(${inside(thread)})`).join('');
}

const CASES: readonly (readonly [
  what: string,
  algorithm: ThreadAlgorithm,
  samples: readonly Sample[],
  expected: string,
])[] = [
  ['alone', 'references', [{ id: 'a@x' }, { id: 'b@x' }, {}], '(1)(2)(3)'],
  [
    'a conversation that splits',
    'references',
    [
      { id: 'a@x' },
      { id: 'b@x', references: '<a@x>' },
      { id: 'c@x', references: '<a@x> <b@x>' },
      { id: 'd@x', references: '<a@x> <b@x>' },
      { id: 'e@x', inReplyTo: '<d@x>' },
    ],
    '(1 2 (3)(4 5))',
  ],
  [
    'answers before questions',
    'references',
    [
      { id: 'b@x', references: '<a@x>', sent: 5 },
      { id: 'a@x', sent: 1 },
    ],
    '(2 1)',
  ],
  [
    'a question that is not here',
    'references',
    [{ references: '<gone@x>' }, { references: '<gone@x>' }],
    '((1)(2))',
  ],
  ['one answer to what is not here', 'references', [{ references: '<gone@x>' }], '(1)'],
  [
    'several that are not here',
    'references',
    [{ references: '<g1@x> <g2@x> <g3@x>' }, { references: '<g1@x> <g2@x>' }, { references: '<g1@x>' }],
    '((1)(2)(3))',
  ],
  ['one id twice', 'references', [{ id: 'a@x' }, { id: 'a@x' }, { inReplyTo: '<a@x>' }], '(1 3)(2)'],
  [
    'a loop',
    'references',
    [
      { id: 'a@x', references: '<b@x>' },
      { id: 'b@x', references: '<a@x>' },
    ],
    '(2 1)',
  ],
  ['itself', 'references', [{ id: 'a@x', references: '<a@x>' }], '(1)'],
  ['quotes that change nothing', 'references', [{ id: '"a"@x' }, { references: '<a@x>' }], '(1 2)'],
  [
    'References win over In-Reply-To',
    'references',
    [{ id: 'a@x' }, { id: 'b@x' }, { references: '<a@x>', inReplyTo: '<b@x>' }],
    '(1 3)(2)',
  ],
  [
    'a subject and its reply',
    'references',
    [{ subject: 'lunch' }, { subject: 'Re: lunch' }, { subject: 'Lunch' }],
    '((1 2)(3))',
  ],
  ['a reply before its subject', 'references', [{ subject: 'Re: lunch' }, { subject: 'lunch' }], '(2 1)'],
  ['two replies', 'references', [{ subject: 'Re: lunch' }, { subject: 'Fwd: lunch' }], '((1)(2))'],
  ['no subject joins nothing', 'references', [{ subject: '' }, { subject: 'Re:' }], '(1)(2)'],
  [
    'siblings by sent date',
    'references',
    [
      { id: 'a@x' },
      { references: '<a@x>', sent: 9 },
      { references: '<a@x>', sent: 3 },
      { sent: 1, subject: 'other' },
    ],
    '(1 (3)(2))(4)',
  ],
  [
    'by subject',
    'ordered-subject',
    [
      { subject: 'b', sent: 3 },
      { subject: 'Re: a', sent: 2 },
      { subject: 'A', sent: 1 },
      { subject: 'fwd: a', sent: 5 },
    ],
    '(3 (2)(4))(1)',
  ],
  [
    'the newest last, subjects apart',
    'refs',
    [
      { id: 'a@x', subject: 'x' },
      { id: 'b@x', subject: 'Re: x' },
      { references: '<a@x>', subject: 'Re: x', arrived: 99 },
    ],
    '(2)(1 3)',
  ],
  [
    'the newest is the one that was sent last, whenever it arrived',
    'refs',
    [
      { id: 'a@x', sent: 5 },
      { id: 'b@x', sent: 1 },
      { references: '<b@x>', sent: 3, arrived: 99 },
    ],
    '(2 3)(1)',
  ],
];

describe('threads (RFC 5256 §3)', () => {
  for (const [what, algorithm, samples, expected] of CASES) {
    test(`${algorithm}: ${what}`, async () =>
      assert.equal(shown(await threads(samples, algorithm)), expected));
  }

  test('property: every message once, whatever refers to what', async () => {
    const id = fc.constantFrom('a@x', 'b@x', 'c@x', 'd@x', 'e@x', 'f@x', 'g@x');
    const sample = fc.record({
      id,
      references: fc.array(id, { maxLength: 5 }).map((ids) => ids.map((one) => `<${one}>`).join(' ')),
      subject: fc.constantFrom('x', 'Re: x', 'y', '', 'Fwd: y'),
      sent: fc.nat(5),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(sample, { maxLength: 12 }),
        fc.constantFrom('references', 'refs', 'ordered-subject'),
        async (samples, algorithm) => {
          const found: number[] = [];
          const open = [...(await threads(samples, algorithm))];
          for (let node = open.pop(); node !== undefined; node = open.pop()) {
            if (node.message !== undefined) found.push(node.message.uid);
            else assert.ok(node.children.length > 1, 'a place without a message holds several');
            open.push(...node.children);
          }
          assert.deepEqual(
            found.sort((a, b) => a - b),
            samples.map((_, i) => i + 1),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

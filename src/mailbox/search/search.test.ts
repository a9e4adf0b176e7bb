import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { runs } from '../../../test/kit/runs.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Criterion } from '../model/criterion.ts';
import { appendMessages } from '../operations/append.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import { searchMessages } from './search.ts';

interface Sample {
  readonly subject: string;
  readonly from: string;
  readonly body: string;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly internalDate: number;
  readonly sentDay: number;
  readonly bytes: Buffer;
}

const WORDS = ['alpha', 'Beta', 'GAMMA', 'δέλτα', 'Ünïcode', 'ΟΔΟΣ', 'x'];
const DAY = 86_400;

/** Twelve messages that differ in everything a search can ask for. */
const SAMPLES: readonly Sample[] = Array.from({ length: 12 }, (_, i) => sample(i));

function sample(i: number): Sample {
  const word = (n: number): string => WORDS[(i * n + n) % WORDS.length] as string;
  const subject = `${word(1)} ${word(2)}`;
  const from = `${word(3)} <p${i % 4}@example.org>`;
  const body = `${word(4)}\r\n${word(5)} ${i}`;
  const encoded = Buffer.from(body).toString('base64');
  const sentDay = 19_000 + (i % 5);
  const head = `From: =?utf-8?B?${Buffer.from(word(3)).toString('base64')}?= <p${i % 4}@example.org>\r\n`;
  const bytes = Buffer.from(
    `${head}Subject: ${subject}\r\nDate: ${new Date(sentDay * DAY * 1000).toUTCString()}\r\nX-Odd: ${i % 2}\r\n` +
      (i % 3 === 0
        ? `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n`
        : `Content-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`),
  );
  const flags = (i % 2 === 0 ? FLAG.Seen : 0) | (i % 3 === 0 ? FLAG.Flagged : 0);
  const keywords = i % 4 === 0 ? ['$One'] : [];
  return { subject, from, body, flags, keywords, internalDate: 1_700_000_000 + i * 1000, sentDay, bytes };
}

const fold = (text: string): string => text.normalize('NFC').toLowerCase().replaceAll('ς', 'σ');
const has = (text: string, value: string): boolean => fold(text).includes(fold(value));

/** The same question answered the slow way. */
function matches(one: Sample, uid: number, criterion: Criterion): boolean {
  switch (criterion.kind) {
    case 'all':
      return true;
    case 'flag':
      return ((one.flags & criterion.bit) !== 0) === criterion.isSet;
    case 'keyword':
      return one.keywords.includes(criterion.name) === criterion.isSet;
    case 'uids':
      return criterion.ranges.some(([low, high]) => uid >= low && uid <= high);
    case 'arrived':
      return one.internalDate >= criterion.from && one.internalDate < criterion.until;
    case 'size':
      return one.bytes.length >= criterion.from && one.bytes.length < criterion.until;
    case 'sent':
      return one.sentDay >= criterion.from && one.sentDay < criterion.until;
    case 'field':
      return has(criterion.field === 'subject' ? one.subject : one.from, criterion.value);
    case 'header':
      return has(String(one.bytes.toString().match(/X-Odd: (\d)/)?.[1]), criterion.value);
    case 'body':
      return has(one.body, criterion.value);
    case 'and':
      return criterion.criteria.every((member) => matches(one, uid, member));
    case 'or':
      return criterion.criteria.some((member) => matches(one, uid, member));
    case 'not':
      return !matches(one, uid, criterion.criterion);
    default:
      return assert.fail(criterion.kind);
  }
}

const text = fc.constantFrom('a', 'BET', 'δΈλ', 'ünÏ', 'οδος', 'σ', 'X', 'ma', '1', 'alpha beta');
const leaf: fc.Arbitrary<Criterion> = fc.oneof(
  fc.constant<Criterion>({ kind: 'all' }),
  fc.record({
    kind: fc.constant('flag'),
    bit: fc.constantFrom(FLAG.Seen, FLAG.Flagged),
    isSet: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('keyword'), name: fc.constantFrom('$One', '$None'), isSet: fc.boolean() }),
  fc.tuple(fc.nat(12), fc.nat(5)).map(([low, n]): Criterion => ({ kind: 'uids', ranges: [[low, low + n]] })),
  fc
    .nat(12)
    .map((i): Criterion => ({ kind: 'arrived', from: 1_700_000_000 + i * 1000, until: 1_700_008_000 })),
  fc.nat(400).map((n): Criterion => ({ kind: 'size', from: n, until: 330 })),
  fc.nat(5).map((n): Criterion => ({ kind: 'sent', from: 19_000 + n, until: 19_003 + n })),
  fc.record({ kind: fc.constant('field'), field: fc.constantFrom('subject', 'from'), value: text }),
  fc.record({
    kind: fc.constant('header'),
    name: fc.constant('X-Odd'),
    value: fc.constantFrom('1', '0', ''),
  }),
  fc.record({ kind: fc.constant('body'), value: text }),
) as fc.Arbitrary<Criterion>;

const { tree } = fc.letrec<{ tree: Criterion }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc
      .array(tie('tree'), { minLength: 2, maxLength: 4 })
      .map((criteria): Criterion => ({ kind: 'and', criteria })),
    fc
      .array(tie('tree'), { minLength: 2, maxLength: 4 })
      .map((criteria): Criterion => ({ kind: 'or', criteria })),
    tie('tree').map((criterion): Criterion => ({ kind: 'not', criterion })),
  ),
}));

describe('search', () => {
  let kit: TestDomain;
  let account: AccountState;

  before(async () => {
    kit = await openTestDomain();
    const record = await kit.addAccount('alice@example.com', 'secret');
    account = await kit.domain.accounts.open(record.id);
    for (const one of SAMPLES) await add(one.bytes, one);
  });
  after(() => kit.close());

  async function add(bytes: Buffer, facts: Partial<Sample> = {}, name = 'INBOX'): Promise<number> {
    const received = await receive(kit.store, [account.id], bytes.length, bytes);
    const { flags = 0, keywords = [], internalDate } = facts;
    const message = { ...received, flags, keywords, internalDate };
    const { uids } = await appendMessages(kit.domain, account, mailboxOf(account, name), [message]);
    return uids[0] as number;
  }

  async function search(
    criterion: Criterion,
    wants: 'all' | 'first' | 'last' | 'ends' = 'all',
    name = 'INBOX',
  ): Promise<readonly number[]> {
    const request = { criterion, upTo: Number.MAX_SAFE_INTEGER, wants, pause: () => undefined };
    return (await searchMessages(kit.domain, account, mailboxOf(account, name), request)).uids;
  }

  test('finds what looking at every message finds, and only that', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (criterion) => {
        const expected = SAMPLES.flatMap((one, i) => (matches(one, i + 1, criterion) ? [i + 1] : []));
        assert.deepEqual(await search(criterion), expected);
        assert.deepEqual(await search(criterion, 'first'), expected.slice(0, 1));
        assert.deepEqual(await search(criterion, 'last'), expected.slice(-1));
        assert.deepEqual(await search(criterion, 'ends'), [
          ...new Set([...expected.slice(0, 1), ...expected.slice(-1)]),
        ]);
      }),
      { numRuns: runs(300) },
    );
  });

  test('an answer is a message that is there, known to the searcher, at the end of the search', async () => {
    const mailbox = mailboxOf(account, 'Archive');
    for (let i = 0; i < 5; i++) await add(Buffer.from(`Subject: s${i}\r\n\r\nneedle\r\n`), {}, 'Archive');
    let isFirst = true;
    const { uids } = await searchMessages(kit.domain, account, mailbox, {
      criterion: { kind: 'body', value: 'needle' },
      upTo: 4,
      wants: 'all',
      pause: () => {
        if (!isFirst) return undefined;
        isFirst = false;
        return expungeMessages(kit.domain, account, mailbox, { uids: [1] }).then(() => undefined);
      },
    });
    assert.deepEqual(
      uids.filter((uid) => uid > 1),
      [2, 3, 4],
    );
  });

  test('a long body is searched in pieces, whatever lies across them', async () => {
    const filler = `${'a line of no interest, with umlauts äöü\r\n'.repeat(20_000)}`;
    const encoded = Buffer.from(`${filler}the Needle Ä stands here\r\n${filler}`).toString('base64');
    const lines = encoded.replace(/.{76}/g, '$&\r\n');
    const uid = await add(
      Buffer.from(
        `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n` +
          `Content-Transfer-Encoding: base64\r\n\r\n${lines}\r\n--b--\r\n`,
      ),
      {},
      'Junk',
    );
    assert.deepEqual(await search({ kind: 'body', value: 'NEEDLE ä stands' }, 'all', 'Junk'), [uid]);
    assert.deepEqual(await search({ kind: 'body', value: 'äöü\r\nthe needle' }, 'all', 'Junk'), [uid]);
    assert.deepEqual(await search({ kind: 'body', value: 'needle stands' }, 'all', 'Junk'), []);
  });

  const charsets: readonly (readonly [label: string, head: string, body: Buffer, needle: string])[] = [
    ['windows-1252', 'text/plain; charset=iso-8859-1', Buffer.from('gr\xfc\xdfe', 'latin1'), 'GRÜß'],
    ['iso-2022-jp', 'text/plain; charset=iso-2022-jp', Buffer.from('\x1b$B8!:w\x1b(B ok', 'latin1'), '検索'],
    ['utf-16', 'text/plain; charset=utf-16', Buffer.from('\ufeffWörter', 'utf16le'), 'wört'],
    ['unlabelled utf-8', 'text/html', Buffer.from('<b>Köln</b>'), 'KÖLN'],
    ['nfd', 'text/plain; charset=utf-8', Buffer.from('Ko\u0308ln'), 'köln'],
  ];
  for (const [label, type, body, needle] of charsets) {
    test(`text in ${label} is found`, async () => {
      const uid = await add(Buffer.concat([Buffer.from(`Content-Type: ${type}\r\n\r\n`), body]), {}, 'Sent');
      assert.ok((await search({ kind: 'body', value: needle }, 'all', 'Sent')).includes(uid));
    });
  }

  test('TEXT looks into the header, BODY does not; both into attachment names and attached messages', async () => {
    const uid = await add(
      Buffer.from(
        'Subject: Outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n' +
          'Content-Type: application/pdf; name="rechnung.pdf"\r\n\r\n%PDF secret\r\n--b\r\n' +
          'Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\ninside\r\n--b--\r\n',
      ),
      {},
      'Trash',
    );
    for (const [kind, value, isFound] of [
      ['text', 'outer', true],
      ['body', 'outer', false],
      ['body', 'RECHNUNG', true],
      ['body', 'subject: inner', true],
      ['body', 'inside', true],
      ['body', 'secret', false],
      ['body', '', true],
    ] as const) {
      assert.deepEqual(
        await search({ kind, value }, 'all', 'Trash'),
        isFound ? [uid] : [],
        `${kind} ${value}`,
      );
    }
  });
});

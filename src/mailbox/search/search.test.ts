import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { runs } from '../../../test/kit/runs.ts';
import { FLAG } from '../../mail/flags.ts';
import type { Criterion } from '../model/criterion.ts';
import { appendMessages } from '../operations/append.ts';
import { copyMessages } from '../operations/copy.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { createMailbox } from '../operations/folders.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import { type SearchRequest, searchMessages } from './search.ts';

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

const ENDS = [
  [1, 0],
  [0, 1],
  [1, 1],
  [3, 0],
  [0, 3],
  [4, 2],
  [1, 100],
] as const;

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
    wants: SearchRequest['wants'] = 'all',
    name = 'INBOX',
  ): Promise<readonly number[]> {
    const request = { criterion, upTo: Number.MAX_SAFE_INTEGER, wants, pause: () => undefined };
    return (await searchMessages(kit.domain, account, mailboxOf(account, name), request)).uids;
  }

  for (const leastMessages of [500, 1])
    test(`finds what looking at every message finds, texts in memory from ${leastMessages} on`, async () => {
      kit.domain.accounts.searchTexts.leastMessages = leastMessages;
      await fc.assert(
        fc.asyncProperty(tree, async (criterion) => {
          const expected = SAMPLES.flatMap((one, i) => (matches(one, i + 1, criterion) ? [i + 1] : []));
          assert.deepEqual(await search(criterion), expected);
          for (const [first, last] of ENDS) {
            const ends = [...expected.slice(0, first), ...(last === 0 ? [] : expected.slice(-last))];
            assert.deepEqual(await search(criterion, { first, last }), [...new Set(ends)]);
          }
        }),
        { numRuns: runs(300) },
      );
    });

  test('texts in memory follow what comes, goes and is copied', async () => {
    kit.domain.accounts.searchTexts.leastMessages = 1;
    const subject: Criterion = { kind: 'field', field: 'subject', value: 'Straße' };
    const late = await add(Buffer.from('Subject: late\r\nFrom: strasse@example.org\r\n\r\n'), {}, 'Sent');
    const uids: number[] = [];
    for (let i = 0; i < 4; i++) {
      const mail = `Subject: ${i % 2 === 0 ? 'Die STRASSE' : '=?utf-8?q?Stra=C3=9Fe?='} ${i}\r\nFrom: a@example.org\r\n\r\n`;
      uids.push(await add(Buffer.from(mail), {}, 'Junk'));
      assert.deepEqual(
        await search(subject, 'all', 'Junk'),
        uids.filter((_, n) => n % 2 === 1),
      );
    }
    // An email from before all that are known, so that nothing is known of it.
    const [junk, sent] = [mailboxOf(account, 'Junk'), mailboxOf(account, 'Sent')];
    await copyMessages(kit.domain, account, sent, [late], junk);
    const from: Criterion = { kind: 'field', field: 'from', value: 'STRASSE@' };
    assert.deepEqual(await search(from, 'all', 'Junk'), [(uids.at(-1) as number) + 1]);
    await expungeMessages(kit.domain, account, junk, { uids: [uids[1] as number] });
    assert.deepEqual(await search(subject, 'all', 'Junk'), [uids[3]]);
    const left = await search({ kind: 'all' }, 'all', 'Junk');
    await expungeMessages(kit.domain, account, junk, { uids: left });
  });

  test('texts that are too many for memory are looked at where they are', async () => {
    const cache = kit.domain.accounts.searchTexts;
    const { maxBytes } = cache;
    [cache.leastMessages, cache.maxBytes] = [1, 10_000];
    const uids: number[] = [];
    for (let i = 0; i < 4; i++)
      uids.push(await add(Buffer.from(`Subject: many ${i % 2}\r\n\r\n`), {}, 'Drafts'));
    const drafts = mailboxOf(account, 'Drafts');
    const odd: Criterion = { kind: 'field', field: 'subject', value: 'many 1' };
    const found = await Promise.all([search(odd, 'all', 'Drafts'), search(odd, 'all', 'Drafts')]);
    assert.deepEqual(found, [
      [uids[1], uids[3]],
      [uids[1], uids[3]],
    ]);
    assert.ok(cache.isTooLarge(drafts) && cache.get(drafts, 0) === undefined);
    await expungeMessages(kit.domain, account, drafts, { uids: [uids[0] as number] });
    assert.ok(!cache.isTooLarge(drafts), 'it may be tried again');
    cache.maxBytes = maxBytes;
    assert.deepEqual(await search(odd, 'all', 'Drafts'), [uids[1], uids[3]]);
    assert.ok(cache.get(drafts, 0));
    await expungeMessages(kit.domain, account, drafts, { uids: uids.slice(1) });
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
      ['body', 'inner', false],
      ['text', 'subject: inner', true],
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

  /** Into a mailbox of its own. */
  async function addTo(name: string, bytes: Buffer): Promise<number> {
    await createMailbox(kit.domain, account, name);
    return add(bytes, {}, name);
  }

  test('BODY looks into texts and file names, not into headers (RFC 9051 §6.4.4)', async () => {
    const uid = await addTo(
      'Body',
      Buffer.from(
        'Content-Type: multipart/mixed; boundary=bound\r\nX-Own: own\r\n\r\npreamble\r\n--bound\r\n' +
          'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <part1@x>\r\n\r\n' +
          `${Buffer.from('<p>Grüße</p>').toString('base64')}\r\n--bound\r\n` +
          "Content-Type: application/pdf; name*0*=iso-8859-1''Stra%DF; name*1=en.pdf\r\nContent-Disposition: attachment;\r\n" +
          ' filename*0*=utf-8\'\'%C3%9Cber; filename*1*=%C3%A4lle; filename*2=".pdf"\r\n\r\nx\r\n--bound\r\n' +
          'Content-Type: image/png; name="=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?B?GyRCOGwbKEI=?="\r\n\r\nx\r\n--bound\r\n' +
          'Content-Type: text/plain;\r\n\tname="two\r\n\twords.txt"\r\n\r\nplain\r\n--bound\r\n' +
          'Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\nX-Inner: deep\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n' +
          '--in\r\nContent-Type: text/x-inside; name=inside.txt\r\n\r\nsaid\r\n--in--\r\n--bound--\r\n',
      ),
    );
    const found = [
      'grüße',
      'überälle.pdf',
      'straßen.pdf',
      '日本語',
      'two words.txt',
      'two\twords',
      'plain',
      'inside.txt',
      'said',
      '',
    ];
    const inHeaders = [
      'html',
      'base64',
      'content-type',
      'boundary',
      'bound',
      'filename',
      'part1',
      'x-inside',
      'inner',
      'deep',
      'own',
      'iso-2022-jp',
    ];
    for (const value of found) {
      assert.deepEqual(await search({ kind: 'body', value }, 'all', 'Body'), [uid], value);
      assert.deepEqual(await search({ kind: 'text', value }, 'all', 'Body'), [uid], value);
    }
    for (const value of inHeaders) {
      assert.deepEqual(await search({ kind: 'body', value }, 'all', 'Body'), [], value);
      assert.deepEqual(
        await search({ kind: 'text', value }, 'all', 'Body'),
        value === 'iso-2022-jp' ? [] : [uid],
        value,
      );
    }
    for (const kind of ['body', 'text'] as const)
      assert.deepEqual(await search({ kind, value: 'preamble' }, 'all', 'Body'), []);
  });

  test('a message that is one file is found by its name', async () => {
    const head =
      'Subject: s\r\nContent-Disposition: attachment; filename="rapport.pdf"\r\nContent-Type: application/pdf\r\n\r\nx';
    const uid = await addTo('File', Buffer.from(head));
    assert.deepEqual(await search({ kind: 'body', value: 'RAPPORT' }, 'all', 'File'), [uid]);
  });

  const folded = 'a quarterly report of =?utf-8?Q?all_?= =?utf-8?Q?parts?= is here';
  for (const gap of ['\t', '\r\n\t', '\r\n ', '\r\n \t  ', '  ', ' \r\n\t', '\n\t']) {
    test(`white space in headers is one space, also as ${JSON.stringify(gap)} (RFC 5322 §2.2.3)`, async () => {
      const text = folded.replaceAll(' ', gap);
      const mailbox = `Gap${gap.length}${Buffer.from(gap).toString('hex')}`;
      const head = `Subject: ${text}\r\nX-Other: ${text}\r\nTo: ${text} <to@example.com>,${gap}"quoted${gap}name" <q@example.com>\r\n`;
      const uid = await addTo(mailbox, Buffer.from(`${head}From: a@b\r\n\r\nbody`));
      const value = 'quarterly report of all parts is';
      for (const criterion of [
        { kind: 'field', field: 'subject', value },
        { kind: 'field', field: 'to', value },
        { kind: 'field', field: 'to', value: 'quoted name' },
        { kind: 'header', name: 'X-Other', value },
        { kind: 'header', name: 'Subject', value: value.replaceAll(' ', gap) },
        { kind: 'text', value },
        { kind: 'text', value: `subject: a ${value}` },
      ] as const)
        assert.deepEqual(await search(criterion, 'all', mailbox), [uid], JSON.stringify(criterion));
      const other = { kind: 'field', field: 'subject', value: 'quarterlyreport' } as const;
      assert.deepEqual(await search(other, 'all', mailbox), []);
    });
  }

  const japanese = '=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= =?ISO-2022-JP?B?GyRCOGwbKEI=?=';
  test('encoded words in charsets with state are found in every place', async () => {
    const head = `Subject: ${japanese}\r\nX-Other: ${japanese}\r\nFrom: ${japanese} <a@b>\r\n`;
    const uid = await addTo('Japanese', Buffer.from(`${head}\r\n`));
    for (const criterion of [
      { kind: 'field', field: 'subject', value: '日本語' },
      { kind: 'field', field: 'from', value: '日本語 <a@b>' },
      { kind: 'header', name: 'X-Other', value: '日本語' },
      { kind: 'text', value: '日本語' },
    ] as const)
      assert.deepEqual(await search(criterion, 'all', 'Japanese'), [uid], JSON.stringify(criterion));
  });

  test('every address of a long list is found, however long the header', async () => {
    const list = (count: number): string =>
      Array.from({ length: count }, (_, i) => `p${i}x@example.com`).join(',\r\n ');
    const shapes: [string, string, number][] = [
      ['1001', `To: ${list(1001)}\r\nCc: ${list(1001)}\r\n`, 1000],
      ['over 64 KB', `To: ${list(4000)}\r\nCc: ${list(4000)}\r\n`, 3999],
      ['over 1 MiB', `To: ${list(60_000)}\r\nCc: ${list(60_000)}\r\n`, 59_999],
      ['of many fields', `${'X: y\r\n'.repeat(20_000)}To: ${list(10)}\r\nCc: ${list(10)}\r\n`, 9],
      [
        'in one line',
        `To: ${list(60_000).replaceAll('\r\n', '')}\r\nCc: ${list(60_000).replaceAll('\r\n', '')}\r\n`,
        59_999,
      ],
      ['behind 5 MB', `X: ${'y'.repeat(5_000_000)}\r\nTo: ${list(10)}\r\nCc: ${list(10)}\r\n`, 9],
    ];
    for (const [name, head, last] of shapes) {
      const uid = await addTo(name, Buffer.from(`${head}Subject: after all\r\nX-Last: end\r\n\r\nbody`));
      for (const criterion of [
        { kind: 'field', field: 'to', value: `p${last}x@example.com` },
        { kind: 'field', field: 'cc', value: `P${last}X@` },
        { kind: 'field', field: 'subject', value: 'after all' },
        { kind: 'header', name: 'X-Last', value: 'end' },
        { kind: 'text', value: `p${last}x@example.com` },
      ] as const)
        assert.deepEqual(await search(criterion, 'all', name), [uid], `${name} ${JSON.stringify(criterion)}`);
      const other = { kind: 'field', field: 'to', value: `p${last + 1}x@` } as const;
      assert.deepEqual(await search(other, 'all', name), [], name);
    }
  });

  test('however many words are looked for in however much text, others get their turns', async () => {
    const line = `${'many words of no interest '.repeat(3)}\r\n`;
    const body = line.repeat(8000);
    const cases: [string, string, (value: string) => Criterion][] = [
      ['Long body', `Subject: s\r\n\r\n${body}`, (value) => ({ kind: 'body', value })],
      [
        'Endless line',
        `Subject: s\r\n\r\n${body.replaceAll('\r\n', ' ')}`,
        (value) => ({ kind: 'text', value }),
      ],
      [
        'Long field',
        `X-Long: ${body.replaceAll('\r\n', '\r\n ')}end\r\n\r\n`,
        (value) => ({ kind: 'header', name: 'x-long', value }),
      ],
      [
        'Long subject',
        `Subject: ${body.replaceAll('\r\n', '\r\n ')}end\r\n\r\n`,
        (value) => ({ kind: 'field', field: 'subject', value }),
      ],
    ];
    for (const [name, message, of] of cases) {
      await addTo(name, Buffer.from(message));
      const mailbox = mailboxOf(account, name);
      const criteria = Array.from({ length: 400 }, (_, i) => of(`word ${i}`));
      let pauses = 0;
      const pause = (): undefined => {
        pauses++;
        return undefined;
      };
      const criterion: Criterion = { kind: 'or', criteria };
      await searchMessages(kit.domain, account, mailbox, { criterion, upTo: 1, wants: 'all', pause });
      // 400 words in 600 KB, half a megabyte at a time.
      assert.ok(pauses > 300, `${name}: ${pauses}`);
    }
  });
});

/** Email/query and Email/queryChanges over a real socket: windows, words, what is refused, and lists that are kept by what changed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { RandomAccount } from '../../../test/kit/random-account.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { searchWords } from './search-words.ts';

let server: TestJmap;
let mail: RandomAccount;
before(async () => {
  server = await startTestJmap();
  mail = new RandomAccount(server.kit.domain, await server.account(), 5);
});
after(() => server.close());

const query = (args: Answer = {}): Promise<Answer> => server.alice.call('Email/query', args);
const NEWEST = [{ property: 'receivedAt', isAscending: false }];

test('words and phrases (RFC 8621 §4.4.1)', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  \t ', []],
    ['one two', ['one', 'two']],
    ['"one two" three', ['one two', 'three']],
    ["'one two'", ['one two']],
    ['"a \\" b" c', ['a " b', 'c']],
    ["'it\\'s'", ["it's"]],
    ["don't rock 'n' roll", ["don't", 'rock', 'n', 'roll']],
    ['"open end', ['"open', 'end']],
    ['a"b c"', ['a"b', 'c"']],
    ['same same', ['same']],
    ['""', []],
    ['"a"b', ['"a"b']],
  ];
  for (const [text, expected] of cases) assert.deepEqual(searchWords(text), expected, text);
});

describe('windows onto a list (RFC 8620 §5.5)', () => {
  let all: string[] = [];
  before(async () => {
    for (let i = 0; i < 25; i++) await mail.append(mail.account.byName.get('INBOX') as never);
    all = (await query({ sort: NEWEST })).ids;
  });

  test('position, limit, total and anchor', async () => {
    assert.equal(all.length, 25);
    const cases: readonly (readonly [Answer, readonly string[], number])[] = [
      [{ limit: 3 }, all.slice(0, 3), 0],
      [{ position: 20 }, all.slice(20), 20],
      [{ position: 20, limit: 2 }, all.slice(20, 22), 20],
      [{ position: -5, limit: 2 }, all.slice(20, 22), 20],
      [{ position: -100, limit: 1 }, all.slice(0, 1), 0],
      [{ position: -(2 ** 53 - 1), limit: 1 }, all.slice(0, 1), 0],
      [{ position: 25 }, [], 25],
      [{ position: 2 ** 53 - 1, limit: 5 }, [], 2 ** 53 - 1],
      [{ anchor: all[7], limit: 2 }, all.slice(7, 9), 7],
      [{ anchor: all[7], anchorOffset: -3, limit: 2 }, all.slice(4, 6), 4],
      [{ anchor: all[2], anchorOffset: -9, limit: 2 }, all.slice(0, 2), 0],
      [{ anchor: all[20], anchorOffset: 9 }, [], 29],
      [{ anchor: all[7], position: 3, limit: 1 }, all.slice(7, 8), 7],
      [{ position: 3, anchorOffset: 4, limit: 1 }, all.slice(3, 4), 3],
      [{ limit: 0 }, [], 0],
    ];
    for (const [args, ids, position] of cases) {
      const found = await query({ sort: NEWEST, ...args });
      assert.deepEqual(found.ids, ids, JSON.stringify(args));
      assert.equal(found.position, position, JSON.stringify(args));
      assert.ok(!('total' in found));
    }
    assert.equal((await query({ sort: NEWEST, calculateTotal: true, limit: 1 })).total, 25);
    assert.deepEqual((await query()).ids, all, 'without an order, the newest are first');
  });

  test('what is refused, and as what', async () => {
    const manyTexts = Array.from({ length: 101 }, (_, n) => ({ body: `word${n}` }));
    const cases: readonly (readonly [Answer, string])[] = [
      [{ anchor: 'e99999' }, 'anchorNotFound'],
      [{ anchor: 'nonsense' }, 'anchorNotFound'],
      [{ limit: -1 }, 'invalidArguments'],
      [{ position: 2 ** 53 }, 'invalidArguments'],
      [{ position: 0.5 }, 'invalidArguments'],
      [{ collapseThreads: 1 }, 'invalidArguments'],
      [{ sort: [{ property: 'nose' }] }, 'unsupportedSort'],
      [{ sort: [{ property: 'constructor' }] }, 'unsupportedSort'],
      [{ sort: [{ property: 'from', collation: 'i;nose' }] }, 'unsupportedSort'],
      [{ sort: [{ property: 'hasKeyword' }] }, 'invalidArguments'],
      [{ sort: [{ property: 'size', isAscending: 'no' }] }, 'invalidArguments'],
      [{ sort: 'size' }, 'invalidArguments'],
      [{ filter: { nose: 1 } }, 'unsupportedFilter'],
      [{ filter: { operator: 'OR', conditions: manyTexts } }, 'unsupportedFilter'],
      [{ filter: { operator: 'NAND', conditions: [] } }, 'invalidArguments'],
      [{ filter: { operator: 'AND' } }, 'invalidArguments'],
      [{ filter: { before: 'yesterday' } }, 'invalidArguments'],
      [{ filter: { before: '2014-02-30T00:00:00+01:00' } }, 'invalidArguments'],
      [{ filter: { minSize: -1 } }, 'invalidArguments'],
      [{ filter: { hasKeyword: 'a b' } }, 'invalidArguments'],
      [{ filter: { header: [] } }, 'invalidArguments'],
      [{ filter: { header: ['a', 'b', 'c'] } }, 'invalidArguments'],
      [{ filter: { header: ['a:b'] } }, 'invalidArguments'],
      [{ filter: { text: 7 } }, 'invalidArguments'],
      [{ filter: { text: Array.from({ length: 99 }, (_, i) => `w${i}`).join(' ') } }, 'unsupportedFilter'],
      [{ filter: 'all' }, 'invalidArguments'],
    ];
    for (const [args, type] of cases)
      assert.equal((await server.alice.error('Email/query', args)).type, type, JSON.stringify(args));
    let deep: Answer = { hasKeyword: '$seen' };
    for (let i = 0; i < 20; i++) deep = { operator: 'NOT', conditions: [deep] };
    assert.equal(
      (await query({ filter: deep })).ids.length,
      (await query({ filter: { hasKeyword: '$seen' } })).ids.length,
    );
  });

  test('mailboxes that are not there have nothing', async () => {
    for (const inMailbox of ['f99', 'nonsense', 'e1'])
      assert.deepEqual((await query({ filter: { inMailbox } })).ids, []);
    assert.equal((await query({ filter: { inMailboxOtherThan: ['f99', 'nonsense'] } })).ids.length, 25);
  });

  test('dates and sizes: the beginning counts, the end does not', async () => {
    const { list } = await server.alice.call('Email/get', { ids: all, properties: ['receivedAt', 'size'] });
    const { receivedAt, size } = list[12];
    const count = (test: (email: Answer) => boolean): number => list.filter(test).length;
    const found = async (filter: Answer) => (await query({ filter, calculateTotal: true })).total;
    assert.equal(
      await found({ before: receivedAt }),
      count((e) => e.receivedAt < receivedAt),
    );
    assert.equal(
      await found({ after: receivedAt }),
      count((e) => e.receivedAt >= receivedAt),
    );
    assert.equal(
      await found({ after: receivedAt.replace('Z', '.001Z') }),
      count((e) => e.receivedAt > receivedAt),
    );
    assert.equal(
      await found({ minSize: size }),
      count((e) => e.size >= size),
    );
    assert.equal(
      await found({ maxSize: size }),
      count((e) => e.size < size),
    );
    assert.equal(await found({ minSize: size, maxSize: size }), 0);
  });

  test('texts: words in fields and bodies, as a first page before all was read', async () => {
    const said = [...mail.said];
    const count = (test: (one: (typeof said)[0][1]) => boolean): number =>
      said.filter(([, one]) => test(one)).length;
    const found = async (filter: Answer) => (await query({ filter, calculateTotal: true })).total;
    assert.equal(
      await found({ subject: 'lunch' }),
      count(({ subject }) => /lunch/i.test(subject)),
    );
    assert.equal(
      await found({ from: 'ÅKE öst' }),
      count(({ from }) => from === 'Åke Öst'),
    );
    assert.equal(await found({ from: '"öst åke"' }), 0);
    assert.equal(
      await found({ body: 'pigeon harbour' }),
      count(({ body }) => /pigeon/.test(body) && /harbour/.test(body)),
    );
    assert.equal(
      await found({ body: '"pigeon harbour"' }),
      count(({ body }) => /pigeon harbour/.test(body)),
    );
    assert.equal(
      await found({ text: 'kaffe lunch' }),
      count(({ body, subject }) => /kaffe/.test(body) && /lunch/i.test(subject)),
    );
    assert.equal(
      await found({ header: ['in-reply-to'] }),
      count(
        (one) => one.thread !== undefined && [...mail.said].some(([e, s]) => s === one && e !== one.thread),
      ),
    );
    assert.equal(await found({ header: ['subject', 'RE:'] }), await found({ header: ['in-reply-to'] }));
    assert.equal(await found({ text: '' }), 25);
    const page = await query({ filter: { body: 'e' }, limit: 2, position: 1 });
    assert.deepEqual(page.ids, (await query({ filter: { body: 'e' } })).ids.slice(1, 3));
    assert.equal(page.canCalculateChanges, false);
    const { queryState } = page;
    const error = await server.alice.error('Email/queryChanges', {
      filter: { body: 'e' },
      sinceQueryState: queryState,
    });
    assert.equal(error.type, 'cannotCalculateChanges');
  });
});

/** A list of ids as a client keeps it, with gaps where it has not looked (RFC 8620 §5.6). */
function spliced(ids: readonly (string | null)[], { removed, added, total }: Answer): (string | null)[] {
  let list = [...ids];
  let isAllFound = true;
  for (const id of removed) {
    const at = list.indexOf(id);
    if (at >= 0) list.splice(at, 1);
    else isAllFound = false;
  }
  const gap = list.indexOf(null);
  if (!isAllFound && gap >= 0) list = [...list.slice(0, gap), ...list.slice(gap).map(() => null)];
  for (const { id, index } of added) {
    while (list.length < index) list.push(null);
    list.splice(index, 0, id);
  }
  while (list.length < total) list.push(null);
  return list.slice(0, total);
}

test('a search stays right while mail comes, again and again', async () => {
  const filter = { body: 'e' };
  for (let n = 0; n < 4; n++) {
    const { ids } = await query({ filter });
    const said = [...mail.said.values()].filter(({ body }) => body.includes('e'));
    assert.equal(ids.length, said.length);
    await mail.append(mail.account.byName.get('INBOX') as never);
  }
});

test('property: an old list and what has changed of it are the new list, for every filter that says so', async (t) => {
  const own = await startTestJmap();
  t.after(() => own.close());
  const { alice } = own;
  const random = new RandomAccount(own.kit.domain, await own.account(), 77);
  for (let i = 0; i < 40; i++) await random.act();
  const [inbox, archive] = ['INBOX', 'Archive'].map((name) =>
    mailboxObjectId(random.account.byName.get(name)?.id as never),
  );
  const filters: Answer[] = [
    null,
    { inMailbox: inbox },
    { inMailboxOtherThan: [inbox, archive] },
    { hasKeyword: '$flagged' },
    { notKeyword: '$seen', inMailbox: inbox },
    { hasAttachment: true },
    { after: '2023-12-01T00:00:00Z' },
    { maxSize: 400 },
    { someInThreadHaveKeyword: '$seen' },
    { allInThreadHaveKeyword: '$seen' },
    { noneInThreadHaveKeyword: '$flagged' },
    { operator: 'NOT', conditions: [{ inMailbox: inbox }, { hasKeyword: 'work' }] },
    { operator: 'OR', conditions: [{ inMailbox: archive }, { hasKeyword: '$answered' }] },
  ];
  const sorts: Answer[] = [
    NEWEST,
    [{ property: 'subject' }, { property: 'size', isAscending: false }],
    [{ property: 'from', collation: 'i;octet' }],
    [{ property: 'hasKeyword', keyword: '$flagged', isAscending: false }, { property: 'sentAt' }],
    [{ property: 'someInThreadHaveKeyword', keyword: '$seen' }, ...NEWEST],
  ];
  const views = filters.flatMap((filter, i) =>
    [true, false].map((collapseThreads) => ({ filter, sort: sorts[i % sorts.length], collapseThreads })),
  );
  const known = new Map<Answer, { state: string; whole: (string | null)[]; start: (string | null)[] }>();
  let sparse = 0;
  for (let round = 0; round < 8; round++) {
    for (const view of views) {
      const { ids, total, queryState, canCalculateChanges } = await alice.call('Email/query', {
        ...view,
        calculateTotal: true,
      });
      assert.equal(ids.length, total);
      assert.ok(canCalculateChanges);
      const before = known.get(view);
      if (before !== undefined) {
        const changes = await alice.call('Email/queryChanges', {
          ...view,
          sinceQueryState: before.state,
          calculateTotal: true,
        });
        const what = `round ${round}: ${JSON.stringify(view)}`;
        assert.equal(changes.newQueryState, queryState);
        assert.deepEqual(spliced(before.whole, changes), ids, what);
        const upToId = before.start.findLast((id) => id !== null);
        const some = await alice.call('Email/queryChanges', {
          ...view,
          sinceQueryState: before.state,
          calculateTotal: true,
          upToId,
        });
        for (const [at, id] of spliced(before.start, some).entries()) {
          if (id !== null) assert.equal(id, ids[at], `${what} at ${at}`);
          else sparse++;
        }
        const limited = changes.removed.length + changes.added.length;
        if (limited > 1) {
          const error = await alice.error('Email/queryChanges', {
            ...view,
            sinceQueryState: before.state,
            maxChanges: limited - 1,
          });
          assert.equal(error.type, 'tooManyChanges');
        }
      }
      const seen = random.pick(6);
      known.set(view, {
        state: queryState,
        whole: ids,
        start: ids.map((id: string, at: number) => (at < seen ? id : null)),
      });
    }
    for (let i = random.pick(5); i >= 0; i--) await random.act();
  }
  assert.ok(sparse > 100);
});

test('states of queries that are none', async () => {
  for (const sinceQueryState of ['', 'x', 'e99999-1', 't1-1', 'e1-1-2-2-1'])
    assert.equal(
      (await server.alice.error('Email/queryChanges', { sinceQueryState })).type,
      'cannotCalculateChanges',
    );
});

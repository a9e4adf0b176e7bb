/** Where a search has found something, shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startTestJmap } from '../../../test/kit/jmap.ts';
import { hitsIn, MOST_SNIPPET_BYTES, markedSnippet, markedText } from './snippet.ts';

test('hits are marked without case, whole letters, in text that is safe', () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['The Foosball competition', ['foo'], 'The <mark>Foo</mark>sball competition'],
    ['a < b & c > foo', ['foo'], 'a &lt; b &amp; c &gt; <mark>foo</mark>'],
    ['<mark>', ['mark'], '&lt;<mark>mark</mark>&gt;'],
    ['Räksmörgås', ['MÖRG'], 'Räks<mark>mörg</mark>ås'],
    ['Ra\u0308ka', ['rä'], '<mark>Ra\u0308</mark>ka'],
    ['ΟΔΟΣ', ['οδος'], '<mark>ΟΔΟΣ</mark>'],
    ['İstanbul', ['stan'], 'İ<mark>stan</mark>bul'],
    ['one two one', ['one', 'two'], '<mark>one</mark> <mark>two</mark> <mark>one</mark>'],
    ['aaa', ['aa', 'a'], '<mark>aaa</mark>'],
    ['𝒳 foo 😀', ['foo', '😀'], '𝒳 <mark>foo</mark> <mark>😀</mark>'],
    ['nothing', ['foo', ''], 'nothing'],
  ];
  for (const [text, words, expected] of cases)
    assert.equal(markedText(text, hitsIn(text, words)), expected, text);
});

test('property: a snippet is short, whole, and has its first hit', () => {
  const word = fc.constantFrom('foo', 'å', '<', '&');
  const text = fc.array(
    fc.constantFrom('foo', 'Å', ' ', '<', '&', '😀', 'long', ' ', '\u0308', 'x'.repeat(60)),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(text, word, (pieces, wanted) => {
      const all = pieces.join('');
      const hits = hitsIn(all, [wanted]);
      const plain = (html: string): string =>
        html
          .replace(/<\/?mark>/g, '')
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&amp;', '&');
      assert.equal(plain(markedText(all, hits)), all);
      if (hits.length === 0) return;
      const snippet = markedSnippet(all, hits);
      assert.ok(Buffer.byteLength(snippet) <= MOST_SNIPPET_BYTES && snippet.isWellFormed());
      assert.equal(snippet.split('<mark>').length, snippet.split('</mark>').length);
      assert.ok(snippet.includes('<mark>'));
      assert.ok(all.includes(plain(snippet).replace(/^…|…$/g, '')));
    }),
  );
});

test('SearchSnippet/get (RFC 8621 §5.1)', async (t) => {
  const server = await startTestJmap();
  t.after(() => server.close());
  const add = async (bytes: string): Promise<string> => {
    const { nextEmail } = await server.account();
    await server.imap.addMessage('alice@example.com', 'INBOX', { bytes });
    return `e${nextEmail}`;
  };
  const long = `${'before '.repeat(100)}the foosball competition will be held in the Stadium de ${'after '.repeat(100)}`;
  const html = `Content-Type: text/html; charset=utf-8\r\n\r\n<head><title>foo</title></head><p class="foo">Metoden <b>foo</b>/bar &lt; 1</p><style>foo</style>`;
  const ids = [
    await add('Subject: nothing\r\n\r\nnothing'),
    await add('Subject: The =?utf-8?Q?F=6Fosball?= & more\r\n\r\nnothing'),
    await add(`Subject: x\r\n\r\n${long}`),
    await add(`Subject: x\r\n${html}`),
  ];
  const ask = (filter: object | null) =>
    server.alice.call('SearchSnippet/get', { filter: filter as never, emailIds: [...ids, 'e999'] });
  const { list, notFound } = await ask({ text: 'foo' });
  assert.deepEqual(notFound, ['e999']);
  assert.deepEqual(list.slice(0, 2), [
    { emailId: ids[0], subject: null, preview: null },
    { emailId: ids[1], subject: 'The <mark>Foo</mark>sball &amp; more', preview: null },
  ]);
  assert.match(
    list[2].preview,
    /^…before .*the <mark>foo<\/mark>sball competition will be held in the Stadium de .*…$/,
  );
  assert.equal(list[3].preview, 'Metoden <mark>foo</mark>/bar &lt; 1');
  const both = await ask({
    operator: 'AND',
    conditions: [{ subject: '"foosball &"' }, { operator: 'NOT', conditions: [{ body: 'nothing' }] }],
  });
  assert.deepEqual(both.list[1], {
    emailId: ids[1],
    subject: 'The <mark>Foosball &amp;</mark> more',
    preview: null,
  });
  for (const filter of [null, {}, { hasKeyword: '$seen' }])
    assert.ok(
      (await ask(filter)).list.every(
        ({ subject, preview }: { subject: null; preview: null }) => subject === null && preview === null,
      ),
    );
  const none = await server.alice.call('SearchSnippet/get', { filter: null, emailIds: ids.slice(0, 1) });
  assert.equal(none.notFound, null);
  assert.equal(
    (await server.alice.error('SearchSnippet/get', { filter: { nose: 1 }, emailIds: [] })).type,
    'unsupportedFilter',
  );
  const many = Array.from({ length: 51 }, (_, i) => `w${i}`).join(' ');
  for (const text of [many, 'a'.repeat(10_001)])
    for (const name of ['SearchSnippet/get', 'Email/query'])
      assert.equal(
        (
          await server.alice.error(name, {
            filter: { body: text },
            ...(name === 'Email/query' ? {} : { emailIds: ids }),
          })
        ).type,
        'unsupportedFilter',
      );
  assert.equal((await server.alice.error('SearchSnippet/get', { filter: null })).type, 'invalidArguments');
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MailboxState } from './mailbox.ts';
import { SearchTextCache, SearchTexts } from './search-texts.ts';

const aMailbox = (): MailboxState => ({}) as MailboxState;

describe('search texts', () => {
  test('each email has what was added for it', () => {
    const texts = new SearchTexts();
    const text = (i: number): Buffer | undefined => (i % 7 === 0 ? undefined : Buffer.from(`+text ${i}\n`));
    for (let i = 1; i <= 50_000; i++) texts.add(i * 3, text(i));
    assert.equal(texts.count, 50_000);
    assert.equal(texts.lastEmail, 150_000);
    for (const i of [1, 7, 1023, 1024, 1025, 30_000, 50_000]) {
      const index = texts.indexOf(i * 3, 0);
      assert.equal(index, i - 1);
      assert.equal(texts.indexOf(i * 3, index), index);
      assert.equal(texts.isKnown(index), i % 7 !== 0);
      assert.equal(texts.textAt(index).toString(), text(i)?.toString() ?? '');
      assert.equal(texts.indexOf(i * 3 + 1, index), -1);
    }
    const at = texts.octets.indexOf('text 40000');
    assert.equal(texts.indexAt(at), 39_999);
    assert.equal(texts.endAt(39_999), at - 1 + '+text 40000\n'.length);
  });
});

describe('the cache of search texts', () => {
  test('has no more than it may, and keeps what was used last', () => {
    const one = new SearchTexts();
    const cache = new SearchTextCache(2 * one.sizeBytes);
    const [a, b, c] = [aMailbox(), aMailbox(), aMailbox()];
    cache.keep(a, one, 1);
    cache.keep(b, new SearchTexts(), 2);
    assert.equal(cache.get(a, 3), one);
    cache.keep(c, new SearchTexts(), 4);
    assert.ok(cache.get(a, 5) && cache.get(c, 6));
    assert.equal(cache.get(b, 7), undefined);
    cache.dropUnused(6);
    assert.equal(cache.get(a, 8), undefined);
    assert.ok(cache.get(c, 8));
  });
});

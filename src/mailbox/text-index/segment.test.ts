import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { foldText } from '../../mail/fold.ts';
import { Segment } from './segment.ts';
import { SCOPES, type Scope } from './segment-format.ts';
import { SegmentWriter } from './segment-writer.ts';
import { soughtWords } from './sought-words.ts';
import { WordReader } from './words.ts';

type Texts = Readonly<Record<Scope, string>>;

const atOnce = (): undefined => undefined;

/** Pieces of texts in which everything occurs that words are made of. */
const letters = fc.constantFrom(
  ..."abcxyz019 _-.@+'\n\t,/(åéß😀漢字语かな한글ا\u0301\u200d。、".split(/(?:)/u),
);
const texts = fc.array(letters, { maxLength: 60 }).map((parts) => foldText(parts.join('')));
const longRun = fc
  .integer({ min: 100, max: 9000 })
  .map((n) => foldText('abcdefghij0123456789'.repeat(n / 20)));
const anyText = fc.oneof({ weight: 9, arbitrary: texts }, { weight: 1, arbitrary: longRun });

function segmentOf(documents: readonly Texts[], pieceLength: number): Segment {
  const writer = new SegmentWriter();
  for (const [i, document] of documents.entries()) {
    writer.begin(3 * i + 1);
    for (const scope of SCOPES) {
      const reader = new WordReader((word) => writer.add(scope, word));
      const text = document[scope];
      for (let at = 0; at < text.length; at += pieceLength) reader.write(text.slice(at, at + pieceLength));
      reader.end();
    }
  }
  const segment = Segment.read(writer.end());
  assert.ok(segment);
  return segment;
}

/** For each document: it may have the needle, as the words say. */
async function candidates(segment: Segment, needle: string, scopes: readonly Scope[]): Promise<boolean[]> {
  const sought = soughtWords(needle);
  const all = segment.emails.length;
  if (sought === undefined) return new Array<boolean>(all).fill(true);
  const may = new Array<boolean>(all).fill(true);
  for (const word of sought.words) {
    const found = new Uint8Array(all);
    await segment.find(word, scopes, found, atOnce);
    for (let i = 0; i < all; i++) may[i] &&= found[i] === 1;
  }
  return may;
}

test('every text that has the needle is found, and where the words decide no other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ fields: anyText, body: anyText }), { minLength: 1, maxLength: 12 }),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 140 }),
      fc.integer({ min: 1, max: 5000 }),
      async (documents, which, from, length, pieceLength) => {
        const source = documents[which % documents.length]?.body ?? '';
        const start = source.length === 0 ? 0 : from % source.length;
        const needle = source.slice(start, start + length);
        const segment = segmentOf(documents, pieceLength);
        for (const scopes of [SCOPES, ['body'] as const]) {
          const may = await candidates(segment, needle, scopes);
          const isExact = soughtWords(needle)?.isExact === true;
          for (const [i, document] of documents.entries()) {
            const has = scopes.some((scope) => document[scope].includes(needle));
            if (has) assert.equal(may[i], true, `${JSON.stringify(needle)} is in document ${i}`);
            else if (isExact)
              assert.equal(may[i], false, `${JSON.stringify(needle)} is not in document ${i}`);
          }
        }
      },
    ),
    { numRuns: runs(200) },
  );
});

test('a needle within a word is decided by words alone', () => {
  for (const needle of ['ndex', 'mail_index_sync', 'anna.berg@example.org', "o'brien", '漢', '漢字', 'かな'])
    assert.equal(soughtWords(needle)?.isExact, true, needle);
  for (const needle of ['two words', '-x', 'x-', '漢字典', 'a漢', 'x'.repeat(129)])
    assert.equal(soughtWords(needle)?.isExact, false, needle);
  for (const needle of ['', ' ', '->', '...', '\ud800x']) assert.equal(soughtWords(needle), undefined);
});

test('an octet that is not as it was written makes a segment unreadable', () => {
  const writer = new SegmentWriter();
  writer.begin(7);
  writer.add('body', 'word');
  const octets = writer.end();
  assert.deepEqual([...(Segment.read(octets)?.emails ?? [])], [7]);
  for (let i = 0; i < octets.length; i++) {
    const damaged = Buffer.from(octets);
    damaged[i] = (damaged[i] as number) ^ 0x40;
    assert.equal(Segment.read(damaged), undefined, `octet ${i}`);
    assert.equal(Segment.read(octets.subarray(0, i)), undefined, `cut at ${i}`);
  }
});

test('what has more different words than are kept has to be looked at', async () => {
  const writer = new SegmentWriter();
  writer.begin(1);
  for (let i = 0; i < 100_001; i++) writer.add('body', `w${i}`);
  writer.begin(2);
  writer.add('body', 'w100000');
  const segment = Segment.read(writer.end()) as Segment;
  assert.deepEqual([segment.isUnsure(0), segment.isUnsure(1)], [true, false]);
  const found = new Uint8Array(2);
  await segment.find({ text: 'w100000', isStart: true, isEnd: true }, ['body'], found, atOnce);
  assert.deepEqual([...found], [0, 1]);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Block, plainBlocks } from './plain-blocks.ts';
import { plainLines } from './plain-lines.ts';

const said = (lines: readonly { depth: number; text: string }[]): string[] =>
  lines.map(({ depth, text }) => `${depth}:${text}`);

describe('lines', () => {
  test('are as they were written, with the depth of their quotation', () => {
    assert.deepEqual(said(plainLines('Hello\r\n> one\r\n>> two\r\n> > two\r\n>three\n')), [
      ...['0:Hello', '1:one', '2:two', '2:two', '1:three'],
    ]);
  });

  test('that flow are paragraphs (RFC 3676 §4)', () => {
    const flowed = { format: 'flowed' };
    const rows: readonly (readonly [string, readonly string[]])[] = [
      ['A long \nparagraph \nends.\nNext.', ['0:A long paragraph ends.', '0:Next.']],
      ['>> deep \n>> and on\n> up', ['2:deep and on', '1:up']],
      ['> not closed \nnew', ['1:not closed ', '0:new']],
      [' >stuffed\n From', ['0:>stuffed', '0:From']],
      ['text \n-- \nAnna', ['0:text ', '0:-- ', '0:Anna']],
      ['', []],
    ];
    for (const [text, expected] of rows) assert.deepEqual(said(plainLines(text, flowed)), expected, text);
    assert.deepEqual(said(plainLines('日本 \n語\n', { format: 'flowed', delsp: 'yes' })), ['0:日本語']);
  });
});

const drawn = (blocks: readonly Block[]): unknown[] =>
  blocks.map((block) =>
    block.kind === 'quote'
      ? { fold: block.isFolded, of: drawn(block.blocks) }
      : `${block.kind}: ${block.pieces.map(({ text, link }) => (link ? `[${text}](${link.target})` : text)).join('')}`,
  );

describe('blocks', () => {
  test('a quotation at the end is folded, one that is answered is not', () => {
    assert.deepEqual(
      drawn(plainBlocks('Hi\n\n> asked\n> again\n\nAnswer\n\nAnna wrote:\n> all\n>> of it\n')),
      [
        'text: Hi',
        { fold: false, of: ['text: asked\nagain'] },
        'text: Answer\n\nAnna wrote:',
        { fold: true, of: ['text: all', { fold: false, of: ['text: of it'] }] },
      ],
    );
  });

  test('a signature after a folded quotation leaves it folded', () => {
    assert.deepEqual(drawn(plainBlocks('Yes.\n> Really?\n\n-- \nAnna Berg\nwww.example.org')), [
      'text: Yes.',
      { fold: true, of: ['text: Really?'] },
      'signature: -- \nAnna Berg\n[www.example.org](http://www.example.org/)',
    ]);
  });

  test('addresses are links, and nothing else is', () => {
    const text =
      'See https://example.org/a?b=1&c=2. Or <anna@example.org>, or javascript:alert(1) //x <b>bold</b>';
    assert.deepEqual(drawn(plainBlocks(text)), [
      'text: See [https://example.org/a?b=1&c=2](https://example.org/a?b=1&c=2). ' +
        'Or <[anna@example.org](mailto:anna@example.org)>, or javascript:alert(1) //x <b>bold</b>',
    ]);
  });

  test('nothing of a text is lost or added, whatever it is', () => {
    const flat = (blocks: readonly Block[]): string =>
      blocks
        .map((block) =>
          block.kind === 'quote' ? flat(block.blocks) : block.pieces.map(({ text }) => text).join(''),
        )
        .join('');
    const line = fc.tuple(fc.constantFrom('', '> ', '>> ', '>>>'), fc.string({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (rows) => {
        const text = rows.map(([marks, words]) => marks + words.replace(/[\r\n>]/g, 'x')).join('\n');
        const bare = (one: string): string => one.replace(/[\s>]/g, '');
        assert.equal(bare(flat(plainBlocks(text))), bare(text));
      }),
      { numRuns: 300 },
    );
  });

  test('neither depth nor length takes long', () => {
    const began = performance.now();
    plainBlocks(`${'>'.repeat(5000)} deep\n`.repeat(50));
    plainBlocks('a'.repeat(1_000_000));
    plainBlocks('http://a.example/ '.repeat(10_000));
    plainBlocks('a@'.repeat(100_000));
    plainBlocks(`${'x.'.repeat(9000)}\n`.repeat(10));
    assert.ok(performance.now() - began < 3000);
  });
});

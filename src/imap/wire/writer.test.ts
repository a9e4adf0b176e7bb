import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { Bug } from '../../base/invariant.ts';
import { FLAG } from '../../mail/flags.ts';
import { written } from './testing.ts';
import { WireWriter } from './writer.ts';

const ROWS: readonly (readonly [write: (w: WireWriter) => unknown, expected: string, isUtf8?: boolean])[] = [
  [(w) => w.ascii('* ').number(0).sp().open().close().nil().crlf(), '* 0 ()NIL\r\n'],
  [
    (w) => w.number(7).sp().number(2147483647).sp().number(2147483648).sp().number(4294967295),
    '7 2147483647 2147483648 4294967295',
  ],
  [(w) => w.number(Number.MAX_SAFE_INTEGER), '9007199254740991'],
  [(w) => w.string('a"b\\c'), '"a\\"b\\\\c"'],
  [(w) => w.string(''), '""'],
  [(w) => w.string('a\r\nb'), '{4}\r\na\r\nb'],
  [(w) => w.string('ä'), '{2}\r\n\xc3\xa4'],
  [(w) => w.string('ä'), '"\xc3\xa4"', true],
  [(w) => w.string(Buffer.from([0])), '{1}\r\n\0'],
  [(w) => w.string('x'.repeat(1025)), `{1025}\r\n${'x'.repeat(1025)}`],
  [(w) => w.astring('INBOX]'), 'INBOX]'],
  [(w) => w.astring('nil'), '"nil"'],
  [(w) => w.astring('two words'), '"two words"'],
  [(w) => w.astring('%'), '"%"'],
  [(w) => w.mailbox('Entwürfe'), 'Entw&APw-rfe'],
  [(w) => w.mailbox('Entwürfe'), '"Entw\xc3\xbcrfe"', true],
  [(w) => w.mailbox('R&D'), 'R&-D'],
  [(w) => w.mailbox('R&D'), 'R&D', true],
  [(w) => w.flagList(0), '()'],
  [
    (w) => w.flagList(FLAG.Seen | FLAG.Answered, ['$Junk', 'x'], true),
    '(\\Answered \\Seen \\Recent $Junk x)',
  ],
  [(w) => w.flagList(0, ['x']), '(x)'],
  [(w) => w.flagList(31), '(\\Answered \\Flagged \\Deleted \\Seen \\Draft)'],
  [(w) => w.literal(Buffer.from('a\r\n')), '{3}\r\na\r\n'],
  [(w) => w.literal8Header(2).raw(Buffer.from('a\0')), '~{2}\r\na\0'],
  [(w) => w.text('No such mailbox: a\r\n* BYE \0ü'), 'No such mailbox: a  * BYE  ??'],
  [(w) => w.text('ü'), '\xc3\xbc', true],
];

describe('wire writer', () => {
  for (const [write, expected, isUtf8] of ROWS) {
    it(JSON.stringify(expected.slice(0, 60)), () => assert.equal(written(write, isUtf8), expected));
  }

  it('lets nothing end a line from inside a word', () => {
    for (const bad of ['a\r', 'a\nb', '\0', '\x7f', 'ü', '\t']) {
      assert.throws(() => written((w) => w.ascii(bad)), Bug);
      assert.throws(() => written((w) => w.flagList(0, [bad])), Bug);
    }
    assert.throws(() => written((w) => w.number(-1)), Bug);
    assert.throws(() => written((w) => w.number(1.5)), Bug);
    assert.throws(() => written((w) => w.number(2 ** 53)), Bug);
  });

  it('keeps lines whole whatever a string holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.boolean(), (text, isUtf8) => {
        for (const write of [
          (w: WireWriter) => w.string(text),
          (w: WireWriter) => w.mailbox(text),
          (w: WireWriter) => w.text(text),
        ]) {
          const out = written(write, isUtf8);
          const withoutLiteral = out.replace(/\{\d+\}\r\n[\s\S]*$/, '');
          assert.doesNotMatch(withoutLiteral, /[\r\n\0]/);
        }
      }),
    );
  });

  it('writes every number as JavaScript does', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (n) =>
        assert.equal(
          written((w) => w.number(n)),
          String(n),
        ),
      ),
    );
    for (let n = 1; n < 2 ** 53; n *= 10) {
      assert.equal(
        written((w) =>
          w
            .number(n)
            .sp()
            .number(n - 1),
        ),
        `${n} ${n - 1}`,
      );
    }
  });

  it('keeps order and size across slabs, references and takes', () => {
    const piece = fc.oneof(fc.nat(50), fc.integer({ min: 900, max: 3000 }), fc.constant(70_000));
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 20 }), (pieces) => {
        const w = new WireWriter();
        const expected: Buffer[] = [];
        const taken: Buffer[] = [];
        for (const [i, [length, takes]] of pieces.entries()) {
          const bytes = Buffer.alloc(length, i + 1);
          w.raw(bytes);
          expected.push(bytes);
          if (takes) taken.push(...w.take());
        }
        const pending = Buffer.concat(taken).length;
        assert.equal(w.sizeBytes, Buffer.concat(expected).length - pending);
        taken.push(...w.take());
        assert.equal(w.sizeBytes, 0);
        assert.ok(Buffer.concat(taken).equals(Buffer.concat(expected)));
      }),
      { numRuns: runs(50) },
    );
  });

  it('passes large bodies on without copying', () => {
    const w = new WireWriter();
    const body = Buffer.alloc(100_000, 'x');
    const out = w.ascii('* 1 FETCH (BODY[] ').literal(body).close().crlf().take();
    assert.equal(out.length, 3);
    assert.equal(out[1]?.buffer, body.buffer);
  });

  it('takes back what was written', () => {
    const w = new WireWriter();
    w.ascii('* 1 FETCH ');
    const mark = w.sizeBytes;
    w.raw(Buffer.alloc(5000)).ascii('tail').truncate(mark);
    w.ascii('()').crlf();
    assert.equal(Buffer.concat(w.take()).toString(), '* 1 FETCH ()\r\n');
  });

  it('takes back a line that was not finished, unless its beginning was taken', () => {
    const w = new WireWriter();
    w.ascii('* OK').crlf().ascii('* 1 FETCH (BODY[] ').literal(Buffer.from('a\r\nb'));
    assert.equal(w.dropOpenLine(), true);
    assert.equal(Buffer.concat(w.take()).toString(), '* OK\r\n');
    assert.equal(w.dropOpenLine(), true);
    w.ascii('* 1 FETCH (BODY[] ').literalHeader(5000).raw(Buffer.alloc(2500));
    w.take();
    w.raw(Buffer.alloc(2500));
    assert.equal(w.dropOpenLine(), false);
    w.close().crlf().ascii('* 2');
    assert.equal(w.dropOpenLine(), true);
    assert.equal(w.take().at(-1)?.toString(), ')\r\n');
  });

  it('knows what was written after a moment', () => {
    const w = new WireWriter();
    assert.equal(w.isBeyondMark, false);
    w.ascii('* 1').mark();
    assert.equal(w.isBeyondMark, false);
    w.truncate(0);
    assert.equal(w.isBeyondMark, false);
    w.ascii('*');
    assert.equal(w.isBeyondMark, true);
    w.take();
    assert.equal(w.isBeyondMark, false);
  });

  it('writes a hundred thousand FETCH lines within the budget', () => {
    const line = Buffer.from(' FETCH (UID ');
    const flags = Buffer.from(' FLAGS ');
    const w = new WireWriter();
    const round = () => {
      let bytes = 0;
      for (let i = 1; i <= 100_000; i++) {
        w.ascii('* ')
          .number(i)
          .raw(line)
          .number(i * 7)
          .raw(flags)
          .flagList(i & 31)
          .close()
          .crlf();
        if (w.sizeBytes > 60_000) for (const buffer of w.take()) bytes += buffer.length;
      }
      return bytes;
    };
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 8; i++) {
      const startedMs = performance.now();
      round();
      best = Math.min(best, performance.now() - startedMs);
    }
    // 30 ms is the aim (0.3 us a line); the bound is for a loaded machine.
    assert.ok(best < 150, `${best} ms`);
    if (process.env.WIRE_BENCH !== undefined) console.log(`100,000 FETCH lines: ${best.toFixed(1)} ms`);
  });
});

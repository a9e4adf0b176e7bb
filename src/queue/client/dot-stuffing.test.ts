import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DotStuffing, LineEnds } from './dot-stuffing.ts';
import { NoReply, ReplyParser, replyText } from './reply.ts';

function through(make: () => { push(chunk: Buffer): Buffer; end?(): Buffer }, text: string, step: number) {
  const filter = make();
  const octets = Buffer.from(text, 'latin1');
  const out: Buffer[] = [];
  for (let at = 0; at < octets.length; at += step)
    out.push(Buffer.from(filter.push(octets.subarray(at, at + step))));
  out.push(filter.end?.() ?? Buffer.alloc(0));
  return Buffer.concat(out).toString('latin1');
}

const LINES: readonly (readonly [string, string])[] = [
  ['', ''],
  ['a\r\nb\r\n', 'a\r\nb\r\n'],
  ['a\nb', 'a\r\nb\r\n'],
  ['a\rb\r', 'a\r\nb\r\n'],
  ['a\r\r\nb\n\r', 'a\r\n\r\nb\r\n\r\n'],
  ['\n.\n', '\r\n.\r\n'],
  ['\r\n.\r', '\r\n.\r\n'],
  ['x\r\n\r\n', 'x\r\n\r\n'],
];
const DOTS: readonly (readonly [string, string])[] = [
  ['.', '..'],
  ['a.\r\n.b\r\n..\r\n', 'a.\r\n..b\r\n...\r\n'],
  ['\r\n.\r\n', '\r\n..\r\n'],
];

describe('a message as it leaves', () => {
  it('has lines that end with CRLF, however it is cut', () => {
    for (const [from, wanted] of LINES)
      for (const step of [1, 2, 3, 100])
        assert.equal(
          through(() => new LineEnds(), from, step),
          wanted,
        );
  });

  it('has no line of a dot alone, however it is cut', () => {
    for (const [from, wanted] of DOTS)
      for (const step of [1, 2, 3, 100])
        assert.equal(
          through(() => new DotStuffing(), from, step),
          wanted,
        );
  });
});

describe('replies', () => {
  const all = (text: string, step = 1000) => {
    const parser = new ReplyParser();
    const octets = Buffer.from(text, 'latin1');
    return Array.from({ length: Math.ceil(octets.length / step) }, (_, i) =>
      parser.feed(octets.subarray(i * step, (i + 1) * step)),
    ).flat();
  };

  it('are read however they are cut', () => {
    const text = '250-mx.example.org\r\n250-SIZE 1000\r\n250 DSN\r\n550 5.1.1 no such\r\n354\n';
    for (const step of [1, 7, 1000]) {
      assert.deepEqual(all(text, step), [
        { code: 250, lines: ['mx.example.org', 'SIZE 1000', 'DSN'] },
        { code: 550, status: '5.1.1', lines: ['no such'] },
        { code: 354, lines: [''] },
      ]);
    }
  });

  it('that are none, or have no end, are refused', () => {
    const endless = '250-a\r\n'.repeat(200);
    for (const text of ['HTTP/1.1 400\r\n', '250-a\r\n251 b\r\n', '99 a\r\n', endless, 'x'.repeat(5000)])
      assert.throws(() => all(text), NoReply);
  });

  it('are shown in one line of ASCII', () => {
    assert.equal(replyText({ code: 550, status: '5.1.1', lines: ['a\x1b[2J', 'b'] }), '550 5.1.1 a?[2J b');
    assert.equal(replyText({ code: 550, lines: ['x'.repeat(1000)] }, 20).length, 20);
  });
});

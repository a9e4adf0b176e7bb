import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { SyntaxFault } from './fault.ts';
import type { Frame, FramePart } from './frame.ts';
import { type FrameEvent, type FramerLimits, LIMITS_BEFORE_LOGIN } from './frame-event.ts';
import { Framer } from './framer.ts';
import { isMessageLiteral, type LiteralPolicy } from './literal.ts';

const LIMITS: FramerLimits = { lineBytes: 60, literalBytes: 20, literals: 3, discardBytes: 400 };

/** APPEND streams its message; non-synchronizing literals above 30 octets are refused. */
const policy: LiteralPolicy = (announcement) => {
  if (!announcement.isSync && announcement.sizeBytes > 30) {
    return { refuse: new SyntaxFault('too big', { status: 'NO', code: { code: 'TOOBIG' } }) };
  }
  return announcement.name === 'APPEND' && isMessageLiteral(announcement, 1) ? 'stream' : 'buffer';
};

function show(part: FramePart): string {
  if (Buffer.isBuffer(part)) return part.toString('latin1');
  if (part.kind === 'streamed') return `<stream ${part.sizeBytes}${part.isBinary ? ' binary' : ''}>`;
  return `<${part.bytes.toString('latin1')}${part.isBinary ? ' binary' : ''}>`;
}

function showFrame(frame: Frame): string {
  return `${frame.tag} ${frame.name} | ${frame.parts.map(show).join('')}`;
}

/** What a session sees, as text; the chunks of a stream joined. */
class Transcript {
  readonly lines: string[] = [];
  #body = '';

  add(event: FrameEvent): void {
    switch (event.kind) {
      case 'frame':
        this.lines.push(showFrame(event.frame));
        break;
      case 'literal-wanted':
        this.lines.push(`want ${event.announcement.sizeBytes}`);
        break;
      case 'stream-literal':
        this.#body = '';
        break;
      case 'stream-chunk':
        this.#body += event.bytes.toString('latin1');
        break;
      case 'stream-end':
        this.lines.push(`stream ${this.#body}`);
        break;
      case 'fault': {
        const { fault, tag, name } = event;
        const code = fault.code === undefined ? '' : ` [${fault.code.code}]`;
        this.lines.push(`${fault.isFatal ? 'FATAL' : 'fault'} ${tag} ${name} ${fault.status}${code}`);
      }
    }
  }
}

function run(chunks: readonly Buffer[], limits = LIMITS): string[] {
  const framer = new Framer(limits, policy);
  const transcript = new Transcript();
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let event = framer.next(); event !== undefined; event = framer.next()) {
      transcript.add(event);
      if (event.kind === 'literal-wanted') framer.accept();
    }
  }
  return transcript.lines;
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts, bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const x = (n: number) => 'x'.repeat(n);

const ROWS: readonly (readonly [what: string, input: string, expected: readonly string[]])[] = [
  ['a command', 'a NOOP\r\n', ['a NOOP | a NOOP']],
  ['bare LF', 'a NOOP\nb NOOP\r\n', ['a NOOP | a NOOP', 'b NOOP | b NOOP']],
  ['name without case, UID names', 'a uid fetch 1 all\r\n', ['a UID FETCH | a uid fetch 1 all']],
  [
    'empty lines between commands',
    '\r\n\r\na NOOP\r\n\r\n\nb NOOP\r\n',
    ['a NOOP | a NOOP', 'b NOOP | b NOOP'],
  ],
  ['no tag', '+ NOOP\r\n', ['undefined NOOP | + NOOP']],
  ['tag alone', 'a\r\n', ['a  | a']],
  [
    'synchronizing literals',
    'a LOGIN {3}\r\njoe {2}\r\npw\r\n',
    ['want 3', 'want 2', 'a LOGIN | a LOGIN <joe> <pw>'],
  ],
  [
    'non-synchronizing',
    'a LOGIN {3+}\r\njoe {2+}\r\npw\r\nb X\r\n',
    ['a LOGIN | a LOGIN <joe> <pw>', 'b X | b X'],
  ],
  ['literal of nothing', 'a X {0+}\r\n\r\n', ['a X | a X <>']],
  ['leading zeros', 'a X {0003+}\r\nabc\r\n', ['a X | a X <abc>']],
  ['binary', 'a X ~{3+}\r\na\0b\r\n', ['a X | a X <a\0b binary>']],
  ['line ends in a literal', 'a X {8+}\r\na\r\nb\r\n\r\n\r\n', ['a X | a X <a\r\nb\r\n\r\n>']],
  ['a command in a literal', 'a X {8+}\r\nb DELETE\r\n', ['a X | a X <b DELETE>']],
  ['no literal', 'a X "{3}"\r\n', ['a X | a X "{3}"']],
  ['negative', 'a X {-1}\r\nb N\r\n', ['a X | a X {-1}', 'b N | b N']],
  ['empty announcement', 'a X {}\r\na X {+}\r\n', ['a X | a X {}', 'a X | a X {+}']],
  [
    'streamed',
    'a APPEND INBOX (\\Seen) {5+}\r\nHello\r\n',
    ['stream Hello', 'a APPEND | a APPEND INBOX (\\Seen) <stream 5>'],
  ],
  [
    'streamed, mailbox as literal',
    'a APPEND {5}\r\nINBOX {2}\r\nhi\r\n',
    ['want 5', 'want 2', 'stream hi', 'a APPEND | a APPEND <INBOX> <stream 2>'],
  ],
  [
    'streamed twice',
    'a APPEND b {1+}\r\nx {1+}\r\ny\r\n',
    ['stream x', 'stream y', 'a APPEND | a APPEND b <stream 1> <stream 1>'],
  ],
  ['streamed nothing', 'a APPEND b {0+}\r\n\r\n', ['stream ', 'a APPEND | a APPEND b <stream 0>']],
  [
    'streamed among URLs',
    'a APPEND b CATENATE (TEXT {1+}\r\nx URL {2+}\r\nyz)\r\n',
    ['stream x', 'a APPEND | a APPEND b CATENATE (TEXT <stream 1> URL <yz>)'],
  ],
  [
    'streamed binary in UTF8',
    'a APPEND b UTF8 (~{2+}\r\nhi)\r\n',
    ['stream hi', 'a APPEND | a APPEND b UTF8 (<stream 2 binary>)'],
  ],
  [
    'refused body is skipped',
    `a X {31+}\r\nb DELETE INBOX\r\n${x(15)}\r\nc N\r\n`,
    ['fault a X NO [TOOBIG]', 'c N | c N'],
  ],
  [
    'refused body, more literals',
    `a X {31+}\r\n${x(31)} {3+}\r\n1\r\n {2}\r\nc N\r\n`,
    ['fault a X NO [TOOBIG]', 'c N | c N'],
  ],
  [
    'too much in memory',
    'a X {12+}\r\n012345678901 {12+}\r\n012345678901\r\nc N\r\n',
    ['fault a X NO [TOOBIG]', 'c N | c N'],
  ],
  ['too many', 'a X {1+}\r\n1{1+}\r\n2{1+}\r\n3{1+}\r\n4\r\nc N\r\n', ['fault a X NO [LIMIT]', 'c N | c N']],
  ['line at the limit', `a ${x(58)}\nb N\r\n`, [`a ${x(58).toUpperCase()} | a ${x(58)}`, 'b N | b N']],
  ['line beyond it', `a NOOP ${x(58)}\r\nb N\r\n`, ['fault a NOOP BAD [LIMIT]', 'b N | b N']],
  [
    'long line that announces',
    `a NOOP ${x(50)} {3+}\r\nb N\r\n\r\nc N\r\n`,
    ['fault a NOOP BAD [LIMIT]', 'c N | c N'],
  ],
  ['long line that waits', `a NOOP ${x(60)} {3}\r\nc N\r\n`, ['fault a NOOP BAD [LIMIT]', 'c N | c N']],
  [
    'long line in parts',
    `a X ${x(30)} {1+}\r\ny${x(40)} {4+}\r\nZZ\r\n\r\nc N\r\n`,
    ['fault a X BAD [LIMIT]', 'c N | c N'],
  ],
  [
    'a tag without end',
    `${x(500)}\r\nb N\r\n`,
    ['fault undefined  BAD [LIMIT]', 'FATAL undefined  BAD [LIMIT]'],
  ],
  [
    'beyond counting',
    'a X {99999999999999999+}\r\nxyz',
    ['fault a X NO [TOOBIG]', 'FATAL undefined  BAD [LIMIT]'],
  ],
  [
    'beyond skipping',
    'a X {999+}\r\nb DELETE INBOX\r\n',
    ['fault a X NO [TOOBIG]', 'FATAL undefined  BAD [LIMIT]'],
  ],
  ['unfinished', 'a NO', []],
];

describe('framer', () => {
  for (const [what, input, expected] of ROWS) {
    it(`${what}: alike at every cut`, () => {
      const bytes = Buffer.from(input, 'latin1');
      assert.deepEqual(run([bytes]), expected);
      assert.deepEqual(run(cutAt(bytes, [...bytes.keys()])), expected, 'octet by octet');
      for (let cut = 1; cut < bytes.length; cut++) {
        assert.deepEqual(run(cutAt(bytes, [cut])), expected, `cut at ${cut}`);
      }
    });
  }

  it('gives the same events for any bytes however they are cut', () => {
    const token = fc.oneof(
      fc.constantFrom(
        'a X ',
        'b APPEND c ',
        '\r\n',
        '\n',
        '\r',
        '"',
        ' ',
        '(',
        '{3+}',
        '{0+}',
        '~{2+}\r\n',
        '{5}\r\n',
        '{31+}\r\n',
        '{9999+}',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.nat(70).map(x),
    );
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 30 }),
        fc.array(fc.nat(400), { maxLength: 8 }),
        (tokens, cuts) => {
          const bytes = Buffer.from(tokens.join(''), 'latin1');
          const whole = run([bytes]);
          assert.deepEqual(
            run(
              cutAt(
                bytes,
                cuts.filter((cut) => cut < bytes.length),
              ),
            ),
            whole,
          );
          assert.deepEqual(run(cutAt(bytes, [...bytes.keys()])), whole);
        },
      ),
      { numRuns: runs(1500) },
    );
  });

  it('waits at a synchronizing literal and drops the command when it is refused', () => {
    const framer = new Framer(LIMITS, policy);
    framer.push(Buffer.from('a APPEND INBOX {5}\r\n'));
    assert.equal(framer.next()?.kind, 'literal-wanted');
    assert.equal(framer.next(), undefined);
    framer.refuse(new SyntaxFault('no such mailbox', { status: 'NO' }));
    const event = framer.next();
    assert.ok(event?.kind === 'fault' && event.tag === 'a' && !event.fault.isFatal);
    framer.push(Buffer.from('b NOOP\r\n'));
    assert.equal(framer.next()?.kind, 'frame');
  });

  it('ends the connection when the body of a refused synchronizing literal was sent unasked', () => {
    const framer = new Framer(LIMITS, policy);
    framer.push(Buffer.from('a APPEND INBOX {9}\r\nb DELETE x\r\n'));
    assert.equal(framer.next()?.kind, 'literal-wanted');
    framer.refuse(new SyntaxFault('no', { status: 'NO', code: { code: 'TOOBIG' } }));
    const event = framer.next();
    assert.ok(event?.kind === 'fault' && event.tag === 'a' && event.fault.isFatal);
    assert.equal(event.fault.code?.code, 'TOOBIG');
    framer.push(Buffer.from('c NOOP\r\n'));
    assert.equal(framer.next(), undefined);
  });

  it('drops a stream that its taker gives up', () => {
    const framer = new Framer(LIMITS, policy);
    framer.push(Buffer.from('a APPEND INBOX {10+}\r\n01234'));
    assert.equal(framer.next()?.kind, 'stream-literal');
    assert.equal(framer.next()?.kind, 'stream-chunk');
    framer.refuse(new SyntaxFault('over quota', { status: 'NO' }));
    const event = framer.next();
    assert.ok(event?.kind === 'fault' && event.tag === 'a');
    framer.push(Buffer.from('b N\r\n {2+}\r\nxx\r\nc NOOP\r\n'));
    const frame = framer.next();
    assert.ok(frame?.kind === 'frame' && frame.frame.tag === 'c');
  });

  it('hands stream chunks out without copying', () => {
    const framer = new Framer(LIMITS, policy);
    framer.push(Buffer.from('a APPEND INBOX {4+}\r\n'));
    const chunk = Buffer.from('body');
    framer.push(chunk);
    framer.next();
    const event = framer.next();
    assert.ok(event?.kind === 'stream-chunk');
    assert.equal(event.bytes.buffer, chunk.buffer);
  });

  it('reads lines without literals, at every cut, and leaves what follows', () => {
    const bytes = Buffer.from('\r\nAGpvZQ== {3}\r\nDONE\nL67 UID MOVE 1 x\r\n');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const framer = new Framer(LIMITS, policy);
      const lines: string[] = [];
      for (const chunk of cutAt(bytes, [cut])) {
        framer.push(chunk);
        while (lines.length < 3) {
          const event = framer.takeLine();
          if (event === undefined) break;
          assert.ok(event.kind === 'line');
          lines.push(event.bytes.toString());
        }
      }
      assert.deepEqual(lines, ['', 'AGpvZQ== {3}', 'DONE']);
      const event = framer.next();
      assert.ok(event?.kind === 'frame');
      assert.equal(showFrame(event.frame), 'L67 UID MOVE | L67 UID MOVE 1 x');
    }
  });

  it('drops a line that is too long, and nothing else', () => {
    for (const cut of [1, 59, 60, 61, 80, 102, 103]) {
      const framer = new Framer(LIMITS, policy);
      const kinds: string[] = [];
      for (const chunk of cutAt(Buffer.from(`${x(97)} {3+}\r\nok\r\n`), [cut])) {
        framer.push(chunk);
        for (let event = framer.takeLine(); event !== undefined; event = framer.takeLine()) {
          kinds.push(event.kind === 'line' ? event.bytes.toString() : event.kind);
        }
      }
      assert.deepEqual(kinds, ['fault', 'ok']);
    }
  });

  it('forgets what was pipelined behind STARTTLS', () => {
    const framer = new Framer(LIMITS, policy);
    framer.push(Buffer.from('a STARTTLS\r\nb LOGIN {3+}\r\nx'));
    assert.equal(framer.next()?.kind, 'frame');
    assert.equal(framer.residual(), 15);
    framer.push(Buffer.from('c NOOP\r\n'));
    const event = framer.next();
    assert.ok(event?.kind === 'frame' && event.frame.tag === 'c');
    assert.equal(framer.residual(), 0);
  });

  it('keeps a megabyte sent octet by octet at linear cost', () => {
    const framer = new Framer({ ...LIMITS, lineBytes: 2 ** 20, literalBytes: 2 ** 20 }, () => 'buffer');
    const octet = Buffer.from('x');
    framer.push(Buffer.from('a X {900000+}\r\n'));
    const startedMs = performance.now();
    for (let i = 0; i < 900_000; i++) {
      framer.push(octet);
      framer.next();
    }
    for (let i = 0; i < 100_000; i++) {
      framer.push(octet);
      framer.next();
    }
    framer.push(Buffer.from('\n'));
    assert.equal(framer.next()?.kind, 'frame');
    assert.ok(performance.now() - startedMs < 5000);
  });

  it('holds no memory for a literal that is only announced', () => {
    const limits = { ...LIMITS_BEFORE_LOGIN, literalBytes: 2 ** 40 };
    const framers = Array.from({ length: 100 }, () => {
      const framer = new Framer(limits, () => 'buffer');
      framer.push(Buffer.from('a X {1099511627776}\r\n'));
      assert.equal(framer.next()?.kind, 'literal-wanted');
      framer.accept();
      return framer;
    });
    assert.equal(
      framers.every((framer) => framer.next() === undefined),
      true,
    );
  });
});

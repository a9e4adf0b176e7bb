import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { baseSubject, threadSubject } from './base-subject.ts';

const TABLE: readonly (readonly [subject: string, base: string, isReply: boolean])[] = [
  ['', '', false],
  ['hello', 'hello', false],
  ['  hello \t world  ', 'hello world', false],
  ['Re: hello', 'hello', true],
  ['RE : hello', 'hello', true],
  ['re:hello', 'hello', true],
  ['Re: Re: Fwd: fw: hello', 'hello', true],
  ['Fwd hello', 'Fwd hello', false],
  ['reply: hello', 'reply: hello', false],
  ['[list] hello', 'hello', false],
  ['[list] Re: [list] hello', 'hello', true],
  ['Re: [list] Re [x]: hello', 'hello', true],
  ['[a][b] [c] Re: x', 'x', true],
  ['[list]', '[list]', false],
  ['[a] [b]', '[b]', false],
  ['Re: [list]', '[list]', true],
  ['[not closed hello', '[not closed hello', false],
  ['[a[b] hello', '[a[b] hello', false],
  ['hello (fwd)', 'hello', true],
  ['hello (FWD) (fwd) ', 'hello', true],
  ['(fwd)', '', true],
  ['[Fwd: hello]', 'hello', true],
  ['[fwd: [fwd: Re: hello (fwd)]]', 'hello', true],
  ['[Fwd: hello', '[Fwd: hello', false],
  ['Re:', '', true],
  ['Re: : x', ': x', true],
  ['Aw: hello', 'Aw: hello', false],
  ['SV: hello', 'SV: hello', false],
  ['Re[2]: hello', 'hello', true],
  ['Re: ÅÄÖ', 'ÅÄÖ', true],
];

for (const [subject, base, isReply] of TABLE) {
  test(`RFC 5256 §2.1: ${JSON.stringify(subject)}`, () => {
    assert.deepEqual(baseSubject(subject), { text: base, isReplyOrForward: isReply });
  });
}

/** The algorithm word for word, as slow as it is written. */
function plainly(subject: string): { text: string; isReplyOrForward: boolean } {
  const blob = '\\[[^\\[\\]]*\\] *';
  const refwd = new RegExp(`^(?:${blob})*(?:re|fwd?) *(?:${blob})?:`, 'i');
  let text = subject.replace(/[ \t\r\n]+/g, ' ');
  let isMarked = false;
  const cut = (pattern: RegExp, isMark: boolean): boolean => {
    const next = text.replace(pattern, '');
    const hasChanged = next !== text;
    text = next;
    if (hasChanged && isMark) isMarked = true;
    return hasChanged;
  };
  for (;;) {
    while (cut(/ $/, false) || cut(/\(fwd\)$/i, true));
    for (;;) {
      if (cut(/^ /, false) || cut(refwd, true)) continue;
      const without = text.replace(new RegExp(`^${blob}`), '');
      if (without === '' || without === text) break;
      text = without;
    }
    if (!/^\[fwd:/i.test(text) || !text.endsWith(']')) break;
    text = text.slice(5, -1);
    isMarked = true;
  }
  return { text, isReplyOrForward: isMarked };
}

test('property: the same as the algorithm word for word', () => {
  const piece = fc.constantFrom(
    're',
    'Fwd',
    'fw',
    ':',
    ' ',
    '[',
    ']',
    '[x]',
    '[fwd:',
    '(fwd)',
    'a',
    'é',
    '\t',
    '\r\n ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const subject = pieces.join('');
      assert.deepEqual(baseSubject(subject), plainly(subject), JSON.stringify(subject));
    }),
    { numRuns: 3000 },
  );
});

for (const piece of ['[', '[a]', '[a] ', 're:', '[fwd:', '(fwd)', '[fwd:]', 're [a]', ' ']) {
  test(`half a megabyte of ${JSON.stringify(piece)} takes its length`, () => {
    const begin = performance.now();
    baseSubject(piece.repeat(500_000 / piece.length));
    threadSubject(`${piece.repeat(250_000 / piece.length)}x${']'.repeat(250_000)}`);
    assert.ok(performance.now() - begin < 5000);
  });
}

test('conversations know the marks of other languages', () => {
  for (const mark of [
    'Re:',
    'SV: ',
    'VS:',
    'Aw: ',
    'AW[2]: ',
    'Antw: ',
    'WG:',
    'Odp: ',
    'RV: ',
    'TR: ',
    'Re^3: ',
    'Re(2): ',
    'Res: ',
    'Vb: ',
    '回复: ',
    '回复：',
    'Fwd: SV: Re:',
  ])
    assert.equal(threadSubject(`${mark}Räkning`), 'Räkning', mark);
  for (const word of ['Svensk: x', 'Trip: x', 'Record: x', 'Iris: x', 'SVT: x'])
    assert.equal(threadSubject(word), word);
});

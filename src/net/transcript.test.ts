import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Transcript } from './transcript.ts';

test('a transcript shows no password', () => {
  const lines: string[] = [];
  const transcript = new Transcript((line) => lines.push(line));
  const talk: readonly (readonly ['C' | 'S', string])[] = [
    ['S', '* OK hello\r\n'],
    ['C', 'a1 LOG'],
    ['C', 'IN alice hunter2\r\n'],
    ['S', 'a1 NO\r\n'],
    ['C', 'a2 login {5}\r\n'],
    ['S', '+ go\r\n'],
    ['C', 'alice {7}\r\n'],
    ['S', '+ go\r\n'],
    ['C', 'hunter2\r\n'],
    ['S', 'a2 OK\r\n'],
    ['C', 'a3 NOOP\r\n'],
    ['S', 'a3 OK\r\n'],
    ['C', 'PASS hunter2\r\n'],
    ['S', '+OK\r\n'],
    ['C', 'AUTH PLAIN aHVudGVyMg==\r\n'],
    ['S', '+OK\r\n'],
    ['C', 'a4 AUTHENTICATE PLAIN\r\n'],
    ['S', '+\r\n'],
    ['C', 'aHVudGVyMg==\r\n'],
    ['S', 'a4 OK\r\n'],
  ];
  for (const [side, text] of talk) {
    if (side === 'C') transcript.received(Buffer.from(text));
    else transcript.sent(Buffer.from(text));
  }
  const shown = lines.join('\n');
  assert.ok(!/hunter2|aHVud/.test(shown), shown);
  assert.match(shown, /C: a1 LOGIN \*{4}\nS: a1 NO\nC: a2 login \*{4}\n/);
  assert.match(shown, /C: a3 NOOP/);
});

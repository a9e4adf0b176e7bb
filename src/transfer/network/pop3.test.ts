/** Names over POP3: of messages that are told apart by their headers, from servers that lie or break off. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Secret } from '../../base/secret.ts';
import { Pop3Names } from './pop3-names.ts';
import { readNames } from './pop3-remote.ts';

const HEADERS = ['Subject: one\r\nX: folded\r\n  on\r\n\r\n', 'Subject: two\r\n\r\n', 'Subject: two\r\n\r\n'];

/** Answers each line; undefined is honest. */
async function names(
  lie: (line: string, socket: Socket) => string | undefined = () => undefined,
  silenceMs = 500,
) {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('+OK hello\r\n');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        heard.push(line);
        socket.write(lie(line, socket) ?? honest(line));
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint = { protocol: 'pop3', host: '127.0.0.1', port, tls: 'none', user: undefined } as const;
  const signIn = { kind: 'password', user: 'anna', password: new Secret('hidden') } as const;
  try {
    return await readNames({ endpoint, trust: { isInsecure: false }, signIn, silenceMs });
  } finally {
    server.close();
    assert.ok(!heard.some((line) => /^(?:DELE|RETR)/.test(line)), heard.join());
  }
}

function honest(line: string): string {
  const [verb = '', number] = line.split(' ');
  if (verb === 'UIDL') return '+OK\r\n3 c\r\n1 a\r\n2 b\r\n.\r\n';
  if (verb === 'TOP') return `+OK\r\n${HEADERS[Number(number) - 1]?.replace(/^\./gm, '..')}.\r\n`;
  return '+OK\r\n';
}

test('each message has its name, twins in their order', async () => {
  const known = new Pop3Names(await names());
  const take = (text: string): string | undefined => known.take(Buffer.from(text));
  assert.equal(take('Subject: two\r\n\r\ntext'), 'b');
  assert.equal(take('Subject: two\r\n\r\nanother text'), 'c');
  assert.equal(take('Subject: two\r\n\r\n'), undefined);
  assert.equal(take('X-UIDL: 7\r\n more\r\nSubject: one\r\nX: folded\r\n  on\r\nStatus: RO\r\n\r\n'), 'a');
  assert.equal(take('Subject: nobody\r\n\r\n'), undefined);
});

test('of large headers hardly anything is kept', async () => {
  const header = `+OK\r\n${`X: ${'x'.repeat(95)}\r\n`.repeat(2000)}.\r\n`;
  const ids = Array.from({ length: 40 }, (_, i) => `${i + 1} id${i}\r\n`).join('');
  const named = await names((line) =>
    line === 'UIDL' ? `+OK\r\n${ids}.\r\n` : line.startsWith('TOP') ? header : undefined,
  );
  assert.equal(named.length, 40);
  assert.ok(JSON.stringify(named).length < 40 * 100);
});

test('an answer of nothing but line ends is as large as what is made of it', async () => {
  const ends = `+OK\r\n${'\n'.repeat(1_100_000)}.\r\n`;
  const answer = names((line) => (line === 'UIDL' ? ends : undefined), 60_000);
  await assert.rejects(answer, /more than can be meant/);
});

describe('a server that does not do what it should', () => {
  for (const [name, lie, expected] of [
    [
      'a wrong password',
      (line) => (line.startsWith('PASS') ? '-ERR no\r\n' : undefined),
      /over POP3 the server refused: no/,
    ],
    ['no UIDL', (line) => (line === 'UIDL' ? '-ERR unknown\r\n' : undefined), /refused: unknown/],
    [
      'too busy',
      (line) => (line.startsWith('PASS') ? '-ERR [IN-USE] try again later\r\n' : undefined),
      /try again later/,
    ],
    ['silence', (line) => (line.startsWith('TOP 2') ? '' : undefined), /says nothing any more/],
    [
      'an end in the middle',
      (line, socket) => {
        if (!line.startsWith('TOP 2')) return undefined;
        socket.destroy();
        return '';
      },
      /the connection broke/,
    ],
    [
      'a line without an end',
      (line) => (line.startsWith('TOP 1') ? `+OK\r\n${'x'.repeat(2_000_000)}` : undefined),
      /more than can be meant/,
    ],
  ] as readonly [string, (line: string, socket: Socket) => string | undefined, RegExp][])
    test(name, async () => {
      await assert.rejects(names(lie), (error: Error) => {
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /hidden/);
        return true;
      });
    });
});

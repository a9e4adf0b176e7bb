/**
 * NUL in mail: stored as it came, sent as 0x80 wherever a literal or string may not hold it, exact by BINARY (RFC 9051
 * §4.3.1, §9 CHAR8; RFC 3516 §4.3). Every size is that of the message. The test client fails on a NUL in a plain literal.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mailboxOf } from '../src/mailbox/operations/mailboxes.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const HEADER = [
  'Subject: a\0b',
  'From: "n\0l" <bob\0@example.org>',
  'X-\0: in a name',
  'Message-ID: <1\0@example.org>',
  'Content-Type: multipart/mixed; boundary=b; x="\0"',
  '',
  '',
].join('\r\n');
const PART = 'Content-Type: text/plain; name="f\0.txt"\r\nContent-Description: d\0\r\n\r\n';
const ENCODED = 'Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n';
const INNER = 'Content-Type: message/rfc822\r\n\r\nSubject: in\0ner\r\n\r\n\0\r\n';
const BODY = `--b\r\n${PART}\0one\0\r\n--b\r\n${ENCODED}AAECAAA=\r\n--b\r\n${INNER}--b--\r\n`;
const LONG = `${HEADER}--b\r\n${PART}${'\0 and lines\r\n'.repeat(60_000)}--b--\r\n`;
const shown = (text: string): string => text.replaceAll('\0', '\x80');

/** The octets of each item, in order. */
function literals(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; ; ) {
    const match = /~?\{(\d+)\}\r\n/g;
    match.lastIndex = at;
    const next = match.exec(text);
    if (next === null) return found;
    at = next.index + next[0].length + Number(next[1]);
    found.push((next[0].startsWith('~') ? '~' : '') + text.slice(next.index + next[0].length, at));
  }
}

for (const mode of ['IMAP4rev1', 'IMAP4rev2', 'UTF8=ACCEPT']) {
  describe(`NUL for a client that speaks ${mode}`, () => {
    let server: TestImap;
    let client: ImapClient;

    before(async () => {
      server = await startTestImap();
      await server.kit.addAccount('alice@example.com', 'secret');
      client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
      if (mode !== 'IMAP4rev1') await client.ok(`ENABLE ${mode}`);
      await client.ok('SELECT INBOX');
      for (const message of [HEADER + BODY, LONG]) {
        client.send(`a APPEND INBOX {${message.length}+}\r\n${message}\r\n`);
        assert.equal((await client.answer('a')).status, 'OK');
      }
    });
    after(async () => {
      client.close();
      await server.close();
    });

    async function fetch(seq: number, items: string): Promise<string> {
      const { untagged } = await client.ok(`FETCH ${seq} (${items})`);
      return untagged.find((text) => text.includes(' FETCH ')) ?? assert.fail();
    }

    async function isGiven(seq: number, item: string, ...expected: readonly string[]): Promise<void> {
      assert.deepEqual(literals(await fetch(seq, item)), expected, item);
    }

    test('sections have 0x80 in its place', async () => {
      const message = shown(HEADER + BODY);
      await isGiven(1, 'BODY.PEEK[]', message);
      await isGiven(1, 'BODY[]', message);
      await isGiven(1, 'RFC822', message);
      await isGiven(1, 'RFC822.HEADER', shown(HEADER));
      await isGiven(1, 'RFC822.TEXT', shown(BODY));
      await isGiven(1, 'BODY.PEEK[HEADER]', shown(HEADER));
      await isGiven(1, 'BODY.PEEK[TEXT]', shown(BODY));
      await isGiven(1, 'BODY.PEEK[HEADER.FIELDS (Subject)]', 'Subject: a\x80b\r\n\r\n');
      const others = shown(HEADER)
        .split('\r\n')
        .filter((line) => !/^(Subject|X-)/.test(line));
      await isGiven(1, 'BODY.PEEK[HEADER.FIELDS.NOT (Subject)]', others.join('\r\n'));
      await isGiven(1, 'BODY.PEEK[1]', '\x80one\x80');
      await isGiven(1, 'BODY.PEEK[1.MIME]', shown(PART));
      await isGiven(1, 'BODY.PEEK[3.HEADER]', 'Subject: in\x80ner\r\n\r\n');
      await isGiven(1, 'BODY.PEEK[3.TEXT]', '\x80');
    });

    test('and so have pieces of them, wherever they begin', async () => {
      const message = shown(HEADER + BODY);
      const at = message.indexOf('\x80');
      for (const from of [at - 1, at, at + 1]) {
        for (const count of [1, 2, 3]) {
          await isGiven(1, `BODY.PEEK[]<${from}.${count}>`, message.slice(from, from + count));
        }
      }
      await isGiven(1, 'BODY.PEEK[1]<4.9>', '\x80');
      await isGiven(1, 'BODY.PEEK[HEADER.FIELDS (Subject)]<10.2>', '\x80b');
    });

    test('BINARY is exact, beside BODY too, and only NUL needs ~{}', async () => {
      await isGiven(1, 'BINARY.PEEK[]', `~${HEADER}${BODY}`);
      await isGiven(1, 'BINARY.PEEK[1]', '~\0one\0');
      await isGiven(1, 'BINARY.PEEK[1]<1.3>', 'one');
      await isGiven(1, 'BINARY.PEEK[2]', '~\0\x01\x02\0\0');
      await isGiven(1, 'BODY.PEEK[1] BINARY.PEEK[1]', '\x80one\x80', '~\0one\0');
      await isGiven(1, 'BINARY.PEEK[1] BODY.PEEK[1]', '~\0one\0', '\x80one\x80');
      await isGiven(1, 'BINARY.PEEK[] BODY.PEEK[]', `~${HEADER}${BODY}`, shown(HEADER + BODY));
    });

    test('sizes are those of the message', async () => {
      const text = await fetch(1, 'RFC822.SIZE BINARY.SIZE[] BINARY.SIZE[1] BINARY.SIZE[2]');
      const size = HEADER.length + BODY.length;
      assert.match(text, new RegExp(`SIZE ${size} BINARY\\.SIZE\\[\\] ${size} .*\\[1\\] 5 .*\\[2\\] 5\\)$`));
    });

    test('ENVELOPE and BODYSTRUCTURE are strings without it', async () => {
      const text = await fetch(1, 'ENVELOPE BODYSTRUCTURE BODY');
      assert.ok(!text.includes('\0'));
      assert.ok(text.includes('{3}\r\na\x80b'));
      assert.ok(text.includes('f\x80.txt'));
    });

    test('what is sent in slices', async () => {
      await isGiven(2, 'BODY.PEEK[]', shown(LONG));
      const at = LONG.length - 400_000;
      await isGiven(2, `BODY.PEEK[]<${at}.300000>`, shown(LONG).slice(at, at + 300_000));
      await isGiven(2, 'BINARY.PEEK[]', `~${LONG}`);
    });

    test('a message of which nobody has noted whether there is NUL in it', async () => {
      const record = await server.kit.store.directory.find('alice@example.com');
      const account = await server.kit.domain.accounts.open(record?.id ?? assert.fail());
      const traits = mailboxOf(account, 'INBOX').list?.columns.traits as unknown as Uint8Array;
      const before = traits[0] as number;
      traits[0] = 0;
      await isGiven(1, 'BODY.PEEK[TEXT]', shown(BODY));
      traits[0] = before;
    });

    test('text with other octets goes as it came', async () => {
      const message = 'Subject: \xff\x80\x01\r\n\r\nbare\nLF\rCR \x7f\r\n';
      client.send(`b APPEND INBOX ~{${message.length}+}\r\n${message}\r\n`);
      assert.equal((await client.answer('b')).status, 'OK');
      await isGiven(3, 'BODY.PEEK[]', message);
      await isGiven(3, 'BINARY.PEEK[]', message);
    });
  });
}

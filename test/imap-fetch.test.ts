/**
 * What FETCH gives back is what was stored, to the octet: whole, in pieces, by part, decoded, and when octets are lost.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { StoreError } from '../src/mailbox/port/store.ts';
import { ImapClient } from './imap-client.ts';
import { ImapSyntax } from './imap-syntax.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { runs } from './kit/runs.ts';

const HEADER = 'From: a@example.com\r\nSubject: pieces\r\n\r\n';

/** The octets of `name` in the first FETCH response. */
function octets(untagged: readonly string[], name: string): string | undefined {
  const text = untagged.find((one) => one.includes(' FETCH ')) ?? assert.fail('no FETCH');
  const at = text.indexOf(`${name} `);
  assert.ok(at >= 0, `${name} in ${text.slice(0, 200)}`);
  const rest = text.slice(at + name.length + 1);
  if (rest.startsWith('NIL')) return undefined;
  if (rest.startsWith('""')) return '';
  const [head = '', size] = /^~?\{(\d+)\}\r\n/.exec(rest) ?? assert.fail(rest.slice(0, 100));
  return rest.slice(head.length, head.length + Number(size));
}

const withoutNul = (text: string): string => text.replaceAll('\0', '\x80');

describe('octets of FETCH', () => {
  let server: TestImap;
  let client: ImapClient;

  before(async () => {
    server = await startTestImap();
    await server.kit.addAccount('alice@example.com', 'secret');
    client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await client.ok('SELECT INBOX');
  });
  after(async () => {
    client.close();
    await server.close();
  });

  async function add(bytes: string): Promise<number> {
    const uid = await server.addMessage('alice@example.com', 'INBOX', {
      bytes: Buffer.from(bytes, 'latin1'),
    });
    await client.ok('NOOP');
    return uid;
  }

  async function get(uid: number, item: string, name: string): Promise<string | undefined> {
    const { untagged } = await client.ok(`UID FETCH ${uid} ${item}`);
    return octets(untagged, name);
  }

  test('pieces of any size rebuild the message (RFC 9051 §6.4.5)', async () => {
    const body = fc.string({
      unit: fc.constantFrom('a', '\r\n', '\n', '\0', '\xff', '{5}', ')'),
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(body, fc.integer({ min: 1, max: 40 }), async (text, size) => {
        const message = HEADER + text;
        const uid = await add(message);
        let rebuilt = '';
        for (let at = 0; at <= message.length; at += size) {
          rebuilt += await get(uid, `BODY.PEEK[]<${at}.${size}>`, `BODY[]<${at}>`);
        }
        assert.equal(rebuilt, withoutNul(message));
        assert.equal(await get(uid, 'BODY.PEEK[TEXT]', 'BODY[TEXT]'), withoutNul(text));
        assert.equal(await get(uid, 'RFC822', 'RFC822'), withoutNul(message));
        assert.equal(await get(uid, 'BINARY.PEEK[]', 'BINARY[]'), message);
      }),
      { numRuns: runs(25) },
    );
  });

  test('fields of a header of megabytes, also in pieces (RFC 9051 §6.4.5.1)', async () => {
    const line = (name: string, i: number): string => `${name}: value ${i}\r\n\tof ${name}\r\n`;
    const all = Array.from({ length: 15_000 }, (_, i) => line(i % 3 === 0 ? 'X-A' : 'X-B', i));
    const header = `garbage\r\nSubject: first\r\n${all.join('')}X-Long: ${'y'.repeat(1_000_000)}\r\nSubject: last\r\n\r\n`;
    const uid = await add(`${header}body`);
    const named = (name: string): string => all.filter((field) => field.startsWith(name)).join('');
    const rows: [string, string][] = [
      ['HEADER.FIELDS (SUBJECT)', 'Subject: first\r\nSubject: last\r\n\r\n'],
      ['HEADER.FIELDS (X-A)', `${named('X-A')}\r\n`],
      ['HEADER.FIELDS.NOT (X-A X-B X-LONG)', 'Subject: first\r\nSubject: last\r\n\r\n'],
      ['HEADER.FIELDS.NOT (X-LONG)', `Subject: first\r\n${all.join('')}Subject: last\r\n\r\n`],
      ['HEADER.FIELDS (NONE)', '\r\n'],
    ];
    for (const [section, expected] of rows) {
      assert.ok((await get(uid, `BODY.PEEK[${section}]`, `BODY[${section}]`)) === expected, section);
      for (const [from, count] of [
        [0, 10],
        [7, 300_000],
        [Math.max(0, expected.length - 5), 100],
        [expected.length, 5],
        [9e8, 5],
      ] as const) {
        const piece = await get(uid, `BODY.PEEK[${section}]<${from}.${count}>`, `BODY[${section}]<${from}>`);
        assert.ok(piece === expected.slice(from, from + count), `${section} ${from} ${count}`);
      }
    }
  });

  test('a message larger than what is held passes by in slices', async () => {
    const message = `${HEADER}${Array.from({ length: 30_000 }, (_, i) => `line ${i} of many\r\n`).join('')}`;
    const uid = await add(message);
    assert.equal(await get(uid, 'BODY.PEEK[]', 'BODY[]'), message);
    assert.equal(
      await get(uid, 'BODY.PEEK[]<65536.300000>', 'BODY[]<65536>'),
      message.slice(65_536, 365_536),
    );
    assert.equal(
      await get(uid, 'BODY.PEEK[1]<500000.9999>', 'BODY[1]<500000>'),
      message.slice(HEADER.length + 500_000, HEADER.length + 509_999),
    );
    assert.equal(await get(uid, `BODY.PEEK[]<${message.length}.10>`, `BODY[]<${message.length}>`), '');
  });

  for (const lines of [10, 20_000]) {
    test(`BINARY of ${lines} lines of base64 is what was encoded, NUL included (RFC 3516 §4)`, async () => {
      const decoded = Buffer.from(Array.from({ length: lines * 57 }, (_, i) => (i * 7) % 251));
      const encoded = decoded.toString('base64').replace(/.{76}/g, '$&\r\n');
      const uid = await add(`Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded}`);
      const expected = decoded.toString('latin1');
      assert.equal(await get(uid, 'BINARY.PEEK[1]', 'BINARY[1]'), expected);
      assert.equal(await get(uid, 'BINARY.PEEK[1]<100.300>', 'BINARY[1]<100>'), expected.slice(100, 400));
      const { untagged } = await client.ok(`UID FETCH ${uid} BINARY.SIZE[1]`);
      assert.match(untagged[0] ?? '', new RegExp(`BINARY\\.SIZE\\[1\\] ${decoded.length}\\)`));
    });
  }

  test('an encoding that nobody knows is NO [UNKNOWN-CTE], and the rest is sent', async () => {
    const uid = await add(
      'Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin\r\n',
    );
    const { status, text, untagged } = await client.command(
      `UID FETCH ${uid} (BINARY.PEEK[1] BINARY.SIZE[1] RFC822.SIZE)`,
    );
    assert.equal(`${status} ${text.slice(0, 13)}`, 'NO [UNKNOWN-CTE]'.slice(0, 16));
    assert.match(untagged[0] ?? '', /UID \d+ BINARY\[1\] NIL RFC822\.SIZE \d+\)$/);
  });

  test('lost octets are replaced, never an aborted FETCH; the size stays, and pieces agree', async () => {
    const uid = await add(`${HEADER}${'a line\r\n'.repeat(100)}`);
    const { store } = server.kit;
    const readRanges = store.readRanges.bind(store);
    store.readRanges = async (ranges) => (await readRanges(ranges)).map(() => undefined);
    try {
      const whole = (await get(uid, 'BODY.PEEK[]', 'BODY[]')) ?? '';
      assert.equal(whole.length, HEADER.length + 800);
      assert.match(whole, /^X-Lost: /);
      assert.equal(await get(uid, 'BODY.PEEK[]<100.50>', 'BODY[]<100>'), whole.slice(100, 150));
      const { untagged } = await client.ok('UID SEARCH BODY "a line"');
      assert.ok(!untagged[0]?.includes(` ${uid}`), 'what cannot be read has nothing to find');
    } finally {
      store.readRanges = readRanges;
    }
  });

  test('lost facts give a valid envelope and structure with numbers in it', async () => {
    const uid = await add(`${HEADER}body`);
    const { store } = server.kit;
    const { loadEmails } = store;
    store.loadEmails = async (ids) => ids.map(() => undefined);
    try {
      const { untagged } = await client.ok(`UID FETCH ${uid} (ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[1])`);
      const [, envelope = '', structure = '', short = ''] =
        /ENVELOPE (\(.*?\)) BODYSTRUCTURE (\(.*?\)) BODY (\(.*?\)) BODY\[1\]/.exec(untagged[0] ?? '') ?? [];
      ImapSyntax.envelope(Buffer.from(envelope));
      ImapSyntax.body(Buffer.from(structure), true);
      ImapSyntax.body(Buffer.from(short), false);
    } finally {
      store.loadEmails = loadEmails;
    }
  });

  test('storage that fails is NO [UNAVAILABLE] without half a line; within a literal it ends the connection', async () => {
    const uid = await add(`${HEADER}short`);
    const long = await add(`${HEADER}${'x'.repeat(700_000)}`);
    const { store } = server.kit;
    const { readRanges, readStream } = store;
    store.readRanges = () => Promise.reject(new StoreError('io', 'the device failed'));
    store.readStream = async function* () {
      yield Buffer.alloc(600_000, 'x');
      throw new StoreError('io', 'the device failed');
    };
    const other = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    try {
      await other.ok('EXAMINE INBOX');
      const answer = await other.command(`UID FETCH ${uid} (FLAGS BODY.PEEK[])`);
      assert.equal(`${answer.status} ${answer.text.slice(0, 13)}`, 'NO [UNAVAILABLE]'.slice(0, 16));
      assert.deepEqual(answer.untagged, []);
      await assert.rejects(other.command(`UID FETCH ${long} (FLAGS BODY.PEEK[])`), /closed the connection/);
    } finally {
      Object.assign(store, { readRanges, readStream });
      other.close();
    }
  });

  test('a message another session has removed is still readable until that is told', async () => {
    const uid = await add(`${HEADER}still here`);
    const other = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await other.ok('SELECT INBOX');
    const seq = Number(/(\d+) EXISTS/.exec((await client.ok('SELECT INBOX')).untagged.join('\n'))?.[1]);
    await other.ok(`UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`);
    await other.ok(`UID EXPUNGE ${uid}`);
    const { untagged } = await client.ok(`FETCH ${seq} (UID BODY.PEEK[TEXT])`);
    assert.equal(octets(untagged, 'BODY[TEXT]'), 'still here');
    assert.ok((await client.ok('NOOP')).untagged.includes(`${seq} EXPUNGE`));
    other.close();
  });

  test('EXAMINE marks nothing as read', async () => {
    const uid = await add(`${HEADER}unread`);
    const reader = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await reader.ok('EXAMINE INBOX');
    const { untagged } = await reader.ok(`UID FETCH ${uid} (BODY[] FLAGS)`);
    assert.match(untagged[0] ?? '', /FLAGS \((\\Recent)?\)\)$/);
    const refused = await reader.command(`UID STORE ${uid} +FLAGS (\\Seen)`);
    assert.match(`${refused.status} ${refused.text}`, /^NO \[READ-ONLY\]/);
    reader.close();
  });
});

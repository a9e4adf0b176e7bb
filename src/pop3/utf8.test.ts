/**
 * UTF-8 mode and its absence (RFC 6856) over sockets: messages whose headers are not ASCII, as surrogates and as they are,
 * and what sizes and commands have to do with it.
 */
import assert from 'node:assert/strict';
import { isAscii } from 'node:buffer';
import { after, beforeEach, describe, it } from 'node:test';
import { ALICE, startTestPop3, type TestPop3 } from '../../test/kit/pop3.ts';
import { Pop3Client } from '../../test/pop3-client.ts';
import { TRAIT } from '../mail/traits.ts';
import { deliver } from '../mailbox/operations/deliver.ts';
import { expungeMessages } from '../mailbox/operations/expunge.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import type { MailStore } from '../mailbox/port/store.ts';
import { WritableMailbox } from '../mailbox/state/mailbox.ts';

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
const ORDINARY = utf8('Subject: ordinary\r\nContent-Transfer-Encoding: 8bit\r\n\r\nKörper\r\n');
/** Octets as latin1: stored, and what a client gets that has not said UTF8. */
const MAIL: readonly (readonly [stored: string, surrogate: string])[] = [
  [ORDINARY, ORDINARY],
  [
    utf8('From: Jürgen <j@example.org>\r\nSubject: Wörter\r\n\r\nKörper\r\n.\r\nEnde\r\n'),
    utf8(
      'From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>\r\nSubject: =?utf-8?Q?W=C3=B6rter?=\r\n\r\nKörper\r\n.\r\nEnde\r\n',
    ),
  ],
  [
    'Subject: na\xefve caf\xe9\r\n\r\nlegacy \xe9\r\n',
    'Subject: =?unknown-8bit?Q?na=EFve_caf=E9?=\r\n\r\nlegacy \xe9\r\n',
  ],
  [
    utf8('To: jörg@example.com\n\nbare ö\nlast line'),
    utf8(
      'To: =?utf-8?Q?j=C3=B6rg=40example=2Ecom?=\r\n <invalid@internationalized-address.invalid>\r\n\r\nbare ö\r\nlast line\r\n',
    ),
  ],
  [
    utf8(
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename="ä"\r\n\r\nö\r\n--b--',
    ),
    utf8(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename*=utf-8''%C3%A4\r\n\r\nö\r\n--b--\r\n",
    ),
  ],
];
/** What a client gets in UTF-8 mode: POP3's lines, nothing else changed. */
const asIs = (stored: string): string => {
  const lines = stored.replace(/\r?\n/g, '\r\n');
  return lines.endsWith('\r\n') ? lines : `${lines}\r\n`;
};

async function signIn(port: number, isUtf8: boolean): Promise<Pop3Client> {
  const client = await Pop3Client.open(port);
  if (isUtf8) assert.equal(await client.ok('UTF8'), 'UTF-8 it is');
  await client.ok(`USER ${ALICE}`);
  await client.ok('PASS secret');
  return client;
}

/** Everything a session is told, which has to agree with itself. */
async function session(port: number, isUtf8: boolean): Promise<{ messages: string[]; ids: string[] }> {
  const client = await signIn(port, isUtf8);
  const sizes = (await client.table('LIST')).map(([, size]) => Number(size));
  assert.equal(await client.ok('STAT'), `${sizes.length} ${sizes.reduce((sum, size) => sum + size, 0)}`);
  const ids = (await client.table('UIDL')).map(([, id]) => id);
  const messages: string[] = [];
  for (const [i, size] of sizes.entries()) {
    const { status, body } = await client.list(`RETR ${i + 1}`);
    assert.equal(status, `${size} octets`);
    assert.equal(body.length, size, `message ${i + 1}`);
    assert.equal(await client.ok(`LIST ${i + 1}`), `${i + 1} ${size}`);
    const header = body.slice(0, body.indexOf('\r\n\r\n') + 4);
    assert.equal((await client.list(`TOP ${i + 1} 0`)).body, header);
    assert.equal((await client.list(`TOP ${i + 1} 99999`)).body, body);
    if (!isUtf8) assert.ok(isAscii(Buffer.from(header, 'latin1')));
    messages.push(body);
  }
  await client.ok('QUIT');
  return { messages, ids };
}

/** A store that counts what is read of messages. */
function counting(): { readonly wrapStore: (store: MailStore) => MailStore; bytes: number; rows: number } {
  const reads = {
    bytes: 0,
    rows: 0,
    wrapStore: (store: MailStore): MailStore =>
      new Proxy(store, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            if (name === 'readRanges') {
              for (const { start, end } of args[0] as { start: number; end: number }[])
                reads.bytes += end - start;
            }
            if (name === 'loadEmails') reads.rows += (args[0] as unknown[]).length;
            if (name === 'readStream') reads.bytes += Number.POSITIVE_INFINITY;
            return (value as (...all: unknown[]) => unknown).apply(target, args);
          };
        },
      }),
  };
  return reads;
}

describe('POP3 without and with UTF-8 mode (RFC 6856)', () => {
  let server: TestPop3;
  beforeEach(async () => {
    await server?.close();
    server = await startTestPop3();
  });
  after(() => server.close());

  const reopen = async (options: Parameters<typeof startTestPop3>[0]): Promise<void> => {
    await server.close();
    server = await startTestPop3(options);
  };

  /** As an older version left them. */
  const forgetTraits = async (traits: number): Promise<void> => {
    const state = await server.account();
    const { list } = WritableMailbox.of(mailboxOf(state, 'INBOX'));
    for (let row = 0; row < (list?.count ?? 0); row++) {
      (list as NonNullable<typeof list>).columns.traits[row] = (list?.columns.traits[row] as number) & traits;
    }
  };

  it('sends a surrogate, or the message as it is; sizes are those of the mode, ids the same (§2.1)', async () => {
    await server.add(MAIL.map(([stored]) => stored));
    const legacy = await session(server.port, false);
    assert.deepEqual(
      legacy.messages,
      MAIL.map(([, surrogate]) => surrogate),
    );
    const modern = await session(server.port, true);
    assert.deepEqual(
      modern.messages,
      MAIL.map(([stored]) => asIs(stored)),
    );
    assert.deepEqual(modern.ids, legacy.ids);
    assert.deepEqual(await session(server.port, false), legacy, 'from what was counted before');
    const stored = await server.kit.messagesOf(ALICE);
    assert.deepEqual(
      stored.map((bytes) => bytes.toString('latin1')),
      MAIL.map(([bytes]) => bytes),
    );
  });

  it('counts lines of the surrogate in TOP (RFC 6858 §4)', async () => {
    await server.add([MAIL[1]?.[0] as string]);
    const client = await signIn(server.port, false);
    const surrogate = MAIL[1]?.[1] as string;
    const bodyAt = surrogate.indexOf('\r\n\r\n') + 4;
    assert.equal(
      (await client.list('TOP 1 2')).body,
      `${surrogate.slice(0, bodyAt)}${utf8('Körper')}\r\n.\r\n`,
    );
    await client.ok('QUIT');
  });

  it('rewrites the trace fields of a delivery, too (RFC 6531 addresses)', async () => {
    const record = await server.kit.store.directory.find(ALICE);
    assert.ok(record);
    const message = Buffer.from('Subject: plain\r\n\r\nx\r\n');
    const received = await receive(server.kit.store, [record.id], 1000, message);
    await deliver(server.kit.domain, [{ account: record.id, address: ALICE }], received, 'jörg@example.org');
    const [legacy] = (await session(server.port, false)).messages;
    assert.match(
      legacy ?? '',
      /^Return-Path: =\?utf-8\?Q\?j=C3=B6rg=40example=2Eorg\?=\r\n <invalid@[^>]*\.invalid>\r\n/,
    );
    const [modern] = (await session(server.port, true)).messages;
    assert.ok(modern?.startsWith(utf8('Return-Path: <jörg@example.org>\r\n')));
  });

  it('reads nothing at sign-in of messages whose headers are ASCII', async () => {
    const reads = counting();
    await reopen({ wrapStore: reads.wrapStore });
    await server.add(Array.from({ length: 300 }, () => ORDINARY));
    for (const isUtf8 of [false, true]) {
      const client = await signIn(server.port, isUtf8);
      assert.equal(await client.ok('STAT'), `300 ${300 * ORDINARY.length}`);
      await client.ok('QUIT');
    }
    assert.deepEqual([reads.bytes, reads.rows], [0, 0]);
  });

  it('reads the headers alone of others, once, and nothing in UTF-8 mode', async () => {
    const reads = counting();
    await reopen({ wrapStore: reads.wrapStore });
    const body = 'x'.repeat(100_000);
    const header = utf8('Subject: Grüße\r\n\r\n');
    await server.add(Array.from({ length: 100 }, () => `${header}${body}\r\n`));
    await (await signIn(server.port, true)).ok('QUIT');
    assert.equal(reads.bytes, 0);
    await (await signIn(server.port, false)).ok('QUIT');
    assert.equal(reads.bytes, 100 * header.length);
    await (await signIn(server.port, false)).ok('QUIT');
    assert.equal(reads.bytes, 100 * header.length);
  });

  it('knows messages that an older version has taken in', async () => {
    await server.add(MAIL.map(([stored]) => stored));
    const before = [await session(server.port, false), await session(server.port, true)];
    const client = await signIn(server.port, true);
    await forgetTraits(~TRAIT.PlainHeaders);
    await client.ok('QUIT');
    assert.deepEqual([await session(server.port, false), await session(server.port, true)], before);
  });

  it('large messages in pieces: their own header, a part far behind, a message inside', async () => {
    const inner = utf8('From: Åse <a@example.org>\r\nSubject: ö\r\n\r\ninner\r\n');
    const filler = `${'0123456789abcdef'.repeat(4)}\r\n`.repeat(10_000);
    const stored =
      `${utf8('Subject: Grüße\r\n')}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${filler}--b\r\n` +
      `Content-Type: message/rfc822\r\n${utf8('Content-Description: ö\r\n')}\r\n${inner}${filler}\r\n--b--\r\n`;
    await server.add([stored, `${utf8(`X-Long: ${'ö'.repeat(400_000)}`)}\r\n\r\nx\r\n`]);
    const [legacy, long] = (await session(server.port, false)).messages;
    const expected = stored
      .replace(utf8('Grüße'), '=?utf-8?B?R3LDvMOfZQ==?=')
      .replace(utf8('Description: ö'), 'Description: =?utf-8?B?w7Y=?=')
      .replace(utf8('From: Åse'), 'From: =?utf-8?B?w4VzZQ==?=')
      .replace(utf8('Subject: ö'), 'Subject: =?utf-8?B?w7Y=?=');
    assert.equal(legacy, expected);
    assert.ok(long?.split('\r\n').every(({ length }) => length <= 78));
    assert.equal((await session(server.port, true)).messages[0], stored);
  });

  it('an expunged message is still its surrogate', async () => {
    await server.add([MAIL[1]?.[0] as string]);
    const client = await signIn(server.port, false);
    const inbox = mailboxOf(await server.account(), 'INBOX');
    await expungeMessages(server.kit.domain, await server.account(), inbox, { uids: [1] });
    assert.equal((await client.list('RETR 1')).body, MAIL[1]?.[1]);
    await client.ok('QUIT');
  });

  it('a mailbox full of such mail holds up nobody', async () => {
    const names = utf8('Jürgen Müller <j@example.org>, "Öl, Ü" <o@example.org>, ').repeat(40);
    const message = `From: ${utf8('Åse')} <a@example.org>\r\nTo: ${names}x@example.org\r\nSubject: ${utf8('ö')}\r\n\r\n`;
    await server.add(Array.from({ length: 1500 }, () => message));
    await server.kit.addAccount('bob@example.com', 'secret');
    const bob = await Pop3Client.signIn(server.port, 'bob@example.com');
    const alice = await Pop3Client.open(server.port);
    await alice.ok(`USER ${ALICE}`);
    let isIn = false;
    const signedIn = alice.ok('PASS secret').then(() => {
      isIn = true;
    });
    let turns = 0;
    for (; !isIn; turns++) await bob.ok('NOOP');
    await signedIn;
    assert.ok(turns >= 5, `${turns} commands of another session in the meantime`);
    await Promise.all([alice.ok('QUIT'), bob.ok('QUIT')]);
  });
});

describe('the UTF8 command (RFC 6856 §2)', () => {
  let server: TestPop3;
  beforeEach(async () => {
    await server?.close();
    server = await startTestPop3();
  });
  after(() => server.close());

  it('has no parameters, can be repeated, belongs before sign-in, and ends STLS', async () => {
    const client = await Pop3Client.open(server.port);
    assert.match(await client.command('UTF8 USER'), /^-ERR Expected: UTF8$/);
    await client.ok('STLS');
    await client.handshake();
    await client.ok('UTF8');
    await client.ok('UTF8');
    await client.ok(`USER ${ALICE}`);
    await client.ok('PASS secret');
    assert.match(await client.command('UTF8'), /^-ERR /);
    await client.ok('QUIT');
    const late = await Pop3Client.open(server.port);
    await late.ok('utf8');
    assert.match(await late.command('STLS'), /^-ERR STLS comes before UTF8$/);
    assert.match((await late.list('CAPA')).body, /^UTF8 USER\r$/m);
    late.destroy();
  });

  it('is not needed for names and passwords in UTF-8, which SASLprep prepares and restricts (§2.2)', async () => {
    await server.kit.addAccount('jörg@example.com', 'grün');
    for (const [user, password] of [
      ['jörg@example.com', 'grün'],
      ['jo\u0308rg@example.com', 'gru\u0308n'],
      ['j\u00adörg@example.com', 'gr\u00adün'],
    ] as const) {
      const client = await Pop3Client.open(server.port);
      await client.ok(`USER ${utf8(user)}`);
      await client.ok(`PASS ${utf8(password)}`);
      await client.ok('QUIT');
    }
    for (const lines of [
      ['USER j\xf6rg@example.com'],
      [`USER ${utf8('jörg\u0007@example.com')}`],
      [`USER ${utf8('jörg\ue000@example.com')}`],
      [`USER ${utf8('jörg@example.com')}`, 'PASS gr\xfcn'],
      [`USER ${utf8('jörg@example.com')}`, `PASS ${utf8('grün\u200e')}`],
      [`USER ${utf8('jörg@example.com')}`, `PASS ${utf8('gr\u0007ün')}`],
    ]) {
      const client = await Pop3Client.open(server.port);
      for (const line of lines.slice(0, -1)) await client.ok(line);
      assert.match(await client.command(lines.at(-1) as string), /^-ERR \[AUTH\] Name and password /);
      client.destroy();
    }
  });
});

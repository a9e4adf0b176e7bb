import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ALICE, startTestPop3, type TestPop3 } from '../../test/kit/pop3.ts';
import { Pop3Client } from '../../test/pop3-client.ts';
import { FLAG } from '../mail/flags.ts';
import { moveMessages } from '../mailbox/operations/copy.ts';
import { expungeMessages } from '../mailbox/operations/expunge.ts';
import { createMailbox } from '../mailbox/operations/folders.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';

const message = (n: number, body = `body ${n}`): string => `Subject: ${n}\r\n\r\n${body}\r\n`;
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

describe('POP3 sign-in', () => {
  let server: TestPop3;
  before(async () => {
    server = await startTestPop3();
  });
  after(() => server.close());

  const refuses = async (lines: readonly string[], expected: RegExp): Promise<void> => {
    const client = await Pop3Client.open(server.port);
    let reply = '';
    for (const line of lines) reply = await client.command(line);
    assert.match(reply, expected, lines.join(' / '));
    client.destroy();
  };

  it('greets without a timestamp, since APOP is not offered', async () => {
    const client = await Pop3Client.open(server.port);
    assert.match(await client.command('APOP alice 0123456789abcdef'), /^-ERR /);
    client.destroy();
  });

  it('takes USER and PASS, a bare name, blanks and UTF-8 in passwords', async () => {
    await server.kit.addAccount('bob@example.com', 'two words  ');
    await server.kit.addAccount('carol@example.com', 'gr\u00fcn');
    for (const [user, password] of [
      ['alice', 'secret'],
      ['BOB@example.com', 'two words  '],
      ['carol@example.com', Buffer.from('gr\u00fcn').toString('latin1')],
    ] as const) {
      const client = await Pop3Client.open(server.port);
      assert.equal(await client.command(`USER ${user}`), '+OK Now the password');
      assert.match(await client.command(`PASS ${password}`), /^\+OK Signed in; 0 messages, 0 octets$/);
      await client.ok('QUIT');
    }
  });

  it('says AUTH when the credentials are at fault, and not which of them (RFC 3206)', async () => {
    const expected = /^-ERR \[AUTH\] Wrong name or password$/;
    await refuses([`USER ${ALICE}`, 'PASS wrong'], expected);
    await refuses(['USER nobody@example.com', 'PASS secret'], expected);
    await refuses([`USER ${ALICE}`, `PASS ${'x'.repeat(2000)}`], expected);
    await refuses([`USER ${ALICE}`, 'PASS gr\xfcn'], /^-ERR \[AUTH\] Name and password must be UTF-8$/);
  });

  it('wants USER before PASS, each time', async () => {
    await refuses(['PASS secret'], /^-ERR USER comes before PASS/);
    await refuses([`USER ${ALICE}`, 'PASS wrong', 'PASS secret'], /^-ERR USER comes before PASS/);
    await refuses(['USER'], /^-ERR Expected: USER name/);
  });

  it('speaks SASL: initial response, challenge, cancel (RFC 5034)', async () => {
    const plain = base64('\0alice\0secret');
    const conversations: readonly (readonly string[])[] = [
      [`AUTH PLAIN ${plain}`, '+OK'],
      ['auth plain', '+ ', plain, '+OK'],
      [
        'AUTH LOGIN',
        `+ ${base64('Username:')}`,
        base64(ALICE),
        `+ ${base64('Password:')}`,
        base64('secret'),
        '+OK',
      ],
      ['AUTH PLAIN', '+ ', '*', '-ERR Cancelled'],
      ['AUTH PLAIN', '+ ', 'not base64', '-ERR That is not base64'],
      ['AUTH PLAIN =', '-ERR [AUTH] Name and password cannot be read'],
      [`AUTH PLAIN ${base64('\0alice\0wrong')}`, '-ERR [AUTH] Wrong'],
      [`AUTH PLAIN ${base64('eve\0alice\0secret')}`, '-ERR [AUTH]'],
      ['AUTH CRAM-MD5', '-ERR Unknown mechanism'],
    ];
    for (const lines of conversations) {
      const client = await Pop3Client.open(server.port);
      for (let i = 0; i < lines.length; i += 2) {
        const reply = await client.command(lines[i] as string);
        assert.ok(reply.startsWith(lines[i + 1] as string), `${lines[i]}: ${reply}`);
      }
      client.destroy();
    }
    const client = await Pop3Client.open(server.port);
    assert.equal((await client.list('AUTH')).body, 'SCRAM-SHA-256\r\nSCRAM-SHA-1\r\nPLAIN\r\nLOGIN\r\n');
    client.destroy();
  });

  it('lists its capabilities in both states (RFC 2449, 2595, 5034, 6856)', async () => {
    const client = await Pop3Client.open(server.port);
    const before = (await client.list('CAPA')).body.split('\r\n');
    for (const line of [
      ...['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER', 'UTF8 USER', 'LANG'],
      ...['STLS', 'USER', 'SASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN'],
    ]) {
      assert.ok(before.includes(line), line);
    }
    await client.ok(`USER ${ALICE}`);
    await client.ok('PASS secret');
    const signedIn = (await client.list('CAPA')).body.split('\r\n');
    assert.deepEqual(signedIn, [...before.slice(0, -1), 'IMPLEMENTATION Brevduva-0.0.0-test', '']);
    await client.ok('QUIT');
  });

  it('says no to commands of the other state', async () => {
    await refuses(['STAT'], /^-ERR Sign in first/);
    await refuses(['FROB'], /^-ERR Unknown command/);
    const client = await Pop3Client.signIn(server.port);
    for (const line of [`USER ${ALICE}`, 'PASS secret', 'AUTH PLAIN', 'STLS', 'UTF8']) {
      assert.match(await client.command(line), /^-ERR You are signed in already/);
    }
    assert.match(await client.command('LAST'), /^-ERR /);
    await client.ok('QUIT');
  });

  it('ends a connection that guesses, babbles or sends a line without end', async () => {
    const guesser = await Pop3Client.open(server.port);
    for (let i = 0; i < 3; i++) {
      await guesser.ok('USER alice');
      assert.match(await guesser.command(`PASS wrong${i}`), /^-ERR \[AUTH\]/);
    }
    assert.equal(await guesser.ended(), '');
    const babbler = await Pop3Client.open(server.port);
    babbler.send('GET / HTTP/1.0\r\nHost: x\r\n\r\n'.repeat(6));
    assert.equal((await babbler.ended()).split('\r\n').length - 1, 10);
    const endless = await Pop3Client.open(server.port);
    endless.send('x'.repeat(20_000));
    assert.equal(await endless.ended(), '-ERR The line is too long\r\n');
  });

  it('speaks Swedish when asked (RFC 6856 §3)', async () => {
    const client = await Pop3Client.open(server.port);
    assert.equal((await client.list('LANG')).body, 'en English\r\nsv Svenska\r\n');
    assert.match(await client.command('LANG tlh'), /^-ERR Unknown language/);
    assert.equal(await client.command('LANG sv-FI'), '+OK sv Fr\xc3\xa5n och med nu p\xc3\xa5 svenska');
    await client.ok('USER alice');
    assert.equal(await client.command('PASS wrong'), '-ERR [AUTH] Fel namn eller l\xc3\xb6senord');
    assert.equal(await client.command('LANG *'), '+OK en From now on in English');
    client.destroy();
  });

  it('upgrades by STLS and forgets what came before (RFC 2595 §4)', async () => {
    const client = await Pop3Client.open(server.port);
    await client.ok('USER mallory');
    client.send('STLS\r\nUSER mallory\r\nNOOP\r\n');
    assert.match(await client.reply(), /^\+OK Begin TLS/);
    await client.handshake();
    assert.match(await client.command('PASS secret'), /^-ERR USER comes before PASS/);
    assert.doesNotMatch((await client.list('CAPA')).body, /STLS/);
    assert.match(await client.command('STLS'), /^-ERR TLS is active already/);
    await client.ok(`AUTH PLAIN ${base64('\0alice\0secret')}`);
    await client.ok('QUIT');
    const secure = await Pop3Client.open(server.tlsPort, { isTls: true });
    assert.doesNotMatch((await secure.list('CAPA')).body, /STLS/);
    await secure.ok(`USER ${ALICE}`);
    await secure.ok('PASS secret');
    await secure.ok('QUIT');
  });

  it('refuses STLS after UTF8 (RFC 6856 §2.1)', async () => {
    await refuses(['UTF8', 'STLS'], /^-ERR STLS comes before UTF8/);
  });

  it('is closed for an account that has it switched off', async () => {
    await server.set({ 'pop3.enabled': 'false' });
    await refuses([`USER ${ALICE}`, 'PASS secret'], /^-ERR \[SYS\/PERM\] POP3 is switched off/);
    await refuses([`USER ${ALICE}`, 'PASS wrong'], /^-ERR \[AUTH\]/);
    await server.set({ 'pop3.enabled': undefined });
    const client = await Pop3Client.signIn(server.port);
    await client.ok('QUIT');
  });
});

describe('POP3 without TLS where passwords may not travel', () => {
  it('offers only STLS, and looks at no password', async () => {
    const server = await startTestPop3({ settings: { plaintext: 'never' } });
    const client = await Pop3Client.open(server.port);
    const { body } = await client.list('CAPA');
    assert.match(body, /^STLS\r$/m);
    assert.doesNotMatch(body, /SASL|^USER/m);
    for (const line of [
      `USER ${ALICE}`,
      'PASS secret',
      `AUTH PLAIN ${base64('\0alice\0secret')}`,
      'AUTH LOGIN',
    ]) {
      assert.match(await client.command(line), /^-ERR Passwords are taken over TLS only/);
    }
    await client.startTls();
    assert.match(
      (await client.list('CAPA')).body,
      /^SASL SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\r$/m,
    );
    await client.ok(`AUTH PLAIN ${base64('\0alice\0secret')}`);
    await client.ok('QUIT');
    await server.close();
  });
});

describe('POP3 maildrop', () => {
  let server: TestPop3;
  beforeEach(async () => {
    await server?.close();
    server = await startTestPop3();
  });
  after(() => server.close());

  const contents = async (mailbox = 'INBOX'): Promise<string[]> =>
    (await server.kit.messagesOf(ALICE, mailbox)).map((bytes) => bytes.toString('latin1'));

  it('counts, lists, names and reads (RFC 1939 §5, §7)', async () => {
    await server.add([message(1), message(2, 'a\r\n.\r\n..b'), 'Subject: 3\n\nbare\n']);
    const client = await Pop3Client.signIn(server.port);
    const sent = [message(1), message(2, 'a\r\n.\r\n..b'), 'Subject: 3\r\n\r\nbare\r\n'];
    const octets = sent.map(({ length }) => length);
    assert.equal(await client.ok('STAT'), `3 ${octets.reduce((sum, n) => sum + n)}`);
    assert.deepEqual(
      await client.table('LIST'),
      octets.map((n, i) => [i + 1, String(n)]),
    );
    assert.equal(await client.ok('LIST 2'), `2 ${octets[1]}`);
    const ids = await client.table('UIDL');
    assert.equal(new Set(ids.map(([, id]) => id)).size, 3);
    for (const [n, id] of ids) {
      assert.match(id, /^[0-9a-f]{16}$/);
      assert.equal(await client.ok(`UIDL ${n}`), `${n} ${id}`);
      const { status, body } = await client.list(`RETR ${n}`);
      assert.equal(status, `${octets[n - 1]} octets`);
      assert.equal(body, sent[n - 1]);
    }
    assert.equal((await client.list('TOP 2 0')).body, 'Subject: 2\r\n\r\n');
    assert.equal((await client.list('TOP 2 2')).body, 'Subject: 2\r\n\r\na\r\n.\r\n');
    assert.equal((await client.list('TOP 3 99999999')).body, sent[2]);
    assert.equal(await client.ok('NOOP'), 'Done');
    assert.equal(await client.ok('QUIT'), 'Bye');
    assert.equal((await contents())[2], 'Subject: 3\n\nbare\n', 'what is stored stays as it is');
    const again = await Pop3Client.signIn(server.port);
    assert.deepEqual(await again.table('UIDL'), ids);
    await again.ok('QUIT');
  });

  it('refuses numbers that no message has', async () => {
    await server.add([message(1)]);
    const client = await Pop3Client.signIn(server.port);
    for (const verb of ['LIST', 'UIDL', 'RETR', 'DELE', 'TOP']) {
      const lines = verb === 'TOP' ? ' 5' : '';
      await client.ok('NOOP');
      for (const number of ['0', '2', '-1', '99999999999999999999', 'x', '1x']) {
        assert.match(
          await client.command(`${verb} ${number}${lines}`),
          /^-ERR No such message; there are 1$/,
        );
      }
    }
    for (const line of ['RETR', 'DELE', 'TOP 1', 'TOP 1 -1', 'TOP 1 1 1', 'RETR 1 1', 'LIST 1 1']) {
      assert.match(await client.command(line), /^-ERR Expected: /, line);
    }
    await client.ok('QUIT');
  });

  it('marks at once and deletes at QUIT (RFC 1939 §6)', async () => {
    await server.add([message(1), message(2), message(3)]);
    const client = await Pop3Client.signIn(server.port);
    assert.equal(await client.ok('DELE 2'), 'Message 2 will be deleted at QUIT');
    for (const line of ['DELE 2', 'RETR 2', 'LIST 2', 'UIDL 2', 'TOP 2 0']) {
      assert.match(await client.command(line), /^-ERR Message 2 is marked as deleted$/);
    }
    assert.deepEqual(
      (await client.table('LIST')).map(([n]) => n),
      [1, 3],
    );
    assert.deepEqual(
      (await client.table('UIDL')).map(([n]) => n),
      [1, 3],
    );
    assert.match(await client.ok('RSET'), /3 messages/);
    await client.ok('DELE 1');
    await client.ok('DELE 3');
    assert.match(await client.ok('STAT'), /^1 /);
    assert.equal((await contents()).length, 3);
    assert.equal(await client.ok('QUIT'), 'Bye; 2 messages deleted');
    assert.deepEqual(await contents(), [message(2)]);
  });

  it('deletes nothing when the connection breaks, is silent for too long, or the server stops', async () => {
    await server.add([message(1)]);
    const broken = await Pop3Client.signIn(server.port);
    await broken.ok('DELE 1');
    broken.destroy();
    const stopped = await signInWhenFree(server.port);
    await stopped.ok('DELE 1');
    await server.stopServing();
    assert.equal(await stopped.ended(), '');
    assert.deepEqual(await contents(), [message(1)]);
    await server.close();
    server = await startTestPop3({ settings: { idleTimeoutMs: 30 }, sweepMs: 10 });
    await server.add([message(1)]);
    const silent = await Pop3Client.signIn(server.port);
    await silent.ok('DELE 1');
    assert.equal(await silent.ended(), '');
    assert.deepEqual(await contents(), [message(1)]);
  });

  it('is a snapshot: new mail is not in it, expunged mail can still be read, moved mail cannot', async () => {
    await server.add([message(1), message(2), message(3)]);
    const client = await Pop3Client.signIn(server.port);
    const account = await server.account();
    const inbox = mailboxOf(account, 'INBOX');
    await server.add([message(4)]);
    await expungeMessages(server.kit.domain, account, inbox, { uids: [1] });
    await moveMessages(server.kit.domain, account, inbox, [2], mailboxOf(account, 'Archive'));
    assert.match(await client.ok('STAT'), /^3 /);
    assert.equal((await client.table('LIST')).length, 3);
    assert.equal((await client.list('RETR 1')).body, message(1));
    assert.equal((await client.list('TOP 1 0')).body, 'Subject: 1\r\n\r\n');
    assert.match(await client.command('RETR 2'), /^-ERR Message 2 was moved to another mailbox/);
    assert.equal((await client.list('RETR 3')).body, message(3));
    for (const n of [1, 2, 3]) await client.ok(`DELE ${n}`);
    assert.equal(await client.ok('QUIT'), 'Bye; 1 message deleted, 2 had gone already');
    assert.deepEqual(await contents(), [message(4)]);
    assert.deepEqual(await contents('Archive'), [message(2)]);
  });

  it("is one session's at a time, and free at once after QUIT or a lost connection", async () => {
    const first = await Pop3Client.signIn(server.port);
    const second = await Pop3Client.open(server.port);
    await second.ok('USER alice');
    assert.match(await second.command('PASS secret'), /^-ERR \[IN-USE\] Another POP3 session/);
    await first.ok('QUIT');
    await second.ok('USER alice');
    await second.ok('PASS secret');
    second.destroy();
    const third = await signInWhenFree(server.port);
    third.socket.end();
    await (await signInWhenFree(server.port)).ok('QUIT');
  });

  it('waits a moment for a session that is just ending', async () => {
    await server.close();
    server = await startTestPop3({ settings: { lockWaitMs: 10_000 } });
    const first = await Pop3Client.signIn(server.port);
    const second = await Pop3Client.open(server.port);
    await second.ok('USER alice');
    const signedIn = second.ok('PASS secret');
    first.destroy();
    await signedIn;
    await second.ok('QUIT');
  });

  it('can hold an account to a pause between sign-ins (RFC 2449 §6.5)', async () => {
    await server.close();
    server = await startTestPop3({ defaults: { loginDelay: 60_000 } });
    const client = await Pop3Client.signIn(server.port);
    assert.match((await client.list('CAPA')).body, /^LOGIN-DELAY 60\r$/m);
    await client.ok('QUIT');
    const early = await Pop3Client.open(server.port);
    await early.ok('USER alice');
    assert.match(await early.command('PASS secret'), /^-ERR \[LOGIN-DELAY\] Too soon; at least 60 seconds/);
    early.destroy();
  });

  it('answers whatever is pipelined, in order (RFC 2449 §6.6)', async () => {
    await server.add([message(1), message(2)]);
    const client = await Pop3Client.open(server.port);
    client.send(
      'USER alice\r\nPASS secret\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nRETR 1\r\nRETR 2\r\nQUIT\r\nNOOP\r\n',
    );
    for (const expected of [/^\+OK Now/, /^\+OK Signed in/, /^\+OK 2 /])
      assert.match(await client.reply(), expected);
    assert.match(await client.reply(), /^\+OK \d+ octets/);
    assert.equal(await client.body(), message(1));
    assert.match(await client.reply(), /^\+OK Message 1/);
    assert.match(await client.reply(), /^-ERR Message 1 is marked/);
    assert.match(await client.reply(), /^\+OK \d+ octets/);
    assert.equal(await client.body(), message(2));
    assert.match(await client.reply(), /^\+OK Bye; 1 message deleted/);
    assert.equal(await client.ended(), '');
  });

  it('moves what is deleted to the Trash when the account wants that', async () => {
    await server.set({ 'pop3.delete': 'trash' });
    await server.add([message(1), message(2)]);
    const client = await Pop3Client.signIn(server.port);
    await client.ok('DELE 1');
    assert.equal(await client.ok('QUIT'), 'Bye; 1 message deleted');
    assert.deepEqual(await contents(), [message(2)]);
    assert.deepEqual(await contents('Trash'), [message(1)]);
  });

  it('marks what was fetched as seen only when the account wants that', async () => {
    await server.add([message(1), message(2)]);
    const flags = async (): Promise<number[]> => {
      const { list } = mailboxOf(await server.account(), 'INBOX');
      return [...(list?.columns.flags.subarray(0, 2) ?? [])].map((bits) => bits & FLAG.Seen);
    };
    const fetchOne = async (): Promise<void> => {
      const client = await Pop3Client.signIn(server.port);
      await client.list('RETR 1');
      await client.list('TOP 2 10');
      await client.ok('QUIT');
    };
    await fetchOne();
    assert.deepEqual(await flags(), [0, 0]);
    await server.set({ 'pop3.mark_seen': 'true' });
    await fetchOne();
    assert.deepEqual(await flags(), [FLAG.Seen, 0]);
  });

  it('reaches back as far as the account wants', async () => {
    const now = Math.floor(Date.now() / 1000);
    await server.add([message(1)], { internalDate: now - 40 * 86_400 });
    await server.add([message(2)], { internalDate: now - 20 * 86_400 });
    await server.set({ 'pop3.days': '30' });
    const client = await Pop3Client.signIn(server.port);
    assert.match(await client.ok('STAT'), /^1 /);
    assert.equal((await client.list('RETR 1')).body, message(2));
    await client.ok('DELE 1');
    await client.ok('QUIT');
    assert.deepEqual(await contents(), [message(1)]);
  });

  it('keeps the unique ids that messages came with', async () => {
    await server.add([message(1)], { externalId: 'UID42-1199' });
    await server.add([message(2)], { externalId: 'x'.repeat(71) });
    const client = await Pop3Client.signIn(server.port);
    const [first, second] = await client.table('UIDL');
    assert.deepEqual(first, [1, 'UID42-1199']);
    assert.match(second?.[1] ?? '', /^[0-9a-f]{16}$/);
    await client.ok('QUIT');
  });

  it('never gives the id of a deleted message to another one', async () => {
    const seen = new Set<string>();
    for (let n = 1; n <= 4; n++) {
      await server.add([message(n)]);
      const client = await Pop3Client.signIn(server.port);
      const [[, id] = [1, '']] = await client.table('UIDL');
      assert.ok(!seen.has(id));
      seen.add(id);
      await client.ok('DELE 1');
      await client.ok('QUIT');
    }
  });

  it('sends a large message in pieces, however slowly it is read, and holds up nobody', async () => {
    const large = `Subject: large\r\n\r\n${'.0123456789abcdef\r\n'.repeat(100_000)}`;
    await server.add([large, message(2)]);
    const slow = await Pop3Client.signIn(server.port);
    slow.socket.pause();
    slow.send('RETR 1\r\n'.repeat(20));
    await server.kit.addAccount('bob@example.com', 'secret');
    const other = await Pop3Client.signIn(server.port, 'bob@example.com');
    await other.ok('QUIT');
    assert.ok(process.memoryUsage().arrayBuffers < 400e6);
    slow.socket.resume();
    for (let i = 0; i < 2; i++) {
      assert.match(await slow.reply(), /^\+OK \d+ octets/);
      assert.equal((await slow.body()).length, large.length);
    }
    slow.destroy();
  });

  it('says so when everything was deleted with the account', async () => {
    await server.add([message(1)]);
    const client = await Pop3Client.signIn(server.port);
    const record = await server.kit.store.directory.find(ALICE);
    if (record !== undefined) await server.kit.admin.removeAccount(record.id);
    assert.equal(await client.ended(), '');
  });

  it('keeps to INBOX', async () => {
    const account = await server.account();
    await createMailbox(server.kit.domain, account, 'Lists');
    await server.add([message(1)], { mailbox: 'Lists' });
    const client = await Pop3Client.signIn(server.port);
    assert.equal(await client.ok('STAT'), '0 0');
    assert.equal((await client.list('LIST')).body, '');
    await client.ok('QUIT');
  });
});

/** The server notices a lost connection a moment later. */
async function signInWhenFree(port: number): Promise<Pop3Client> {
  for (;;) {
    const client = await Pop3Client.open(port);
    await client.ok('USER alice');
    if ((await client.command('PASS secret')).startsWith('+OK')) return client;
    client.destroy();
  }
}

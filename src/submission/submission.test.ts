/** Submission over real sockets: who gets in, who may say what, what is taken and how it leaves. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { LineClient } from '../../test/kit/line-client.ts';
import { ScramClient } from '../../test/kit/scram-client.ts';
import {
  ANN,
  SUBMISSION_SETTINGS,
  startTestSubmission,
  type TestSubmission,
} from '../../test/kit/submission.ts';
import type { Secret } from '../base/secret.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { asAccountId } from '../mailbox/model/model.ts';
import type { Rights } from '../mailbox/model/rights.ts';
import { accountIdentity } from '../mailbox/model/shares.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { changeShares } from '../mailbox/operations/shares.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const LETTER = `From: Ann <${ANN}>\r\nTo: bob@example.org\r\nSubject: Hello\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n`;

/** Says each line, and gives the replies. */
async function say(client: LineClient, ...lines: readonly string[]): Promise<string[]> {
  const replies: string[] = [];
  for (const line of lines) {
    client.send(`${line}\r\n`);
    replies.push(await client.reply());
  }
  return replies;
}

/** The reply to the message, or to what was refused before it. */
async function send(
  client: LineClient,
  letter: string,
  { from = ANN, to = ['bob@example.org'], mail = '' } = {},
): Promise<string> {
  const replies = await say(client, `MAIL FROM:<${from}>${mail}`, ...to.map((one) => `RCPT TO:<${one}>`));
  const refused = replies.find((reply) => /^[45]/.test(reply));
  if (refused !== undefined) {
    await say(client, 'RSET');
    return refused;
  }
  assert.match((await say(client, 'DATA'))[0] as string, /^354 /);
  client.send(`${letter}\r\n.\r\n`.replace(/\r\n\r\n\.\r\n$/, '\r\n.\r\n'));
  return client.reply();
}

async function hello(port: number): Promise<LineClient> {
  const client = await LineClient.connect(port);
  assert.match(await client.reply(), /^220 mail\.example\.com ESMTP$/);
  assert.match((await say(client, 'EHLO client.example.org'))[0] as string, /^250-/);
  return client;
}

describe('signing in to send', () => {
  let server: TestSubmission;
  before(async () => {
    server = await startTestSubmission();
  });
  after(() => server.close());

  test('what is offered (RFC 6409 §7, RFC 4954, RFC 4865, RFC 3461)', async () => {
    const client = await LineClient.connect(server.port);
    await client.reply();
    const [said = ''] = await say(client, 'EHLO x');
    const words = said.split('\r\n').map((line) => line.slice(4));
    for (const word of [
      'PIPELINING',
      'SIZE 52428800',
      '8BITMIME',
      'SMTPUTF8',
      'ENHANCEDSTATUSCODES',
      'CHUNKING',
      'DSN',
      'STARTTLS',
    ])
      assert.ok(words.includes(word), word);
    assert.ok(words.includes('AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN'), said);
    assert.match(said, /FUTURERELEASE 2592000 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    assert.match(said, /LIMITS RCPTMAX=100/);
    assert.doesNotMatch(said, /REQUIRETLS|BINARYMIME/);
    client.socket.destroy();
  });

  test('nothing else can be done before', async () => {
    const client = await hello(server.port);
    assert.deepEqual(await say(client, `MAIL FROM:<${ANN}>`), ['530 5.7.0 sign in first']);
    assert.match((await say(client, 'RCPT TO:<bob@example.org>'))[0] as string, /^503 /);
    client.socket.destroy();
  });

  test('PLAIN, LOGIN and SCRAM, right and wrong; what makes no sense', async () => {
    const plain = base64(`\0${ANN}\0secret`);
    const rows: readonly (readonly [lines: readonly string[], last: RegExp])[] = [
      [[`AUTH PLAIN ${plain}`], /^235 2\.7\.0/],
      [['AUTH plain', plain], /^235 2\.7\.0/],
      [['AUTH LOGIN', base64(ANN), base64('secret')], /^235 2\.7\.0/],
      [[`AUTH LOGIN ${base64('ann')}`, base64('secret')], /^235 2\.7\.0/],
      [[`AUTH PLAIN ${base64(`\0${ANN}\0wrong`)}`], /^535 5\.7\.8 wrong name or password/],
      [[`AUTH PLAIN ${base64('\0nobody\0secret')}`], /^535 5\.7\.8 wrong name or password/],
      [[`AUTH PLAIN ${base64(`bob\0${ANN}\0secret`)}`], /^535 5\.7\.8 Acting for another/],
      [['AUTH PLAIN', '*'], /^501 5\.7\.0/],
      [['AUTH PLAIN', '###'], /^501 5\.5\.2/],
      [['AUTH PLAIN ='], /^501 5\.5\.2/],
      [['AUTH'], /^501 5\.5\.4/],
      [['AUTH CRAM-MD5'], /^504 5\.5\.4/],
      [['AUTH SCRAM-SHA-256-PLUS'], /^504 5\.5\.4/],
    ];
    for (const [lines, last] of rows) {
      const client = await hello(server.port);
      const replies = await say(client, ...lines);
      assert.match(replies.at(-1) ?? '', last, lines[0] ?? '');
      for (const reply of replies.slice(0, -1)) assert.match(reply, /^334 /);
      client.socket.destroy();
    }
    const early = await LineClient.connect(server.port);
    await early.reply();
    assert.match((await say(early, `AUTH PLAIN ${plain}`))[0] as string, /^503 5\.5\.1 EHLO/);
    early.socket.destroy();
  });

  test('SCRAM shows at last that the server knows the password', async () => {
    const client = await hello(server.port);
    const scram = new ScramClient({ hash: 'sha256', username: ANN, password: 'secret' });
    const [first = ''] = await say(client, `AUTH SCRAM-SHA-256 ${scram.first().toString('base64')}`);
    const final = scram.final(Buffer.from(first.slice(4), 'base64')).toString('base64');
    const [last = ''] = await say(client, final);
    assert.ok(scram.isServerProven(Buffer.from(last.slice(4), 'base64')));
    assert.deepEqual(await say(client, ''), ['235 2.7.0 signed in']);
    assert.match((await say(client, 'AUTH PLAIN'))[0] as string, /^503 5\.5\.1 somebody/);
    client.socket.destroy();
  });

  test('a connection has so many attempts', async () => {
    const client = await hello(server.port);
    for (let n = 0; n < 2; n++) await say(client, `AUTH PLAIN ${base64(`\0${ANN}\0wrong ${n}`)}`);
    assert.match((await say(client, `AUTH PLAIN ${base64(`\0${ANN}\0wrong`)}`))[0] as string, /^535 /);
    assert.match(await client.reply(), /^421 4\.7\.0/);
    await client.ended();
  });

  test('an app password for sending alone, and for reading alone; it ends with its sessions', async () => {
    const record = await server.kit.store.directory.find(ANN);
    assert.ok(record);
    const sending = await server.kit.admin.addAppPassword(record.id, {
      name: 'Printer',
      services: ['submission'],
    });
    const reading = await server.kit.admin.addAppPassword(record.id, { name: 'Reader', services: ['imap'] });
    const client = await hello(server.port);
    const attempt = (password: Secret): Promise<string[]> =>
      say(client, `AUTH PLAIN ${base64(`\0${ANN}\0${password.reveal()}`)}`);
    assert.match(
      (await attempt(reading.password))[0] as string,
      /^535 5\.7\.8 the app password "Reader" is for imap, not for submission/,
    );
    assert.match((await attempt(sending.password))[0] as string, /^235 /);
    await server.kit.admin.revokeAppPassword(record.id, sending.number);
    assert.match(await client.reply(), /^421 4\.7\.0 the app password was revoked/);
    await client.ended();
  });

  test('an account that may not send is told so', async () => {
    const bob = await server.kit.addAccount('bob@example.com', 'secret');
    await server.kit.admin.setSetting(bob.id, 'submission.enabled', 'false').catch(() => undefined);
    await server.kit.store.directory.update(bob.id, { settings: { 'submission.enabled': 'false' } });
    const client = await hello(server.port);
    const [reply = ''] = await say(client, `AUTH PLAIN ${base64('\0bob@example.com\0secret')}`);
    assert.match(reply, /^535 5\.7\.8 this account may not send mail/);
    client.socket.destroy();
  });
});

test('without TLS, where passwords may not be sent, nothing is offered but TLS', async () => {
  const server = await startTestSubmission({ settings: { plaintext: 'never' } });
  try {
    const client = await LineClient.connect(server.port);
    await client.reply();
    const [said = ''] = await say(client, 'EHLO x');
    assert.match(said, /STARTTLS/);
    assert.doesNotMatch(said, /AUTH/);
    assert.match((await say(client, 'AUTH PLAIN'))[0] as string, /^538 5\.7\.11/);
    assert.match((await say(client, `MAIL FROM:<${ANN}>`))[0] as string, /^530 5\.7\.0 STARTTLS/);
    client.socket.destroy();
  } finally {
    await server.close();
  }
});

for (const isRelayed of [false, true])
  describe(isRelayed ? 'what is sent, where another process holds the account' : 'what is sent', () => {
    let server: TestSubmission;
    let client: LineClient;
    before(async () => {
      server = await startTestSubmission({ isRelayed });
      await server.kit.addAccount('bob@example.com', 'secret');
      client = await server.signIn();
    });
    after(async () => {
      client.socket.destroy();
      await server.close();
    });

    test('is taken with its envelope, and leaves without what is nobody else’s', async () => {
      const letter = LETTER.replace('Subject:', 'Bcc: carol@example.org\r\nSubject:');
      const mail = ' RET=HDRS ENVID=a+2Bb BODY=8BITMIME AUTH=<>';
      const replies = await say(
        client,
        `MAIL FROM:<${ANN}>${mail}`,
        'RCPT TO:<bob@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bb@example.org',
        'RCPT TO:<bob@example.com> NOTIFY=NEVER',
        'DATA',
      );
      assert.deepEqual(
        replies.map((reply) => reply.slice(0, 3)),
        ['250', '250', '250', '354'],
      );
      client.send(`${letter}.\r\n`);
      assert.match(await client.reply(), /^250 2\.0\.0 taken as \d+-\d+; id \S+$/);
      const [one, ...more] = await server.taken();
      assert.ok(one !== undefined && more.length === 0);
      const { row, recipients, message } = one;
      assert.match(
        message,
        /^Received: by mail\.example\.com with ESMTPA id \S+;\r\n\t[^\r\n]+\r\nFrom: Ann <ann@example\.com>\r\nTo: bob@example\.org\r\nSubject: Hello\r\nDate: Thu, 1 Jan 2026 00:00:00 \+0000\r\nMessage-ID: <1@example\.com>\r\n\r\nHello\.\r\n$/,
      );
      assert.deepEqual(
        [row.kind, row.sender, row.envid, row.ret, row.isUtf8, row.isEightBit],
        ['sent', ANN, 'a+b', 'headers', false, false],
      );
      assert.deepEqual(
        recipients.map(({ address, route, notify, orcpt, state }) => [address, route, notify, orcpt, state]),
        [
          ['bob@example.org', 'remote', 5, 'rfc822;b+b@example.org', 'waiting'],
          ['bob@example.com', 'local', 0, undefined, 'waiting'],
        ],
      );
    });

    test('may be said by its sender alone', async () => {
      const as = (from: string): string => LETTER.replace(ANN, from);
      assert.match(
        await send(client, LETTER, { from: 'bob@example.com' }),
        /^550 5\.7\.1 ann@example\.com may not send as bob@example\.com/,
      );
      assert.match(await send(client, LETTER, { from: 'bob@example.org' }), /^550 5\.7\.1/);
      assert.match(await send(client, as('bob@example.com')), /^550 5\.7\.1 .* as bob@example\.com/);
      assert.match(await send(client, as('bob@example.org')), /^550 5\.7\.1/);
      assert.match(
        await send(client, LETTER.replace(/^From[^\r]*\r\n/, '')),
        /^550 5\.7\.1 the message has no From/,
      );
      assert.match(await send(client, `From: ${ANN}\r\n${LETTER}`), /^550 5\.7\.1 the message has two From/);
      assert.match(await send(client, as('Ann@Example.COM'), { from: 'ANN@example.com' }), /^250 /);
      assert.match(await send(client, as('ann+tag@example.com'), { from: 'ann+tag@example.com' }), /^250 /);
      assert.match(await send(client, LETTER, { from: '' }), /^250 /);
      assert.match(await send(client, as('bob@example.com'), { from: '' }), /^550 /);
    });

    test('may be said for somebody who lets her (RFC 4314 p), for as long as he does', async () => {
      const { admin, domain } = server.kit;
      const [ann, bob] = [await admin.accountOf(ANN), await admin.accountOf('bob@example.com')];
      const account = await domain.accounts.open(bob.id);
      const inbox = mailboxOf(account, 'INBOX');
      const give = (mode: 'add' | 'remove') =>
        changeShares(domain, account, inbox, accountIdentity(ann.id), { mode, rights: 'p' as Rights });
      const letter = LETTER.replace(ANN, 'bob@example.com');
      await give('add');
      assert.match(await send(client, letter, { from: 'bob@example.com' }), /^250 /);
      await give('remove');
      assert.match(await send(client, letter, { from: 'bob@example.com' }), /^550 5\.7\.1/);
    });

    test('goes to nobody who is not here', async () => {
      assert.match(await send(client, LETTER, { to: ['nobody@example.com'] }), /^550 5\.1\.1/);
      assert.match(await send(client, LETTER, { to: ['bad address'] }), /^501 /);
      assert.match(await send(client, LETTER, { to: ['bob@example.org', 'ann'] }), /^250 /);
    });

    test('goes once to who is named twice, and by each way that is told of', async () => {
      const before = (await server.taken()).length;
      const local = ['bob@example.com', 'Bob@EXAMPLE.com', 'bob+tag@example.com'];
      const remote = ['Eve@example.org', 'Eve@Example.ORG', 'eve@example.org'];
      assert.match(await send(client, LETTER, { to: [...local, ...remote] }), /^250 /);
      const { recipients = [] } = (await server.taken())[before] ?? {};
      // Of an address elsewhere nobody here knows whether the case of its local part says something (RFC 5321 §2.4).
      assert.deepEqual(
        recipients.map(({ address }) => address),
        ['bob@example.com', 'bob+tag@example.com', 'Eve@example.org', 'eve@example.org'],
      );
      const told = [
        'bob@example.org> NOTIFY=NEVER',
        'bob@example.org> NOTIFY=FAILURE',
        'bob@example.org> NOTIFY=NEVER',
      ];
      await say(client, `MAIL FROM:<${ANN}>`, ...told.map((one) => `RCPT TO:<${one}`), 'DATA');
      client.send(`${LETTER}.\r\n`);
      assert.match(await client.reply(), /^250 /);
      assert.deepEqual(
        (await server.taken())[before + 1]?.recipients.map(({ notify }) => notify),
        [0, 2],
      );
    });

    test('has lines as they may leave', async () => {
      const before = (await server.taken()).length;
      assert.match(await send(client, `${LETTER}bare\nlf and\rcr\r\n`), /^250 /);
      assert.match(
        (await server.taken())[before]?.message ?? '',
        /\r\n\r\nHello\.\r\nbare\r\nlf and\r\ncr\r\n$/,
      );
      assert.match(await send(client, `${LETTER}${'x'.repeat(999)}\r\n`), /^550 5\.6\.0 a line/);
      assert.match(await send(client, `${LETTER}${'x'.repeat(998)}\r\n`), /^250 /);
      const large = 'x\r\n'.repeat(100_000);
      assert.match(await send(client, `${LETTER.replace(ANN, 'eve@example.org')}${large}`), /^550 5\.7\.1/);
      assert.match(await send(client, `${LETTER}${large}`), /^250 /);
      assert.match(await send(client, `${LETTER}a\0b\r\n`), /^550 5\.6\.0 .* NUL/);
      assert.match(await send(client, `From ann\r\n${LETTER}`), /^550 5\.6\.0 .* no field/);
    });

    test('no second message hides behind a dot that is none', async () => {
      const before = (await server.taken()).length;
      const hidden = `MAIL FROM:<${ANN}>\r\nRCPT TO:<eve@example.org>\r\nDATA\r\n${LETTER}`;
      for (const dot of [
        '\n.\n',
        '\n.\r\n',
        '\r.\r\n',
        '\r\n.\n',
        '\r\n.\r',
        '\r.\r',
        '\0\r\n.\r\n\0'.slice(0, 5),
      ])
        assert.match(await send(client, `${LETTER}end${dot}${hidden}`), /^(?:250|550) /, JSON.stringify(dot));
      const taken = (await server.taken()).slice(before);
      assert.ok(
        taken.every(({ recipients }) => recipients.every(({ address }) => address === 'bob@example.org')),
      );
      for (const { message } of taken) assert.doesNotMatch(message, /\r(?!\n)|(?<!\r)\n/);
    });

    test('can be in chunks, and beyond ASCII', async () => {
      const letter = Buffer.from(LETTER.replace('Hello', 'Grüße'), 'utf8');
      await say(
        client,
        'MAIL FROM:<ann@example.com> SMTPUTF8 BODY=8BITMIME',
        'RCPT TO:<jürgen@example.org>'.replace('ü', '\xc3\xbc'),
      );
      client.send(`BDAT ${letter.length} LAST\r\n`, letter);
      assert.match(await client.reply(), /^250 /);
      const last = (await server.taken()).at(-1);
      assert.deepEqual([last?.row.isUtf8, last?.row.isEightBit], [true, true]);
      assert.equal(last?.recipients[0]?.address, 'jürgen@example.org');
      assert.match(await send(client, LETTER, { mail: ' SMTPUTF8' }), /^250 /);
      assert.equal((await server.taken()).at(-1)?.row.isUtf8, false, 'nothing in it needs the word');
    });

    test('can wait (RFC 4865)', async () => {
      assert.match(await send(client, LETTER, { mail: ' HOLDFOR=3600' }), /^250 /);
      const held = (await server.taken()).at(-1);
      assert.ok(Math.abs((held?.row.holdUntilMs ?? 0) - Date.now() - 3_600_000) < 10_000);
      assert.equal(held?.recipients[0]?.nextMs, held?.row.holdUntilMs);
      const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19);
      assert.match(await send(client, LETTER, { mail: ` HOLDUNTIL=${tomorrow}Z` }), /^250 /);
      assert.match(await send(client, LETTER, { mail: ' HOLDFOR=99999999' }), /^501 5\.5\.4 .* 30 days/);
      assert.match(
        await send(client, LETTER, { mail: ' HOLDFOR=1 HOLDUNTIL=2030-01-01T00:00:00Z' }),
        /^501 /,
      );
    });

    test('has a priority and a time (RFC 6710, RFC 2852)', async () => {
      assert.match(await send(client, LETTER, { mail: ' MT-PRIORITY=-7 BY=600;N' }), /^250 /);
      const { row, message = '' } = (await server.taken()).at(-1) ?? {};
      assert.deepEqual([row?.priority, row?.deliverBy?.mode], [-7, 'notify']);
      assert.match(message, /^Received: [^;]* id \S+ PRIORITY -7;/);
      assert.ok(Math.abs((row?.deliverBy?.atMs ?? 0) - Date.now() - 600_000) < 10_000);
      assert.match(await send(client, LETTER, { mail: ' BY=600;R' }), /^250 /);
      const returned = (await server.taken()).at(-1)?.row;
      const apartMs = (returned?.expiresMs ?? 0) - (returned?.deliverBy?.atMs ?? Number.NaN);
      assert.ok(Math.abs(apartMs) < 2000, 'it is given up then');
      assert.match(await send(client, LETTER, { mail: ' BY=60;R HOLDFOR=61' }), /^501 5\.5\.4/);
      assert.match(await send(client, LETTER, { mail: ' BY=0;R' }), /^501 5\.5\.4/);
    });

    test('gets what it lacks', async () => {
      assert.match(await send(client, `From: ${ANN}\r\n\r\nx\r\n`), /^250 /);
      const message = (await server.taken()).at(-1)?.message ?? '';
      assert.match(message, /\r\nDate: [^\r\n]+\r\nMessage-ID: <[0-9a-f-]{36}@example\.com>\r\n\r\nx\r\n$/);
    });
  });

describe('as it is configured', () => {
  let server: TestSubmission | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  test('a foreign From gets a Sender; where somebody sends from can be shown', async () => {
    server = await startTestSubmission({ settings: { addsSender: true, hidesClient: false } });
    const client = await server.signIn();
    assert.match(await send(client, LETTER.replace(ANN, 'boss@example.org')), /^250 /);
    const message = (await server.taken())[0]?.message ?? '';
    assert.match(
      message,
      /^Received: from client\.example\.org \(\[127\.0\.0\.1\]\)\r\n\tby mail\.example\.com with ESMTPA/,
    );
    assert.match(message, /\r\nSender: <ann@example\.com>\r\n/);
    client.socket.destroy();
  });

  test('who can have no more mail is said at RCPT, where waiting is in vain', async () => {
    server = await startTestSubmission({ limits: { roomGraceMs: 0 } });
    await server.kit.addAccount('full@example.com', 'secret', { messages: 0 });
    await server.kit.addAccount('small@example.com', 'secret', { bytes: 1000 });
    const client = await server.signIn();
    const replies = await say(
      client,
      `MAIL FROM:<${ANN}> SIZE=5000`,
      ...['full', 'small', 'ann'].map((name) => `RCPT TO:<${name}@example.com>`),
    );
    assert.deepEqual(
      replies.map((reply) => /^\d{3} \d\.\d\.\d/.exec(reply)?.[0]),
      ['250 2.1.0', '552 5.2.2', '552 5.2.3', '250 2.1.5'],
    );
    assert.match(replies[2] ?? '', /larger than all the room of the mailbox/);
    await say(client, 'RSET');
    assert.match(
      await send(client, LETTER, { to: ['small@example.com'] }),
      /^250 /,
      'of a size nobody has said',
    );
    client.socket.destroy();
  });

  test('and is taken where the queue waits for room', async () => {
    server = await startTestSubmission({ limits: { roomGraceMs: 60_000 } });
    await server.kit.addAccount('full@example.com', 'secret', { messages: 0 });
    const client = await server.signIn();
    assert.match(await send(client, LETTER, { to: ['full@example.com'] }), /^250 /);
    const account = await server.kit.domain.accounts.open(asAccountId(2));
    assert.equal(account.refusedSinceMs, 0, 'it was only asked');
    client.socket.destroy();
  });

  test('so much an hour, and the owner hears of it', async () => {
    const defaults = {
      enabled: true,
      undoMs: 0,
      messagesPerHour: 5,
      recipientsPerHour: 8,
      messagesPerDay: 0,
      recipientsPerDay: 0,
    };
    server = await startTestSubmission({ settings: { defaults } });
    const client = await server.signIn();
    for (let n = 0; n < 5; n++) assert.match(await send(client, LETTER), /^250 /);
    assert.match(
      await send(client, LETTER),
      /^451 4\.7\.1 the account may send 5 messages an hour; try again later/,
    );
    const notices = (await server.taken()).filter(({ row }) => row.kind === 'notice');
    assert.deepEqual(
      notices.map(({ message }) => /^Subject: (.*)$/m.exec(message)?.[1]?.trim()),
      [
        'You have nearly sent as much mail as your account may',
        'You have sent as much mail as your account may',
      ],
    );
    assert.deepEqual(
      notices[0]?.recipients.map(({ address, route }) => [address, route]),
      [
        [ANN, 'local'],
        ['postmaster@example.com', 'local'],
      ],
    );
    const record = await server.kit.store.directory.find(ANN);
    assert.ok(record);
    const updated = await server.kit.store.directory.update(record.id, {
      settings: { 'submission.messages_per_hour': '100' },
    });
    if (updated !== undefined) server.kit.domain.accounts.refresh(updated);
    const to = ['a@example.org', 'b@example.org', 'c@example.org', 'd@example.org'];
    assert.match(
      await send(client, LETTER, { to }),
      /^451 4\.7\.1 the account may send to 8 recipients an hour/,
    );
    assert.match(await send(client, LETTER, { to: to.slice(0, 3) }), /^250 /);
    client.socket.destroy();
  });

  test('the owner hears of it however much mail of his waits to leave', async () => {
    const defaults = { ...SUBMISSION_SETTINGS.defaults, messagesPerHour: 5 };
    server = await startTestSubmission({ settings: { defaults }, limits: { outgoingPerAccount: 4 } });
    const client = await server.signIn();
    for (let n = 0; n < 4; n++) assert.match(await send(client, LETTER), /^250 /);
    const notices = (await server.taken()).filter(({ row }) => row.kind === 'notice');
    assert.equal(notices.length, 1);
    client.socket.destroy();
  });

  test('a copy in Sent, once, whoever puts it there first', async () => {
    server = await startTestSubmission({ settings: { copies: true } });
    const client = await server.signIn();
    const letter = LETTER.replace('Subject:', 'Bcc: carol@example.org\r\nSubject:');
    assert.match(await send(client, letter), /^250 /);
    assert.deepEqual(
      (await server.kit.messagesOf(ANN, 'Sent')).map(String),
      [letter],
      'with its Bcc, as it came',
    );
    client.socket.destroy();
  });

  test('a message that could not be taken for want of its copy in Sent does not count', async () => {
    const defaults = { ...SUBMISSION_SETTINGS.defaults, messagesPerHour: 1 };
    server = await startTestSubmission({ settings: { copies: true, defaults } });
    const { sentCopies } = server.kit.domain;
    const find = sentCopies.find.bind(sentCopies);
    sentCopies.find = () => {
      throw new MailboxError('unavailable', 'the disk is gone');
    };
    const client = await server.signIn();
    assert.match(await send(client, LETTER), /^4/);
    sentCopies.find = find;
    assert.match(await send(client, LETTER), /^250 /);
    assert.match(await send(client, LETTER), /^451 4\.7\.1 /);
    client.socket.destroy();
  });

  test('a message that is too large, and too many recipients', async () => {
    server = await startTestSubmission({ settings: { maxMessageBytes: 10_000, maxRecipients: 3 } });
    const client = await server.signIn();
    assert.match((await say(client, `MAIL FROM:<${ANN}> SIZE=10001`))[0] as string, /^552 5\.3\.4/);
    assert.match(await send(client, `${LETTER}${'x\r\n'.repeat(4000)}`), /^552 5\.3\.4/);
    const to = ['a@example.org', 'b@example.org', 'c@example.org', 'd@example.org'];
    assert.match(await send(client, LETTER, { to }), /^452 4\.5\.3/);
    assert.deepEqual(await server.taken(), []);
    client.socket.destroy();
  });

  test('a client that goes away in the middle leaves nothing', async () => {
    server = await startTestSubmission({});
    const client = await server.signIn();
    await say(client, `MAIL FROM:<${ANN}>`, 'RCPT TO:<bob@example.org>', 'DATA');
    client.send(LETTER.slice(0, 50));
    client.socket.destroy();
    const other = await server.signIn();
    assert.match(await send(other, LETTER), /^250 /);
    assert.equal((await server.taken()).length, 1);
    other.socket.destroy();
  });
});

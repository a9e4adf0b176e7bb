/**
 * iPhones that are told of new mail: they register over IMAP, and a daemon, which is a real HTTP server here, is told. One server for all
 * of it, and one as it is configured.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type ApplePush, startApplePush } from '../src/apple-push/watching.ts';
import { Outward } from '../src/http/outward.ts';
import { Sharing } from '../src/identity/sharing.ts';
import { DEVICE_LIMITS, devicesIn } from '../src/mailbox/model/devices.ts';
import { loadBelongings } from '../src/mailbox/state/belongings.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { startServer, type TestServer } from './kit/server.ts';

const TOPIC = 'com.apple.mail.XServer.0e2b6c5a-0000-4000-8000-000000000000';
const BYTES = 'From: Bo <bo@example.org>\r\nSubject: Hello\r\n\r\nHello\r\n';
const ANNA = 'anna@example.com';
const BO = 'bo@example.com';

interface Told {
  readonly topic: string;
  readonly subtopic: string;
  readonly accountId: string;
  readonly deviceToken: string;
  readonly mailboxes: readonly string[];
}

class Daemon {
  /** Each is used once; then 200. */
  readonly statuses: number[] = [];
  readonly told: Told[] = [];
  readonly #server: Server;
  #wake: (() => void) | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Daemon> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      assert.equal(request.method, 'POST');
      assert.equal(request.headers['content-type'], 'application/json');
      daemon.told.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(daemon.statuses.shift() ?? 200).end();
      daemon.#wake?.();
    });
    const daemon = new Daemon(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return daemon;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/notify`;
  }

  /** What it is told next about this telephone. */
  async next(name: string): Promise<Told> {
    for (;;) {
      const at = this.told.findIndex(({ deviceToken }) => deviceToken === tokenOf(name));
      if (at >= 0) return this.told.splice(at, 1)[0] as Told;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const digest = (name: string): string => createHash('md5').update(name).digest('hex');
const key = (token: string): string => `${token}-0000-4000-8000-000000000000`;
const tokenOf = (name: string): string => Buffer.from(name.padEnd(16, 'x')).toString('hex').toUpperCase();

function register(name: string, mailboxes: string): string {
  return `XAPPLEPUSHSERVICE aps-version 2 aps-account-id ${key(name)} aps-device-token ${tokenOf(name)} aps-subtopic com.apple.mobilemail mailboxes (${mailboxes})`;
}

describe('telephones that are told of new mail', () => {
  let server: TestImap;
  let daemon: Daemon;
  let push: ApplePush;
  let logged = '';
  before(async () => {
    daemon = await Daemon.start();
    server = await startTestImap({ settings: { applePushTopic: TOPIC } });
    const { kit } = server;
    await kit.addAccount(ANNA, 'secret');
    await kit.addAccount(BO, 'secret');
    const { domain } = kit;
    const write = (fields: unknown, message?: unknown): void => {
      logged += `${JSON.stringify(fields)} ${String(message)}\n`;
    };
    const log = { ...domain.log, warn: write, info: write, debug: write } as unknown as typeof domain.log;
    push = startApplePush({
      ...{ domain, log, sharing: new Sharing(domain), topic: TOPIC, url: daemon.url },
      ...{ outward: new Outward({ mayReach: () => true }), pauseMs: 60, retryMs: 20 },
    });
  });
  after(async () => {
    await push.stop();
    daemon.close();
    await server.close();
  });

  const arrives = (address = ANNA, mailbox = 'INBOX') =>
    server.addMessage(address, mailbox, { bytes: BYTES });
  const accountOf = async (address: string) => {
    const { kit } = server;
    const account = await kit.domain.accounts.open((await kit.admin.accountOf(address)).id);
    await loadBelongings(kit.domain, account);
    return account;
  };
  const devicesOf = async (address: string) => devicesIn((await accountOf(address)).belongings);

  test('one registers for what is there, and is told which mailbox has news, and nothing else', async () => {
    const client = await ImapClient.signIn(server.port, ANNA, 'secret');
    const { untagged: words } = await client.ok('CAPABILITY');
    assert.match(words.join(), / XAPPLEPUSHSERVICE /);
    await client.ok('CREATE R&AOQ-tt');
    const { untagged } = await client.ok(register('anna', 'INBOX Nowhere R&AOQ-tt'));
    assert.deepEqual(untagged, [
      'XAPPLEPUSHSERVICE mailbox INBOX',
      'XAPPLEPUSHSERVICE mailbox R&AOQ-tt',
      `XAPPLEPUSHSERVICE aps-version "2" aps-topic "${TOPIC}"`,
    ]);
    await arrives(ANNA, 'Archive');
    await arrives();
    const expected = {
      ...{ topic: TOPIC, subtopic: 'com.apple.mobilemail' },
      ...{ accountId: key('anna'), deviceToken: tokenOf('anna'), mailboxes: [digest('INBOX')] },
    };
    assert.deepEqual(await daemon.next('anna'), expected);
    // Flags are no news.
    await client.ok('SELECT INBOX');
    await client.ok('STORE 1 +FLAGS (\\Seen)');
    await client.ok('COPY 1 R&AOQ-tt');
    assert.deepEqual(await daemon.next('anna'), { ...expected, mailboxes: [digest('Rätt')] });
    client.close();
  });

  test('what happens in between is told at once, and again when the daemon was not ready', async () => {
    daemon.statuses.push(503);
    await arrives();
    assert.deepEqual((await daemon.next('anna')).mailboxes, [digest('INBOX')]);
    await arrives(ANNA, 'Rätt');
    const told = new Set((await daemon.next('anna')).mailboxes);
    // What was not taken comes again, at the latest with what comes then.
    if (told.size === 1) for (const one of (await daemon.next('anna')).mailboxes) told.add(one);
    assert.deepEqual(told, new Set([digest('INBOX'), digest('Rätt')]));
    assert.match(logged, /does not take news/);
    assert.doesNotMatch(logged, new RegExp(tokenOf('anna')));
  });

  test('the same telephone again takes its place; for no mailbox it is told no more', async () => {
    const client = await ImapClient.signIn(server.port, ANNA, 'secret');
    await client.ok(register('anna', 'INBOX'));
    const [device] = await devicesOf(ANNA);
    assert.deepEqual(device?.value.wishes.length, 1);
    assert.equal((await devicesOf(ANNA)).length, 1);
    for (let n = 0; n < DEVICE_LIMITS.own + 3; n++) await client.ok(register(`a${n}`, 'INBOX'));
    assert.equal((await devicesOf(ANNA)).length, DEVICE_LIMITS.own);
    for (let n = 0; n < DEVICE_LIMITS.own + 3; n++) await client.ok(register(`a${n}`, ''));
    assert.equal((await devicesOf(ANNA)).length, 0);
    // Nor do traces of them pile up.
    const rows = [...((await accountOf(ANNA)).belongings?.values() ?? [])];
    assert.ok(rows.filter(({ kind }) => kind === 'device').length <= 3);
    client.close();
  });

  test('a telephone that is no more is forgotten', async () => {
    const client = await ImapClient.signIn(server.port, ANNA, 'secret');
    await client.ok(register('lost', 'INBOX'));
    daemon.statuses.push(410);
    await arrives();
    await daemon.next('lost');
    while ((await devicesOf(ANNA)).length > 0) await new Promise((resolve) => setImmediate(resolve));
    client.close();
  });

  test('a mailbox of somebody else is watched by whoever may read it, for as long as he may', async () => {
    const [anna, bo] = [
      await ImapClient.signIn(server.port, ANNA, 'secret'),
      await ImapClient.signIn(server.port, BO, 'secret'),
    ];
    const theirs = `"Other Users/${ANNA}/INBOX"`;
    assert.equal((await bo.ok(register('bo', theirs))).untagged.length, 1);
    await anna.ok(`SETACL INBOX ${BO} lr`);
    assert.equal((await bo.ok(register('bo', `INBOX ${theirs}`))).untagged.length, 3);
    await arrives();
    assert.deepEqual(await daemon.next('bo'), {
      ...{ topic: TOPIC, subtopic: 'com.apple.mobilemail' },
      ...{ accountId: key('bo'), deviceToken: tokenOf('bo') },
      mailboxes: [digest(`Other Users/${ANNA}/INBOX`)],
    });
    await anna.ok(`DELETEACL INBOX ${BO}`);
    await arrives();
    await arrives(BO);
    assert.deepEqual((await daemon.next('bo')).mailboxes, [digest('INBOX')]);
    anna.close();
    bo.close();
  });

  test('what it says is read strictly', async () => {
    const client = await ImapClient.signIn(server.port, ANNA, 'secret');
    for (const [line, answer] of [
      ['XAPPLEPUSHSERVICE aps-version 2', /^BAD MAILBOXES is missing/],
      [`${register('anna', 'INBOX')} aps-version 2`, /^BAD APS-VERSION is given twice/],
      [`${register('anna', 'INBOX')} color red`, /^BAD Unknown word/],
      [register('anna', 'INBOX').replace(tokenOf('anna'), 'zz'), /^BAD The value of APS-DEVICE-TOKEN/],
      [register('anna', 'INBOX').replace('version 2', 'version 1'), /^NO \[CANNOT\]/],
      [register('anna', 'INBOX').replace('mobilemail', 'calendar'), /^NO \[CANNOT\]/],
      [register('anna', `${'a '.repeat(50)}a`), /^BAD \[LIMIT\] Too many mailboxes/],
    ] as const) {
      const { status, text } = await client.command(line);
      assert.match(`${status} ${text}`, answer);
    }
    client.close();
  });
});

describe('as it is configured', () => {
  let server: TestServer;
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start();
    server = await startServer({
      config: { 'auth.plaintext': 'always', 'apple_push.topic': TOPIC, 'apple_push.url': daemon.url },
    });
    await server.cli(['account', 'add', ANNA, '--password-stdin'], 'main\n');
  });
  after(async () => {
    await server.stop();
    daemon.close();
  });

  test('a registration ends with the app password that it was made by', async () => {
    const { stdout } = await server.cli(['account', 'apppass', 'add', ANNA, '--name', 'Phone']);
    const password = /^password (\S+)$/m.exec(stdout)?.[1] as string;
    const number = /^(\d+) +Phone/m.exec(
      (await server.cli(['account', 'apppass', 'list', ANNA])).stdout,
    )?.[1];
    const phone = await ImapClient.signIn(server.port('imap'), ANNA, password);
    await phone.ok(register('phone', 'INBOX'));
    const other = await ImapClient.signIn(server.port('imap'), ANNA, 'main');
    await other.ok(register('other', 'INBOX'));
    await server.cli(['account', 'apppass', 'revoke', ANNA, number ?? '']);
    await other.ok(`APPEND INBOX {${BYTES.length}+}\r\n${BYTES}`);
    await daemon.next('other');
    assert.deepEqual(daemon.told, []);
    assert.doesNotMatch(server.log, new RegExp(`${tokenOf('phone')}|${tokenOf('other')}`));
    phone.close();
    other.close();
  });
});

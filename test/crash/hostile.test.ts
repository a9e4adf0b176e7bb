/**
 * Hostile clients on every port and at every stage. Each must get an answer that says no, or a goodbye, or the end of
 * the connection; a session that behaves is not disturbed meanwhile, the memory stays bounded, the log has no bug in
 * it, and all mail is as it was.
 *
 * BREVDUVA_TEST_NOISE sets the number of random inputs, BREVDUVA_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { ImapClient } from '../imap-client.ts';
import { LineClient } from '../kit/line-client.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { type DataFolder, makeDataFolder, PASSWORD, problemsIn } from './data-folder.ts';
import {
  CLIENT_HELLO,
  EVERYWHERE,
  type HostileInput,
  IMAP_ANYTIME,
  IMAP_SELECTED,
  IMAP_WORDS,
  LMTP,
  LMTP_WORDS,
  MANAGESIEVE,
  MANAGESIEVE_WORDS,
  noise,
  POP3,
  SCRIPTS,
  SENDING,
  SUBMISSION,
} from './hostile-inputs.ts';
import { writeMail } from './mail.ts';
import { Random, seedOf } from './random.ts';
import { rssBytes, Witness } from './witness.ts';

const NOISE = Number(process.env.BREVDUVA_TEST_NOISE ?? 80);
const SEED = seedOf('BREVDUVA_TEST_SEED');
const ANN = 'ann@example.com';
const EVE = 'eve@example.com';
const MIB = 2 ** 20;
/** A connection that is not cut by then is cut by nobody. */
const PATIENCE_MS = 20_000;
/** On a machine that does other things as well. */
const MOST_MS = 3000;
const CONFIG = {
  'log.level': 'warn',
  'limits.login_timeout': '5s',
  'limits.handshake_timeout': '2s',
  'limits.write_timeout': '10s',
  'limits.connections': '3000',
};

describe('hostile clients', () => {
  let folder: DataFolder;
  let server: TestServer;

  before(async () => {
    folder = await makeDataFolder([ANN, EVE]);
    server = await startServer({ data: folder.path, config: CONFIG });
    for (const address of [ANN, EVE]) {
      const client = await ImapClient.signIn(server.port('imap'), address, PASSWORD);
      for (let n = 0; n < 5; n++) {
        const bytes = writeMail(`${n}`, 2000);
        await client.ok(`APPEND INBOX {${bytes.length}+}\r\n${bytes.toString('latin1')}`);
      }
      client.close();
    }
  });

  after(async () => {
    const code = await server.stop();
    const problems = await problemsIn(folder.path);
    await folder[Symbol.asyncDispose]();
    assert.equal(code, 0);
    assert.doesNotMatch(server.log, /a bug|nobody foresaw|unhandled|"level":(50|60)/i);
    assert.deepEqual(problems, []);
  });

  async function witnessed(run: () => Promise<void>): Promise<string> {
    const witness = await Witness.arrive(server, ANN, PASSWORD);
    const beforeBytes = rssBytes(server.pid);
    try {
      await run();
    } finally {
      await sleep(50);
    }
    const grownBytes = witness.maxRssBytes - beforeBytes;
    assert.ok(grownBytes < 200 * MIB, `the server grew by ${Math.round(grownBytes / MIB)} MiB`);
    return witness.leave({ mostMs: MOST_MS });
  }

  const open = (name: string): Promise<Socket> => connected(server.port(name));
  const openTls = async (name: string): Promise<Socket> => {
    const socket = connectTls({ port: server.port(name), host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return socket;
  };
  const signedIn = async (): Promise<Socket> => {
    const socket = await open('imap');
    socket.write(`s1 LOGIN ${EVE} ${PASSWORD}\r\n`);
    await until(socket, /^s1 OK /m);
    return socket;
  };
  const selected = async (): Promise<Socket> => {
    const socket = await signedIn();
    socket.write('s2 SELECT INBOX\r\n');
    await until(socket, /^s2 OK /m);
    return socket;
  };

  const editing = async (): Promise<Socket> => {
    const socket = await open('managesieve');
    await until(socket, /^OK /m);
    const response = Buffer.from(`\0${EVE}\0${PASSWORD}`).toString('base64');
    socket.write(`AUTHENTICATE "PLAIN" "${response}"\r\n`);
    await until(socket, /^OK /m);
    return socket;
  };

  const sending = async (): Promise<Socket> => {
    const socket = await open('submission');
    const response = Buffer.from(`\0${EVE}\0${PASSWORD}`).toString('base64');
    await until(socket, /^220 /m);
    socket.write('EHLO x\r\n');
    await until(socket, /^250 /m);
    socket.write(`AUTH PLAIN ${response}\r\n`);
    await until(socket, /^235 /m);
    return socket;
  };

  const stages: readonly (readonly [string, readonly HostileInput[], () => Promise<Socket>, Check])[] = [
    ['IMAP before login', [...EVERYWHERE, ...IMAP_ANYTIME], () => open('imap'), checkImap],
    ['IMAP signed in', [...EVERYWHERE, ...IMAP_ANYTIME], signedIn, checkImap],
    ['IMAP with a mailbox open', [...EVERYWHERE, ...IMAP_ANYTIME, ...IMAP_SELECTED], selected, checkImap],
    ['IMAP where TLS comes first', EVERYWHERE, () => open('imaps'), checkNothing],
    ['IMAP inside TLS', [...EVERYWHERE, ...IMAP_ANYTIME], () => openTls('imaps'), checkImap],
    ['LMTP', [...EVERYWHERE, ...LMTP], () => open('lmtp'), checkReplies],
    ['submission', [...EVERYWHERE, ...SUBMISSION], () => open('submission'), checkReplies],
    ['submission inside TLS', EVERYWHERE, () => openTls('submissions'), checkReplies],
    ['submission signed in', [...EVERYWHERE, ...SENDING], sending, checkReplies],
    ['POP3', [...EVERYWHERE, ...POP3], () => open('pop3'), checkPop3],
    ['POP3 inside TLS', EVERYWHERE, () => openTls('pop3s'), checkPop3],
    ['ManageSieve', [...EVERYWHERE, ...MANAGESIEVE], () => open('managesieve'), checkSieve],
    ['ManageSieve signed in', [...EVERYWHERE, ...MANAGESIEVE, ...SCRIPTS], editing, checkSieve],
  ];

  for (const [stage, inputs, connection, check] of stages) {
    it(stage, { timeout: 180_000 }, async (t) => {
      const seen = await witnessed(() => inParallel(inputs, 4, (input) => provoke(input, connection, check)));
      t.diagnostic(seen);
    });
  }

  it(`noise (${NOISE} times, BREVDUVA_TEST_SEED=${SEED})`, { timeout: 180_000 }, async (t) => {
    const random = new Random(SEED);
    const inputs = Array.from({ length: NOISE }, () => noise(IMAP_WORDS, random));
    const other = Array.from({ length: NOISE / 3 }, () => noise(LMTP_WORDS, random));
    const edits = Array.from({ length: NOISE / 3 }, () => noise(MANAGESIEVE_WORDS, random));
    const seen = await witnessed(async () => {
      await inParallel(inputs, 4, (input) => provoke(input, selected, checkImap));
      await inParallel(other, 4, (input) => provoke(input, () => open('lmtp'), checkReplies));
      await inParallel(edits, 4, (input) => provoke(input, editing, checkNothing));
    });
    t.diagnostic(seen);
  });

  it('commands sent before the handshake of STARTTLS are not carried out after it', {
    timeout: 60_000,
  }, async () => {
    const socket = await open('imap');
    await until(socket, /^\* OK /m);
    socket.write('a STARTTLS\r\nb CAPABILITY\r\nc NOOP\r\n');
    await until(socket, /^a OK /m);
    const secure = connectTls({ socket, rejectUnauthorized: false });
    const outcome = await Promise.race([once(secure, 'secureConnect').then(() => 'secure'), ended(secure)]);
    if (outcome === 'secure') {
      secure.write('d NOOP\r\n');
      const answer = await until(secure, /^d OK /m);
      assert.doesNotMatch(answer, /^[bc] /m);
    }
    secure.destroy();
  });

  it('two thousand commands at once are answered in order', { timeout: 60_000 }, async (t) => {
    const seen = await witnessed(async () => {
      const socket = await selected();
      const tags = Array.from({ length: 2000 }, (_, n) => `p${n}`);
      socket.write(tags.map((tag, n) => `${tag} ${n % 2 ? 'NOOP' : 'UID FETCH 1:* (FLAGS)'}\r\n`).join(''));
      const answer = await until(socket, /^p1999 OK /m);
      assert.deepEqual(
        [...answer.matchAll(/^(p\d+) OK /gm)].map(([, tag]) => tag),
        tags,
      );
      socket.destroy();
    });
    t.diagnostic(seen);
  });

  it('a thousand connections that say nothing are told goodbye', { timeout: 120_000 }, async (t) => {
    const seen = await witnessed(async () => {
      const ports = ['imap', 'imap', 'imap', 'imaps', 'lmtp', 'pop3'];
      const sockets = await Promise.all(
        Array.from({ length: 1000 }, (_, n) => open(ports[n % ports.length] as string)),
      );
      const plain = sockets.filter((_, n) => n % ports.length < 3);
      const said = await Promise.all(plain.map((socket) => textOf(socket)));
      for (const text of said) assert.match(text, /^\* BYE /m);
      for (const socket of sockets) socket.destroy();
    });
    t.diagnostic(seen);
  });

  it('one octet at a time gains nobody more time to sign in', { timeout: 60_000 }, async () => {
    const socket = await open('imap');
    const startMs = performance.now();
    const said = textOf(socket);
    const timer = setInterval(() => socket.write('a'), 200);
    assert.match(await said, /^\* BYE /m);
    clearInterval(timer);
    assert.ok(performance.now() - startMs < 20_000);
  });

  it('half of a handshake, and connections that are reset', { timeout: 60_000 }, async (t) => {
    const seen = await witnessed(async () => {
      const half = await Promise.all(Array.from({ length: 50 }, () => open('imaps')));
      for (const socket of half) socket.write(CLIENT_HELLO.subarray(0, 40));
      for (let n = 0; n < 300; n++) {
        const socket = await open(['imap', 'imaps', 'lmtp', 'pop3'][n % 4] as string);
        if (n % 3 === 0) socket.write('a LOGIN {10}\r\n');
        if (n % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }
      await Promise.all(half.map((socket) => ended(socket)));
    });
    t.diagnostic(seen);
  });

  it('readers that take nothing of a mailbox of 50 MB', { timeout: 120_000 }, async (t) => {
    const writer = await ImapClient.signIn(server.port('imap'), EVE, PASSWORD);
    await writer.ok('CREATE Large');
    const bytes = writeMail('large', 5 * MIB).toString('latin1');
    for (let n = 0; n < 10; n++) await writer.ok(`APPEND Large {${bytes.length}+}\r\n${bytes}`);
    writer.close();
    const beforeBytes = rssBytes(server.pid);
    const seen = await witnessed(async () => {
      const readers = await Promise.all(Array.from({ length: 12 }, signedIn));
      for (const reader of readers) {
        reader.pause();
        reader.write('a EXAMINE Large\r\nb UID FETCH 1:* (BODY.PEEK[])\r\nc UID FETCH 1:* (BODY.PEEK[])\r\n');
      }
      await sleep(4000);
      const grownBytes = rssBytes(server.pid) - beforeBytes;
      assert.ok(grownBytes < 150 * MIB, `the server grew by ${Math.round(grownBytes / MIB)} MiB`);
      // Those who wake up in time get all of it.
      const text = await until(readers[0] as Socket, /^c (OK|NO) /m, bytes.length * 20);
      assert.match(text, /^c OK /m);
      for (const reader of readers) reader.destroy();
    });
    t.diagnostic(seen);
  });

  it('after all that, mail still comes and goes', { timeout: 60_000 }, async () => {
    const lmtp = await LineClient.connect(server.port('lmtp'));
    await lmtp.reply();
    lmtp.send(`LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<${EVE}>\r\nDATA\r\n`);
    for (let n = 0; n < 4; n++) await lmtp.reply();
    lmtp.send(writeMail('last', 1000), '.\r\n');
    assert.match(await lmtp.reply(), /^250 /);
    lmtp.socket.destroy();
    const client = await ImapClient.signIn(server.port('imap'), EVE, PASSWORD);
    await client.ok('SELECT INBOX');
    const { untagged } = await client.ok('UID SEARCH HEADER MESSAGE-ID "<last@example.org>"');
    assert.ok(untagged.some((line) => /SEARCH \d+/.test(line)));
    client.close();
  });
});

type Check = (input: HostileInput, answer: string) => void;

/** Sends it, says that this was all, and reads to the end. */
async function provoke(input: HostileInput, connection: () => Promise<Socket>, check: Check): Promise<void> {
  const socket = await connection();
  const said = textOf(socket);
  if (input.octets.length > 0) socket.write(input.octets);
  socket.end();
  const answer = await said.catch((error: Error) => assert.fail(`${input.name}: ${error.message}`));
  check(input, answer);
  if (input.answer !== undefined) assert.match(answer, input.answer, input.name);
}

/** Every line is one that a client can read. */
function checkImap({ name }: HostileInput, answer: string): void {
  assert.doesNotMatch(answer, /SERVERBUG/, name);
  if (/\{\d+\}\r\n/.test(answer)) return;
  for (const line of answer.split('\r\n').slice(0, -1)) {
    assert.match(line, /^(?:\*|\+|[^\s\x00-\x1f\x7f-\xff(){%*"\\+]+) [^\r\n\x00]*$/, name);
  }
}

function checkReplies({ name }: HostileInput, answer: string): void {
  for (const line of answer.split('\r\n').slice(0, -1)) assert.match(line, /^\d{3}[ -]/, name);
}

function checkPop3({ name }: HostileInput, answer: string): void {
  for (const line of answer.split('\r\n').slice(0, -1)) assert.match(line, /^(\+OK|-ERR|\+ |\+$)/, name);
}

function checkSieve({ name }: HostileInput, answer: string): void {
  const whole = answer.replace(/\{(\d+)\}\r\n([\s\S]*)/, (_, size, rest) => rest.slice(Number(size)));
  for (const line of whole.split('\r\n').slice(0, -1)) assert.match(line, /^(OK|NO|BYE|"|$)/, name);
}

function checkNothing(): void {}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Everything that comes until the other side has ended, which it must. */
async function textOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await ended(socket);
  socket.destroy();
  return Buffer.concat(chunks).toString('latin1');
}

async function ended(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error('the server does not end the connection')), PATIENCE_MS);
  for (const event of ['end', 'close', 'error']) socket.once(event, () => resolve('ended'));
  socket.resume();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** What has come when the end of it says what is waited for; only the last `keepOctets` are kept. */
function until(socket: Socket, pattern: RegExp, keepOctets = MIB): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`${pattern} does not come`)), PATIENCE_MS);
  let text = '';
  const chunks: string[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    const latin1 = chunk.toString('latin1');
    text = (text + latin1).slice(-4096);
    chunks.push(latin1);
    size += latin1.length;
    if (size > 2 * keepOctets) size -= (chunks.shift() as string).length;
    if (pattern.test(text)) resolve(chunks.join(''));
  };
  socket.on('data', take);
  socket.once('close', () => reject(new Error(`closed before ${pattern}: ${text}`)));
  socket.resume();
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off('data', take);
    socket.pause();
  });
}

async function inParallel<T>(
  items: readonly T[],
  count: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await run(item);
  };
  await Promise.all(Array.from({ length: count }, worker));
}

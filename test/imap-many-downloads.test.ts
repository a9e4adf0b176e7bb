/**
 * Many who download at once, fast and slow, in the clear, over TLS and compressed: the memory that their octets pass through is
 * used again and again, and nobody may get what is another's.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createInflateRaw, deflateRawSync } from 'node:zlib';
import { startTestImap, type TestImap } from './kit/imap.ts';

const SIZES = [3_000, 50_000, 70_000, 130_000, 250_000, 300_000, 900_000, 80_000, 66_000, 2_000_000];
const USERS = ['ann', 'bob', 'cas'].map((name) => `${name}@example.com`);

/** Every line says whose it is, of which message, and where. */
function messageOf(user: string, number: number): string {
  const lines = [`Subject: ${number} of ${user}\r\n\r\n`];
  for (let size = 0, n = 0; size < (SIZES[number] as number); n++) {
    const line = `${user} ${number} ${n} ${'x'.repeat(n % 60)}\r\n`;
    lines.push(line);
    size += line.length;
  }
  return lines.join('');
}

type Way = 'plain' | 'slow' | 'tls' | 'compressed';

async function openSocket(server: TestImap, way: Way): Promise<Socket> {
  const host = '127.0.0.1';
  const socket =
    way === 'tls'
      ? connectTls({ port: server.tlsPort, host, rejectUnauthorized: false })
      : connect(server.port, host);
  await once(socket, way === 'tls' ? 'secureConnect' : 'connect');
  return socket;
}

/** All that the server says to the last of these lines, each sent when the one before is answered. */
async function talk(socket: Socket, way: Way, lines: readonly string[]): Promise<string> {
  let text: string[] = [];
  let tail = '';
  let told = (): void => {};
  let isDeflated = false;
  const inflate = createInflateRaw();
  const take = (bytes: Buffer): void => {
    const piece = bytes.toString('latin1');
    text.push(piece);
    tail = (tail + piece).slice(-3000);
    told();
  };
  inflate.on('data', take);
  socket.on('data', (bytes: Buffer) => {
    if (isDeflated) inflate.write(bytes);
    else take(bytes);
    if (way !== 'slow') return;
    socket.pause();
    void pause(2).then(() => socket.resume());
  });
  for (const [n, line] of lines.entries()) {
    text = [];
    tail = '\r\n';
    const command = Buffer.from(`t${n} ${line}\r\n`);
    socket.write(isDeflated ? deflateRawSync(command, { finishFlush: 2 }) : command);
    while (!tail.includes(`\r\nt${n} OK`))
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    isDeflated ||= line.startsWith('COMPRESS');
  }
  return text.join('');
}

describe('many downloads at once', () => {
  let server: TestImap;

  before(async () => {
    server = await startTestImap({ withTls: true });
    for (const user of USERS) {
      await server.kit.addAccount(user, 'secret');
      for (const number of SIZES.keys())
        await server.addMessage(user, 'INBOX', { bytes: messageOf(user, number) });
    }
  });
  after(() => server.close());

  async function download(user: string, way: Way, command: string): Promise<void> {
    const socket = await openSocket(server, way);
    try {
      const compress = way === 'compressed' ? ['COMPRESS DEFLATE'] : [];
      const lines = [`LOGIN ${user} secret`, 'SELECT INBOX', ...compress, command, command];
      const text = await talk(socket, way, lines);
      for (const number of SIZES.keys()) {
        const message = messageOf(user, number);
        assert.ok(text.includes(`{${message.length}}\r\n${message}`), `${user}: message ${number}, ${way}`);
      }
    } finally {
      socket.destroy();
    }
  }

  test('everybody gets their own', async () => {
    const ways: readonly Way[] = ['plain', 'slow', 'tls', 'compressed'];
    await Promise.all(
      USERS.flatMap((user) => ways.map((way) => download(user, way, 'FETCH 1:* (BODY.PEEK[])'))),
    );
  });

  test('beside those who break off', async () => {
    const leave = async (user: string): Promise<void> => {
      const socket = await openSocket(server, 'plain');
      socket.write(`a LOGIN ${user} secret\r\nb SELECT INBOX\r\nc FETCH 1:* (BODY.PEEK[])\r\n`);
      let bytes = 0;
      for await (const chunk of socket) {
        bytes += (chunk as Buffer).length;
        if (bytes > 300_000) break;
      }
      socket.destroy();
    };
    await Promise.all([
      ...USERS.flatMap((user) => [leave(user), leave(user), leave(user)]),
      ...USERS.map((user) => download(user, 'plain', 'FETCH 1:* (BODY.PEEK[] BODY.PEEK[TEXT])')),
    ]);
  });
});

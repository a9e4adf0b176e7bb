/** COMPRESS=DEFLATE (RFC 4978) as a client has it: over sockets, with what clients and attackers do to a window. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync } from 'node:zlib';
import { ImapClient } from './imap-client.ts';
import { startServer, type TestServer } from './kit/server.ts';

const ANN = 'ann@example.com';
const MESSAGE = `Subject: again and again\r\n\r\n${'the same words over and over\r\n'.repeat(2000)}`;

/** Speaks plain lines until `deflate`, then through windows of its own. */
class Talker {
  readonly socket: Socket;
  #text = '';
  #deflate: ReturnType<typeof createDeflateRaw> | undefined;
  received = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', this.#onPlain);
    socket.on('error', () => {});
  }

  static async open(port: number, isTls = false): Promise<Talker> {
    const socket = isTls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect(port, '127.0.0.1');
    await once(socket, isTls ? 'secureConnect' : 'connect');
    const talker = new Talker(socket);
    await talker.until(/^\* OK [^\r]*\r\n/);
    await talker.command(`login LOGIN ${ANN} pw`);
    return talker;
  }

  #onPlain = (bytes: Buffer): void => this.#take(bytes);

  #take(bytes: Buffer): void {
    this.#text += bytes.toString('latin1');
    this.socket.emit('text');
  }

  send(line: string | Buffer): void {
    const bytes = Buffer.isBuffer(line) ? line : Buffer.from(line, 'latin1');
    if (this.#deflate === undefined) this.socket.write(bytes);
    else {
      this.#deflate.write(bytes);
      this.#deflate.flush(constants.Z_SYNC_FLUSH);
    }
  }

  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found !== null) {
        const text = this.#text.slice(0, found.index + found[0].length);
        this.#text = this.#text.slice(text.length);
        return text;
      }
      await once(this.socket, 'text', { signal: AbortSignal.timeout(20_000) });
    }
  }

  command(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.until(new RegExp(`(?:^|\n)${line.split(' ', 1)[0]} [^\r]*\r\n`));
  }

  /** `windowBits`: small devices have small windows. */
  async deflate(windowBits = 15): Promise<void> {
    assert.match(await this.command('c COMPRESS DEFLATE'), /^c OK /);
    this.socket.off('data', this.#onPlain);
    const inflate = createInflateRaw({ flush: constants.Z_SYNC_FLUSH });
    inflate.on('data', (bytes: Buffer) => this.#take(bytes));
    this.socket.on('data', (bytes: Buffer) => {
      this.received += bytes.length;
      inflate.write(bytes);
    });
    this.#deflate = createDeflateRaw({ windowBits });
    this.#deflate.on('data', (bytes: Buffer) => this.socket.write(bytes));
  }
}

describe('COMPRESS=DEFLATE', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
    await server.cli(['account', 'add', ANN, '--password-stdin'], 'pw\n');
    const client = await ImapClient.signIn(server.port('imap'), ANN, 'pw');
    for (let n = 0; n < 20; n++) await client.ok(`APPEND INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`);
    client.close();
  });
  after(() => server.stop());

  for (const isTls of [false, true]) {
    test(`both ways, once, ${isTls ? 'over TLS' : 'in the clear'}`, { timeout: 60_000 }, async () => {
      const talker = await Talker.open(server.port(isTls ? 'imaps' : 'imap'), isTls);
      assert.match(await talker.command('a CAPABILITY'), / COMPRESS=DEFLATE[ \r]/);
      assert.match(await talker.command('b COMPRESS BROTLI'), /^b NO /);
      await talker.deflate(isTls ? 9 : 15);
      assert.match(await talker.command('d SELECT INBOX'), /20 EXISTS[\s\S]*d OK/);
      const text = await talker.command('e UID FETCH 1:* BODY.PEEK[]');
      assert.equal(text.split(MESSAGE).length, 21, 'octet for octet');
      assert.ok(talker.received < text.length / 20, `${talker.received} octets for ${text.length}`);
      const literal = `f APPEND INBOX {${MESSAGE.length}}\r\n`;
      talker.send(literal);
      await talker.until(/^\+ /m);
      talker.send(`${MESSAGE}\r\n`);
      assert.match(await talker.until(/^f [^\r]*\r\n/m), /f OK \[APPENDUID/);
      assert.match(await talker.command('g COMPRESS DEFLATE'), /g NO \[COMPRESSIONACTIVE\]/);
      // There is no way back to plain octets (RFC 8437 §4.1).
      assert.doesNotMatch(await talker.command('g2 CAPABILITY'), /UNAUTHENTICATE/);
      assert.match(await talker.command('g3 UNAUTHENTICATE'), /g3 BAD/);
      talker.send('h IDLE\r\n');
      await talker.until(/^\+ /m);
      const other = await ImapClient.signIn(server.port('imap'), ANN, 'pw');
      await other.ok('SELECT INBOX');
      await other.ok('STORE 21 +FLAGS.SILENT (\\Deleted)');
      await talker.until(/\* 21 FETCH \(.*\\Deleted/);
      await other.ok('EXPUNGE');
      await talker.until(/\* 21 EXPUNGE/);
      other.close();
      talker.send('DONE\r\n');
      await talker.until(/^h OK/m);
      assert.match(await talker.command('i LOGOUT'), /\* BYE[\s\S]*i OK/);
      if (!talker.socket.closed) await once(talker.socket, 'close');
    });
  }

  test('its first commands may come in one piece with the end of the plain ones', {
    timeout: 30_000,
  }, async () => {
    const talker = await Talker.open(server.port('imap'));
    await talker.deflate();
    talker.send('a NOOP\r\nb NOOP\r\nc NOOP\r\n');
    await talker.until(/^c OK/m);
    talker.socket.destroy();
  });

  test('not before somebody has signed in', { timeout: 30_000 }, async () => {
    const client = await ImapClient.connect(server.port('imap'));
    assert.doesNotMatch(await client.greeting(), /COMPRESS/);
    assert.equal((await client.command('COMPRESS DEFLATE')).status, 'BAD');
    client.close();
  });

  test('a bomb is as slow as what it says, and what is no DEFLATE ends the connection', {
    timeout: 60_000,
  }, async () => {
    const bomb = await Talker.open(server.port('imap'));
    await bomb.deflate();
    const line = Buffer.concat([
      Buffer.from('x NOOP '),
      Buffer.alloc(64 * 1024 * 1024, 'a'),
      Buffer.from('\r\n'),
    ]);
    bomb.socket.write(deflateRawSync(line, { finishFlush: constants.Z_SYNC_FLUSH }));
    const other = await ImapClient.signIn(server.port('imap'), ANN, 'pw');
    for (let n = 0; n < 20; n++) {
      const startMs = performance.now();
      await other.ok('NOOP');
      assert.ok(performance.now() - startMs < 2000, 'others are served meanwhile');
    }
    await bomb.until(/BAD|BYE/);
    bomb.socket.destroy();
    const noise = await Talker.open(server.port('imap'));
    await noise.deflate();
    noise.socket.write(Buffer.alloc(1000, 0xff));
    if (!noise.socket.closed) await once(noise.socket, 'close');
    await other.ok('NOOP');
    other.close();
    assert.doesNotMatch(server.log, /a bug|nobody foresaw|unhandled/i);
  });
});

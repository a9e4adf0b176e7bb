import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Log, silentLog } from '../base/log.ts';
import { type Connection, ReadTimeout } from './connection.ts';
import { Connections } from './connections.ts';
import { hostPort, Listener, type ListenerOptions } from './listener.ts';
import { StreamClosed } from './outbox.ts';
import { makePair, selfSignedFiles } from './self-signed.ts';
import { Sweep } from './sweep.ts';
import { TlsFiles } from './tls.ts';

interface Setup extends Partial<ListenerOptions> {
  readonly run: (stream: Connection) => Promise<void>;
  readonly stop?: (stream: Connection) => void;
  readonly writeTimeoutMs?: number;
  readonly sweep?: Sweep;
}

async function serve(setup: Setup): Promise<Listener> {
  return Listener.open({
    name: 'test',
    service: 'test',
    host: '127.0.0.1',
    port: 0,
    connections: new Connections({ total: 100, perAddress: 10 }),
    stream: { sweep: setup.sweep ?? new Sweep(5), writeTimeoutMs: setup.writeTimeoutMs ?? 5_000 },
    handshakeTimeoutMs: 2_000,
    log: silentLog,
    farewell: (refusal) => Buffer.from(`* BYE ${refusal}\r\n`),
    accept: (stream) => ({
      run: () => setup.run(stream).then(() => undefined),
      stop: () => setup.stop?.(stream),
    }),
    ...setup,
  });
}

async function everything(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

/** Waits until a number has stopped changing. */
async function quiet(read: () => number): Promise<void> {
  for (let before = -1; before !== read(); ) {
    before = read();
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  }
}

async function echo(stream: Connection): Promise<void> {
  for (let bytes = await stream.read(); bytes; bytes = await stream.read()) {
    stream.write(bytes);
    await stream.drained();
  }
}

describe('stream', () => {
  test('echoes megabytes with back-pressure and answers a half-closed peer', async () => {
    const listener = await serve({ run: echo });
    const socket = connect(listener.port, '127.0.0.1');
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    socket.end(sent);
    assert.equal(await everything(socket), sent.toString());
    await listener.close(1000);
  });

  test('holds back a client whose session does not read', async () => {
    const { promise: go, resolve } = Promise.withResolvers<void>();
    const { promise: total, resolve: report } = Promise.withResolvers<number>();
    const listener = await serve({
      run: async (stream) => {
        await go;
        assert.ok(stream.bytesRead < 400_000, `${stream.bytesRead} bytes were read ahead`);
        let bytes = 0;
        for (let chunk = await stream.read(); chunk; chunk = await stream.read()) bytes += chunk.length;
        report(bytes);
      },
    });
    const socket = connect(listener.port, '127.0.0.1');
    const isFull = !socket.write(Buffer.alloc(8_000_000));
    assert.ok(isFull);
    await quiet(() => socket.writableLength);
    resolve();
    socket.end();
    assert.equal(await total, 8_000_000);
    socket.destroy();
    await listener.close(1000);
  });

  test('everything written in one turn leaves in one packet', async () => {
    const listener = await serve({
      run: async (stream) => {
        stream.write(Buffer.from('* 1 EXISTS\r\n'));
        await Promise.resolve();
        stream.write([Buffer.from('* 0 '), Buffer.from('RECENT\r\n')]);
        await Promise.resolve();
        stream.write(Buffer.from('a OK\r\n'));
        await stream.flushed();
      },
    });
    const socket = connect(listener.port, '127.0.0.1');
    const [first] = (await once(socket, 'data')) as [Buffer];
    assert.equal(first.toString(), '* 1 EXISTS\r\n* 0 RECENT\r\na OK\r\n');
    socket.end();
    await listener.close(1000);
  });

  test('a peer that does not take its replies is cut off', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const listener = await serve({
      writeTimeoutMs: 60,
      run: async (stream) => {
        try {
          for (;;) {
            stream.write(Buffer.alloc(100_000));
            await stream.drained();
          }
        } catch (error) {
          resolve(error);
          throw error;
        }
      },
    });
    const socket = connect(listener.port, '127.0.0.1').pause();
    socket.on('error', () => {});
    const error = await promise;
    assert.ok(error instanceof StreamClosed);
    assert.match(error.message, /does not take/);
    socket.destroy();
    await listener.close(1000);
  });

  test('reads end when idle, and at the end of the total whatever drips in', async () => {
    for (const limits of [{ idleMs: 40 }, { idleMs: 1000, totalMs: 60 }]) {
      const listener = await serve({
        run: async (stream) => {
          stream.limitReads(limits);
          try {
            while (await stream.read());
          } catch (error) {
            assert.ok(error instanceof ReadTimeout);
            stream.write(Buffer.from('* BYE idle\r\n'));
          }
        },
      });
      const socket = connect(listener.port, '127.0.0.1');
      const drip = limits.totalMs ? setInterval(() => socket.write('x'), 10) : undefined;
      socket.on('error', () => {});
      const [bye] = (await once(socket, 'data')) as [Buffer];
      clearInterval(drip);
      assert.equal(bye.toString(), '* BYE idle\r\n');
      socket.end();
      await listener.close(1000);
    }
  });
});

describe('listener', () => {
  test('refuses over the limit with a farewell and lets others in later', async () => {
    const connections = new Connections({ total: 1, perAddress: 10 });
    const listener = await serve({ connections, run: echo });
    const first = connect(listener.port, '127.0.0.1');
    first.write('hello');
    await once(first, 'data');
    assert.equal(await everything(connect(listener.port, '127.0.0.1')), '* BYE server-full\r\n');
    first.destroy();
    await once(first, 'close');
    while (connections.total > 0) await new Promise(setImmediate);
    const third = connect(listener.port, '127.0.0.1');
    third.end('again');
    assert.equal(await everything(third), 'again');
    await listener.close(1000);
  });

  test('closing tells the sessions, then cuts off those that stay', async () => {
    const polite = await serve({
      run: async (stream) => {
        await stream.read();
      },
      stop: (stream) => {
        stream.write(Buffer.from('* BYE stopping\r\n'));
        void stream.close();
      },
    });
    const socket = connect(polite.port, '127.0.0.1');
    await once(socket, 'connect');
    while (polite.openSessions === 0) await new Promise(setImmediate);
    const [text] = await Promise.all([everything(socket), polite.close(2000)]);
    assert.equal(text, '* BYE stopping\r\n');

    const stubborn = await serve({ run: async (stream) => stream.closed });
    const other = connect(stubborn.port, '127.0.0.1');
    other.on('error', () => {});
    while (stubborn.openSessions === 0) await new Promise(setImmediate);
    await stubborn.close(20);
    assert.equal(stubborn.openSessions, 0);
    other.destroy();
  });

  test('a session that throws is logged and takes down only itself', async () => {
    const messages: string[] = [];
    const log: Log = { ...silentLog, error: (_fields, message) => void messages.push(message) };
    const listener = await serve({
      log,
      run: async () => {
        throw new Error('a bug');
      },
    });
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'close');
    assert.deepEqual(messages, ['session failed']);
    await listener.close(1000);
  });

  test('a port in use is named', async () => {
    const listener = await serve({ run: echo });
    await assert.rejects(serve({ run: echo, port: listener.port }), /another program uses this port/);
    await listener.close(10);
    assert.equal(hostPort('::1', 143), '[::1]:143');
  });

  test('listens on IPv6, and an IPv4 peer of a dual-stack socket keeps its address', async (t) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const run = async (stream: Connection) => resolve(stream.remoteAddress);
    const listener = await serve({ host: '::', run }).catch(() => undefined);
    if (!listener) return t.skip('this machine has no IPv6');
    connect(listener.port, '127.0.0.1').resume().end();
    assert.equal(await promise, '127.0.0.1');
    assert.match(listener.address, /^\[::\]:\d+$/);
    await listener.close(1000);
  });
});

describe('tls', () => {
  let folder: string;
  let tls: TlsFiles;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-tls-'));
    tls = await TlsFiles.open(await selfSignedFiles(folder, 'mail.example.com'), silentLog);
  });
  after(async () => {
    tls.close();
    await rm(folder, { recursive: true });
  });

  test('a self-signed pair names the host and is kept', async () => {
    assert.match(tls.certificate.subjectAltName ?? '', /DNS:mail\.example\.com.*IP Address:127\.0\.0\.1/);
    assert.ok(tls.certificate.checkHost('mail.example.com'));
    const again = await selfSignedFiles(folder, 'other.example.com');
    assert.equal(
      await readFile(again.certificatePath, 'utf8'),
      await readFile(join(folder, 'tls-cert.pem'), 'utf8'),
    );
  });

  test('a self-signed pair that has become useless is made anew, one that somebody issued stays', async () => {
    const own = await mkdtemp(join(tmpdir(), 'brevduva-pair-'));
    const first = await selfSignedFiles(own, 'mail.example.com');
    const read = (path: string): Promise<string> => readFile(path, 'utf8');
    const certificate = await read(first.certificatePath);
    assert.equal((await selfSignedFiles(own, 'MAIL.example.com')).madeAnew, undefined);
    assert.equal(await read(first.certificatePath), certificate);

    const moved = await selfSignedFiles(own, 'mx.example.com');
    assert.equal(moved.madeAnew, 'it was made for mail.example.com');
    const opened = await TlsFiles.open(moved, silentLog);
    assert.ok(opened.certificate.checkHost('mx.example.com'));
    opened.close();
    assert.equal(
      (await selfSignedFiles(own, '192.0.2.7')).madeAnew,
      'it was made for mx.example.com',
      'an address is a name, too',
    );

    // A kill between the two files, a torn one, and one that was lost.
    await writeFile(first.keyPath, (await makePair('192.0.2.7')).key);
    assert.equal((await selfSignedFiles(own, '192.0.2.7')).madeAnew, 'its key was another one');
    await writeFile(first.certificatePath, 'torn');
    assert.equal((await selfSignedFiles(own, '192.0.2.7')).madeAnew, 'it could not be read');
    await rm(first.keyPath);
    assert.equal((await selfSignedFiles(own, '192.0.2.7')).madeAnew, undefined);
    (await TlsFiles.open(first, silentLog)).close();
    await rm(own, { recursive: true });
  });

  test('TLS from the first byte, both versions, with any ALPN, resumable', async () => {
    const listener = await serve({ tls, run: echo });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = {
        host: '127.0.0.1',
        port: listener.port,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        maxVersion: version,
        minVersion: version,
      };
      const socket = connectTls(options);
      let session: Buffer | undefined;
      socket.on('session', (ticket) => {
        session = ticket;
      });
      socket.write('hello');
      assert.equal(String((await once(socket, 'data'))[0]), 'hello');
      assert.equal(socket.getProtocol(), version);
      socket.end();
      await once(socket, 'close');
      assert.ok(session);
      const second = connectTls({ ...options, session });
      await once(second, 'secureConnect');
      assert.equal(second.isSessionReused(), true, version);
      second.end();
    }
    await listener.close(1000);
  });

  test('megabytes through TLS, and a half-closed peer', async () => {
    const listener = await serve({ tls, run: echo });
    const socket = connectTls({ host: '127.0.0.1', port: listener.port, rejectUnauthorized: false });
    const sent = Buffer.alloc(2_000_000, '0123456');
    socket.end(sent);
    assert.equal(await everything(socket), sent.toString());
    await listener.close(1000);
  });

  async function startTls(stream: Connection): Promise<void> {
    let heard = '';
    for (let bytes = await stream.read(); bytes; bytes = await stream.read()) {
      heard += bytes.toString();
      if (!heard.includes('\n')) continue;
      if (heard.startsWith('STARTTLS')) {
        heard = '';
        await stream.startTls(tls, Buffer.from('OK begin\r\n'));
        continue;
      }
      stream.write(Buffer.from(`heard ${heard}`));
      heard = '';
    }
  }

  async function upgraded(port: number, plaintext: string): Promise<TLSSocket> {
    const socket = connect(port, '127.0.0.1');
    socket.write(plaintext);
    assert.equal(String((await once(socket, 'data'))[0]), 'OK begin\r\n');
    const secure = connectTls({ socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    return secure;
  }

  test('upgrades in place and forgets what was injected before (CVE-2011-0411)', async () => {
    const listener = await serve({ run: startTls });
    for (const plaintext of [
      'STARTTLS\r\n',
      'STARTTLS\r\nINJECTED\r\n',
      `STARTTLS\r\n${'X'.repeat(200_000)}\r\n`,
    ]) {
      const secure = await upgraded(listener.port, plaintext).catch(() => undefined);
      // A flood that is still arriving becomes a broken handshake: no connection, and nothing of it obeyed.
      if (!secure) continue;
      secure.write('FIRST\n');
      assert.equal(String((await once(secure, 'data'))[0]), 'heard FIRST\n');
      secure.end();
      await once(secure, 'close');
    }
    await listener.close(1000);
  });

  test('a handshake that never comes, or is rubbish, ends the connection', async () => {
    const listener = await serve({ tls, handshakeTimeoutMs: 30, run: echo });
    for (const bytes of ['', 'a1 LOGIN x y\r\n']) {
      const socket = connect(listener.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume().write(bytes);
      await once(socket, 'close');
    }
    await listener.close(1000);
    assert.equal(listener.openSessions, 0);
  });

  test('who goes away during the handshake, or right after it, keeps no place', async () => {
    const patient = { handshakeTimeoutMs: 60_000, writeTimeoutMs: 60_000 };
    const listener = await serve({ tls, run: echo, ...patient });
    const upgrading = await serve({ run: startTls, ...patient });
    const begin = async ({ port }: Listener): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    };
    const ways = [
      () => begin(listener),
      async () => {
        const socket = await begin(upgrading);
        socket.write('STARTTLS\r\n');
        await once(socket, 'data');
        return socket;
      },
      async () => {
        const secure = connectTls({ socket: await begin(listener), rejectUnauthorized: false });
        await once(secure, 'secureConnect');
        return secure;
      },
    ];
    const startMs = performance.now();
    for (const way of ways) (await way()).destroy();
    while (listener.openSessions + upgrading.openSessions > 0) await new Promise(setImmediate);
    assert.ok(performance.now() - startMs < 20_000);
    await Promise.all([listener.close(1000), upgrading.close(1000)]);
  });

  test('a renewed pair is used for new handshakes, a broken one is not', async () => {
    const files = { certificatePath: join(folder, 'own.pem'), keyPath: join(folder, 'own-key.pem') };
    const install = async (pair: { certificate: string; key: string }) => {
      await writeFile(files.certificatePath, pair.certificate);
      await writeFile(files.keyPath, pair.key);
    };
    await install(await makePair('one.example.com'));
    const messages: string[] = [];
    const log: Log = { ...silentLog, error: (_fields, message) => void messages.push(message) };
    const source = await TlsFiles.open(files, log);
    const listener = await serve({ tls: source, run: echo });
    const nameSeen = async () => {
      const socket = connectTls({ host: '127.0.0.1', port: listener.port, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const name = socket.getPeerCertificate().subject.CN;
      return { socket, name };
    };
    const old = await nameSeen();
    assert.equal(old.name, 'one.example.com');

    await writeFile(files.keyPath, (await makePair('other.example.com')).key);
    assert.equal(await source.reload(), false);
    assert.equal(await source.reload(), false);
    assert.deepEqual(messages, ['the new certificate is unusable; the old one stays in use']);
    const still = await nameSeen();
    assert.equal(still.name, 'one.example.com');
    still.socket.end();

    await install(await makePair('two.example.com'));
    assert.equal(await source.reload(), true);
    const renewed = await nameSeen();
    assert.equal(renewed.name, 'two.example.com');
    renewed.socket.end();
    old.socket.write('still here');
    assert.equal(String((await once(old.socket, 'data'))[0]), 'still here');
    old.socket.end();
    source.close();
    await listener.close(1000);
  });

  test('renewed files are noticed without being told', async () => {
    const files = { certificatePath: join(folder, 'watched.pem'), keyPath: join(folder, 'watched-key.pem') };
    const pairs = [await makePair('one.example.com'), await makePair('two.example.com')] as const;
    await writeFile(files.certificatePath, pairs[0].certificate);
    await writeFile(files.keyPath, pairs[0].key);
    const { promise, resolve } = Promise.withResolvers<void>();
    const log: Log = {
      ...silentLog,
      info: (_fields, message) => /new certificate/.test(message) && resolve(),
    };
    const source = await TlsFiles.open(files, log);
    await writeFile(files.keyPath, pairs[1].key);
    await writeFile(files.certificatePath, pairs[1].certificate);
    const keepAlive = setInterval(() => {}, 1000);
    await promise;
    clearInterval(keepAlive);
    assert.ok(source.certificate.checkHost('two.example.com'));
    source.close();
  });

  test('an unusable pair at start is named', async () => {
    const keyPath = join(folder, 'absent.pem');
    const open = TlsFiles.open({ certificatePath: join(folder, 'tls-cert.pem'), keyPath }, silentLog);
    await assert.rejects(open, /cannot read .*absent\.pem/);
  });
});

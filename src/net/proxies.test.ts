/** The PROXY protocol, as HAProxy writes it: read at every cut, believed from those who are known, and from nobody else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { originOf, Proxies } from './proxies.ts';
import { readProxyHeader } from './proxy-header.ts';

function binary(command: number, family: number, rest: Buffer, length = rest.length): Buffer {
  const header = Buffer.from('0d0a0d0a000d0a515549540a00000000', 'hex');
  header[12] = command;
  header[13] = family;
  header.writeUInt16BE(length, 14);
  return Buffer.concat([header, rest]);
}
const V4 = Buffer.from('c0000201c6336407301901bb', 'hex');
const V6 = Buffer.from(`20010db8${'0'.repeat(22)}07${'0'.repeat(32)}301901bb`, 'hex');
const MAPPED = Buffer.from(`${'0'.repeat(20)}ffffc0000201${'0'.repeat(32)}301901bb`, 'hex');

const GOOD: readonly (readonly [octets: Buffer, address: string | undefined, port?: number])[] = [
  [Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 12313 443\r\n'), '192.0.2.1', 12_313],
  [Buffer.from('PROXY TCP6 2001:db8::7 ::1 12313 443\r\n'), '2001:db8::7', 12_313],
  [Buffer.from('PROXY TCP6 ::ffff:192.0.2.1 ::1 1 443\r\n'), '192.0.2.1', 1],
  [Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  [Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), undefined],
  [binary(0x21, 0x11, V4), '192.0.2.1', 12_313],
  [binary(0x21, 0x21, V6), '2001:db8::7', 12_313],
  [binary(0x21, 0x21, MAPPED), '192.0.2.1', 12_313],
  [binary(0x21, 0x11, Buffer.concat([V4, Buffer.from('040001ff', 'hex')])), '192.0.2.1', 12_313],
  [binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  [binary(0x21, 0x31, Buffer.alloc(216)), undefined],
];
const BAD: readonly Buffer[] = [
  ...['EHLO x\r\n', 'PROXY TCP4 192.0.2.1 ::1 1 2\r\n', 'PROXY TCP4 192.0.2.1 192.0.2.2 99999 2\r\n'].map(
    (text) => Buffer.from(text),
  ),
  ...['PROXY TCP5 1 2 3 4\r\n', `PROXY TCP4 ${'1'.repeat(120)}`, 'proxy UNKNOWN\r\n'].map((text) =>
    Buffer.from(text),
  ),
  ...[
    binary(0x11, 0x11, V4),
    binary(0x22, 0x11, V4),
    binary(0x21, 0x11, V4.subarray(0, 11)),
    binary(0x21, 0x11, V4, 5000),
  ],
];

describe('the header', () => {
  test('is read as soon as it is whole, and not before', () => {
    for (const [octets, address, port] of GOOD) {
      for (let at = 0; at < octets.length; at++)
        assert.equal(readProxyHeader(octets.subarray(0, at)).kind, 'incomplete', `${octets} to ${at}`);
      const behind = Buffer.concat([octets, Buffer.from('EHLO x\r\n')]);
      const origin = address === undefined ? {} : { origin: { address, port } };
      assert.deepEqual(readProxyHeader(behind), { kind: 'header', bytes: octets.length, ...origin });
    }
  });

  test('is none when it is not one, whatever it is', () => {
    for (const octets of BAD) assert.equal(readProxyHeader(octets).kind, 'none', String(octets));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('', 'PROXY TCP4 ', '\r\n\r\n\0\r\nQUIT\n!'),
        (rest, start) => {
          readProxyHeader(Buffer.concat([Buffer.from(start), rest]));
        },
      ),
    );
  });
});

test('only proxies have to say it, and only where they are expected', () => {
  const proxies = new Proxies({ from: ['10.0.0.0/8', '2001:db8::1'], listeners: 'imaps, smtp' });
  assert.ok(proxies.expects('imaps', '10.1.2.3'));
  assert.ok(proxies.expects('smtp', '::ffff:10.1.2.3'));
  assert.ok(proxies.expects('smtp', '2001:db8::1'));
  assert.ok(!proxies.expects('imap', '10.1.2.3'));
  assert.ok(!proxies.expects('imaps', '192.0.2.1'));
  assert.equal(proxies.greeting('imaps', '10.0.0.1'), 'PROXY UNKNOWN\r\n');
  assert.equal(proxies.greeting('imaps', '127.0.0.1'), '');
});

describe('on a socket', () => {
  async function heard(pieces: readonly (Buffer | string)[]): Promise<{ origin: unknown; rest: string }> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const arrived = once(server, 'connection') as Promise<[Socket]>;
    const client = connect(port, '127.0.0.1').setNoDelay(true);
    client.on('error', () => {});
    const [socket] = await arrived;
    const found = originOf(socket);
    for (const piece of pieces) {
      client.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.end();
    const origin = await found;
    let rest = '';
    if (origin !== undefined) {
      socket.on('data', (bytes: Buffer) => (rest += bytes.toString('latin1')));
      await once(socket, 'end');
    }
    socket.destroy();
    server.close();
    return { origin, rest };
  }

  test('what stands behind it is left for whoever reads next', async () => {
    const [[line], , , , , [octets]] = GOOD as typeof GOOD & { 0: [Buffer]; 5: [Buffer] };
    for (const header of [line, octets] as Buffer[]) {
      const origin = { address: '192.0.2.1', port: 12_313 };
      assert.deepEqual(await heard([header, 'EHLO x\r\n']), { origin, rest: 'EHLO x\r\n' });
      assert.deepEqual(await heard([Buffer.concat([header, Buffer.from('EHLO x\r\n')])]), {
        origin,
        rest: 'EHLO x\r\n',
      });
      assert.deepEqual(await heard([...header].map((octet) => Buffer.from([octet]))), { origin, rest: '' });
    }
    assert.deepEqual(await heard(['PROXY UNKNOWN\r\nx']), { origin: 'itself', rest: 'x' });
  });

  test('who says something else, or goes, is gone', async () => {
    assert.deepEqual(await heard(['EHLO x\r\n']), { origin: undefined, rest: '' });
    assert.deepEqual(await heard(['PROXY TCP4 192']), { origin: undefined, rest: '' });
  });
});

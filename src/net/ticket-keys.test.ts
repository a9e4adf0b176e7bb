import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect, createSecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import { makePair } from './self-signed.ts';
import { TicketKeys } from './ticket-keys.ts';

const HOUR = 3_600_000;

describe('session tickets', () => {
  let nowMs = 0;
  let renew: () => void;
  let port: number;
  const server = createServer();

  before(async () => {
    const { certificate, key } = await makePair('mail.example.com');
    const keys = new TicketKeys(() => nowMs);
    const make = () => {
      const context = createSecureContext({ cert: certificate, key, sessionIdContext: 'test' });
      keys.serve(context);
      return context;
    };
    let secureContext = make();
    renew = () => {
      secureContext = make();
    };
    server.on('connection', (socket) => {
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('error', () => {});
      secure.pipe(secure);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  /** Connects, with a ticket or without; gives whether it served, and a new one. */
  async function visit(
    version: SecureVersion,
    session?: Buffer,
  ): Promise<{ isReused: boolean; ticket: Buffer }> {
    const versions = { minVersion: version, maxVersion: version };
    const socket = connect({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ...versions,
      ...(session && { session }),
    });
    let ticket: Buffer | undefined = session;
    socket.on('session', (given) => {
      ticket = given;
    });
    await once(socket, 'secureConnect');
    const isReused = socket.isSessionReused();
    socket.write('hello');
    await once(socket, 'data');
    // A ticket that renews another is announced by TLS 1.3 alone.
    if (version === 'TLSv1.2') ticket = socket.getSession();
    socket.end();
    await once(socket, 'close');
    assert.ok(ticket);
    return { isReused, ticket };
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version}: serve for the day of their key and the day after, then no more`, async () => {
      const { ticket } = await visit(version);
      assert.equal((await visit(version, ticket)).isReused, true);
      nowMs += 30 * HOUR;
      const next = await visit(version, ticket);
      assert.equal(next.isReused, true);
      nowMs += 30 * HOUR;
      assert.equal((await visit(version, ticket)).isReused, false);
      // It was exchanged for one of the new key when that was new.
      assert.equal((await visit(version, next.ticket)).isReused, true);
      nowMs += 100 * HOUR;
      assert.equal((await visit(version, next.ticket)).isReused, false);
    });

    test(`${version}: outlive the context they were made with`, async () => {
      const { ticket } = await visit(version);
      renew();
      assert.equal((await visit(version, ticket)).isReused, true);
    });
  }
});

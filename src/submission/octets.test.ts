/** How many octets of an account may wait to leave: told before they come, exact, also over a server that was killed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { LineClient } from '../../test/kit/line-client.ts';
import { ANN, startTestSubmission, type Taken, type TestSubmission } from '../../test/kit/submission.ts';
import { type OutgoingId, outgoingAccount } from '../mailbox/model/outgoing.ts';
import { takeBack } from '../mailbox/operations/take-back.ts';

const LIMIT = 100_000;
const SIZE = 30_000;

describe('octets that wait to leave', () => {
  const data = mkdtempSync(join(tmpdir(), 'brevduva-octets-'));
  let server: TestSubmission;
  const start = async (): Promise<void> => {
    server = await startTestSubmission({ data, limits: { outgoingBytesPerAccount: LIMIT } });
  };
  before(start);
  after(async () => {
    await server.close();
    rmSync(data, { recursive: true, force: true });
  });

  const letter = (size: number): string => {
    const head = `From: ${ANN}\r\nTo: bob@example.org\r\nSubject: Large\r\n\r\n`;
    return (
      `${head}${'x'.repeat(70)}\r\n`.padEnd(head.length + 70, 'x') +
      'y\r\n'.repeat(Math.ceil((size - head.length - 72) / 3))
    );
  };

  async function send(client: LineClient, size = SIZE, words = ' HOLDFOR=86400'): Promise<string> {
    client.send(`MAIL FROM:<${ANN}>${words}\r\n`);
    const taken = await client.reply();
    if (!taken.startsWith('250')) return taken;
    client.send('RCPT TO:<bob@example.org>\r\nDATA\r\n');
    await client.reply();
    await client.reply();
    client.send(`${letter(size)}.\r\n`);
    return client.reply();
  }

  test('are refused with numbers beyond the limit, at MAIL where the size is said', async () => {
    const client = await server.signIn();
    for (let n = 0; n < 3; n++) assert.match(await send(client), /^250 /);
    assert.match(
      await send(client),
      /^452 4\.3\.1 .*of mail of this account wait to leave, and .* are the most/,
    );
    assert.match(
      await send(client, SIZE, ` SIZE=${SIZE} HOLDFOR=9`),
      /^452 4\.3\.1 .*take back what is held/,
    );
    assert.match(await send(client, 5000, ' SIZE=5000 HOLDFOR=9999'), /^250 /);
    client.socket.destroy();
  });

  test('are the same after a start', async () => {
    const before = await server.taken();
    await server.close();
    await start();
    const client = await server.signIn();
    assert.match(await send(client), /^452 /);
    const { domain } = server.kit;
    const octets = await domain.store.outgoing.countOctets(outgoingAccount(idOf(before[0])));
    assert.ok(octets > 90_000 && octets < LIMIT, String(octets));
    client.socket.destroy();
  });

  test('make room as soon as one is taken back or has left', async () => {
    const client = await server.signIn();
    const [first, second] = await server.taken();
    const { domain } = server.kit;
    const account = await domain.accounts.open(outgoingAccount(idOf(first)));
    assert.equal(await takeBack(domain, account, idOf(first)), true);
    assert.match(await send(client), /^250 /);
    assert.match(await send(client), /^452 /);
    const id = idOf(second);
    await domain.store.outgoing.settle([{ outgoing: id, n: 1, become: 'ended' }]);
    assert.match(await send(client), /^250 /);
    client.socket.destroy();
  });

  test('two at once do not go beyond it together', async () => {
    const [, , third, fourth] = await server.taken();
    for (const one of [third, fourth])
      await server.kit.domain.store.outgoing.settle([{ outgoing: idOf(one), n: 1, become: 'ended' }]);
    const clients = await Promise.all(Array.from({ length: 6 }, () => server.signIn()));
    const replies = await Promise.all(clients.map((client) => send(client)));
    const all = await server.taken();
    const octets = await server.kit.domain.store.outgoing.countOctets(outgoingAccount(idOf(all[0])));
    assert.ok(octets <= LIMIT, `${octets}: ${replies.join('; ')}`);
    assert.ok(
      replies.some((reply) => reply.startsWith('250')) && replies.some((reply) => reply.startsWith('452')),
    );
    for (const client of clients) client.socket.destroy();
  });
});

function idOf(taken: Taken | undefined): OutgoingId {
  assert.ok(taken !== undefined);
  return taken.row.id;
}

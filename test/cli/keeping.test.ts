/** For how long mail stays, and what becomes of it then, as the administrator sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, type TestServer } from '../kit/server.ts';

const ALICE = 'alice@example.org';
let server: TestServer;

before(async () => {
  server = await startServer();
  await server.cli(['account', 'add', ALICE, '--password-stdin'], 'secret\n');
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

test('retention is shown and set, of the account and of a mailbox', async () => {
  const retention = (...args: string[]) => server.cli(['account', 'retention', ALICE, ...args]);
  const { stdout } = await retention();
  assert.match(stdout, /^Trash +30 days +as the account has it$/m);
  assert.match(stdout, /^INBOX +mail stays$/m);
  await server.cli(['account', 'set', ALICE, 'retention.trash', '90d']);
  await server.cli(['account', 'set', ALICE, 'retention.junk', '0']);
  assert.match((await retention()).stdout, /^Junk +mail stays$/m);
  assert.match((await retention('Archive', '365d')).stdout, /^Archive +365 days +set for this mailbox$/m);
  assert.match((await retention('Trash', 'never')).stdout, /^Trash +mail stays +set for this mailbox$/m);
  assert.match((await retention('Trash', 'default')).stdout, /^Trash +90 days +as the account has it$/m);
  assert.equal((await retention('Nowhere', '3d')).code, 1);
  assert.equal((await retention('Trash', 'soon')).code, 2);
  assert.equal((await retention('Trash')).code, 2);
});

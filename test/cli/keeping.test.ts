/** For how long mail stays, and what becomes of it then, as the administrator sees it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ImapClient } from '../imap-client.ts';
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

test('what was deleted over IMAP is listed and comes back, a deleted mailbox too', async () => {
  const imap = await ImapClient.signIn(server.port('imap'), ALICE, 'secret');
  const ask = async (line: string): Promise<string> => (await imap.ok(line)).untagged.join('\n');
  await ask('CREATE Club');
  for (const [mailbox, subject] of [
    ['INBOX', 'first'],
    ['INBOX', 'second'],
    ['Club', 'minutes'],
  ] as const) {
    const text = `From: Bo <bo@example.com>\r\nSubject: ${subject}\r\n\r\nhello\r\n`;
    await ask(`APPEND ${mailbox} (\\Flagged) {${text.length}+}\r\n${text}`);
  }
  await ask('SELECT INBOX');
  await ask('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await ask('EXPUNGE');
  await ask('DELETE Club');
  const deleted = async (...args: string[]) =>
    (await server.cli(['account', 'deleted', ALICE, ...args])).stdout;
  const listed = await deleted();
  const id = /^(d\d+-1) .* INBOX .* imap .*bo@example\.com first$/m.exec(listed)?.[1] ?? 'none';
  assert.match(listed, /^f\d+ .* Club .* imap .*the mailbox, 1 message$/m);
  assert.match(listed, /^1 message, /m);
  const recover = async (...args: string[]) => server.cli(['account', 'recover', ALICE, ...args]);
  assert.match((await recover(id)).stdout, /^1 message came back/);
  await ask('NOOP');
  assert.match(await ask('FETCH 1:* (FLAGS)'), /2 FETCH \(FLAGS \(.*Flagged/);
  assert.match((await recover('--since', '1h')).stdout, /^1 message came back.* 1 mailbox among them$/m);
  assert.match(await ask('STATUS Club (MESSAGES)'), /MESSAGES 1/);
  const json = JSON.parse(await deleted('--json')) as { readonly total: { readonly messages: number } };
  assert.equal(json.total.messages, 0);
  assert.equal((await recover()).code, 2);
  for (const named of [['hej'], ['d99-99'], ['--mailbox', 'Klub']]) {
    const { code, stderr } = await recover(...named);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^there is no (mailbox )?${named.at(-1)} `, 'm'));
  }
  imap.close();
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

test('of whom mail was asked to come again is an account', async () => {
  const delayed = (who: string) => server.cli(['account', 'delayed', who]);
  assert.match((await delayed(ALICE)).stderr, /by greylisting, a filter or the DNS/);
  assert.equal((await delayed('nobody@example.org')).code, 1);
  await server.cli(['alias', 'add', 'info@example.org', ALICE]);
  assert.match((await delayed('Info@example.org')).stderr, /no account; its mail goes to alice@example\.org/);
});

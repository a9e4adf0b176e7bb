/** A mailbox has room for so many keywords; what happens to mail at the limit, and how room comes back. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ImapClient } from '../../test/imap-client.ts';
import { startTestImap, type TestImap } from '../../test/kit/imap.ts';

const ALICE = 'alice@example.com';

describe('a mailbox with three keywords, and no room for more', () => {
  let server: TestImap;
  let client: ImapClient;

  before(async () => {
    server = await startTestImap({ limits: { keywordsPerMailbox: 3, keywordsPerMessage: 2 } });
    await server.kit.addAccount(ALICE, 'secret');
    client = await ImapClient.signIn(server.port, ALICE, 'secret');
    await client.ok('CREATE Full');
    for (const keyword of ['one', 'two', 'three']) await append(keyword);
    await client.ok('SELECT Full');
  });
  after(() => server.close());

  const append = async (flags: string, mailbox = 'Full'): Promise<void> => {
    const text = 'Subject: x\r\n\r\nx\r\n';
    await client.ok(`APPEND ${mailbox} (${flags}) {${text.length}+}\r\n${text}`);
  };
  const flagsOf = async (seq: string | number): Promise<string> => {
    const { untagged } = await client.ok(`FETCH ${seq} (FLAGS)`);
    return (
      /FLAGS \(([^)]*)\)/
        .exec(untagged.at(-1) ?? '')?.[1]
        ?.replace('\\Recent ', '')
        .replace('\\Recent', '') ?? ''
    );
  };
  const permanentFlags = async (): Promise<string> => {
    const { untagged } = await client.ok('SELECT Full');
    return untagged.find((line) => line.includes('PERMANENTFLAGS')) ?? '';
  };

  it('does not offer to make new ones (RFC 9051 §7.1)', async () => {
    const offered = await permanentFlags();
    assert.match(offered, /one two three/);
    assert.doesNotMatch(offered, /\\\*/);
  });

  it('refuses a STORE of a new one and takes one of those it has', async () => {
    const { status, text } = await client.command('STORE 1 +FLAGS (four)');
    assert.equal(status, 'NO');
    assert.match(text, /^\[LIMIT\]/);
    await client.ok('STORE 1 +FLAGS (TWO)');
    assert.equal(await flagsOf(1), 'one two');
  });

  it('takes mail with a new one all the same, without it (RFC 9051 §6.3.12, §6.4.7)', async () => {
    await append('\\Seen one four');
    assert.equal(await flagsOf('*'), '\\Seen one');
    await append('four five six seven', 'INBOX');
    await client.ok('SELECT INBOX');
    assert.equal(await flagsOf('*'), 'four five', 'a message has room for two');
    await client.ok('COPY 1 Full');
    await client.ok('MOVE 1 Full');
    await client.ok('SELECT Full');
    assert.equal(await flagsOf(5), '');
    assert.equal(await flagsOf(6), '');
  });

  it('takes back what no message has, and then has room', async () => {
    await client.ok('STORE 3 -FLAGS.SILENT (three)');
    assert.match(await permanentFlags(), /\\\*/);
    await client.ok('STORE 3 +FLAGS (four)');
    assert.equal(await flagsOf(3), 'four');
    assert.equal(await flagsOf(1), 'one two', 'the others have what they had');
    assert.match(await permanentFlags(), /one two four\)/);
    await client.ok('STORE 1:* FLAGS.SILENT ()');
    await client.ok('STORE 1:3 FLAGS.SILENT (five six)');
    await client.ok('STORE 4 FLAGS.SILENT (seven)');
    assert.equal(await flagsOf(2), 'five six');
    assert.equal(await flagsOf(4), 'seven');
  });

  it('has them after a restart of the account', async () => {
    const record = await server.kit.store.directory.find(ALICE);
    assert.ok(record);
    client.close();
    server.kit.domain.accounts.evict(record.id, 'the test loads it anew');
    client = await ImapClient.signIn(server.port, ALICE, 'secret');
    await client.ok('SELECT Full');
    assert.equal(await flagsOf(2), 'five six');
    assert.equal(await flagsOf(4), 'seven');
  });
});

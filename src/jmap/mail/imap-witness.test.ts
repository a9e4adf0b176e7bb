/** What an IMAP client does, as a JMAP client is told of it: copies in one mailbox, \Deleted set and unset, moves, mailboxes that go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapClient } from '../../../test/imap-client.ts';
import { type Answer, type MethodAnswer, startTestJmap } from '../../../test/kit/jmap.ts';

test('every step of an IMAP client is told once, as what it is to JMAP', async (t) => {
  const server = await startTestJmap();
  t.after(() => server.close());
  const { alice, imap } = server;
  const client = await ImapClient.signIn(imap.port, 'alice@example.com', 'secret');
  t.after(() => client.close());
  const { nextEmail } = await server.account();
  const [one, two] = [`e${nextEmail}`, `e${nextEmail + 1}`] as const;
  let state: string = (await alice.call('Email/get', { ids: [] })).state;
  let list: string[] = [];
  let queryState: string = (await alice.call('Email/query', {})).queryState;

  const told = async (expected: string): Promise<void> => {
    const changes = await alice.call('Email/changes', { sinceState: state });
    const { created, updated, destroyed, hasMoreChanges } = changes;
    assert.equal(`+${created} ~${updated} -${destroyed}`, expected);
    assert.equal(hasMoreChanges, false);
    state = changes.newState;
    const [get, query, changed] = await alice.calls([
      ['Email/get', { ids: [one, two], properties: ['mailboxIds', 'keywords', 'threadId'] }],
      ['Email/query', { calculateTotal: true }],
      ['Email/queryChanges', { sinceQueryState: queryState, calculateTotal: true }],
    ]);
    assert.equal(get?.[1].state, state);
    const { removed, added } = (changed as MethodAnswer)[1];
    list = list.filter((id) => !removed.includes(id));
    for (const { id, index } of added) list.splice(index, 0, id);
    assert.deepEqual(list, query?.[1].ids);
    assert.equal(query?.[1].total, get?.[1].list.length);
    queryState = query?.[1].queryState;
    seen = Object.fromEntries(get?.[1].list.map((email: { id: string }) => [email.id, email]));
  };
  /** Emails as they are shown. */
  let seen: Record<string, Answer> = {};
  const mailboxes = (id: string): number => Object.keys(seen[id].mailboxIds).length;

  await client.ok('APPEND INBOX {14+}\r\nSubject: a\r\n\r\n');
  await told(`+${one} ~ -`);
  await client.ok('SELECT INBOX');
  await client.ok('COPY 1 INBOX');
  await told(`+ ~${one} -`);
  assert.equal(mailboxes(one), 1);
  await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await told(`+ ~${one} -`);
  await client.ok('STORE 2 +FLAGS.SILENT (\\Deleted \\Flagged)');
  await told(`+ ~ -${one}`);
  await client.ok('STORE 2 -FLAGS.SILENT (\\Deleted)');
  await told(`+${one} ~ -`);
  assert.deepEqual(seen[one].keywords, { $flagged: true });
  await client.ok('EXPUNGE');
  await told('+ ~ -');
  await client.ok('COPY 1 Archive');
  await told(`+ ~${one} -`);
  assert.equal(mailboxes(one), 2);
  await client.ok('MOVE 1 Archive');
  await told(`+ ~${one} -`);
  assert.equal(mailboxes(one), 1);
  await client.ok('CREATE Box');
  await told('+ ~ -');
  await client.ok('APPEND Box (\\Seen $Forwarded) {14+}\r\nSubject: b\r\n\r\n');
  await told(`+${two} ~ -`);
  assert.deepEqual(seen[two].keywords, { $seen: true, $forwarded: true });
  await client.ok('SELECT Archive');
  await client.ok('COPY 1 Box');
  await client.ok('RENAME Box Chest');
  await told(`+ ~${one} -`);
  await client.ok('DELETE Chest');
  await told(`+ ~${one} -${two}`);
  await client.ok('STORE 1:* +FLAGS.SILENT (\\Deleted)');
  await client.ok('EXPUNGE');
  await told(`+ ~ -${one}`);
  assert.deepEqual(list, []);
});

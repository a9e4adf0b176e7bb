/**
 * Mailboxes as labels (X-GM-EXT-1), by a client that knows them of Gmail, and by several at once: whoever does what in which order, the
 * labels of a message are the other mailboxes that have it, and no message is lost by one.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ImapFlow } from 'imapflow';
import { connectImapFlow, given } from './clients/imapflow.ts';
import { Random } from './crash/random.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { runs } from './kit/runs.ts';

const ANNA = 'anna@example.com';
const BO = 'bo@example.com';
const letter = (subject: string): string =>
  `From: Bo <bo@example.org>\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\nHello\r\n`;

describe('labels', () => {
  let server: TestImap;
  before(async () => {
    server = await startTestImap({ settings: { offersGmail: true } });
  });
  after(() => server.close());

  const arrive = (address: string, mailbox: string, subject: string) =>
    server.addMessage(address, mailbox, { bytes: letter(subject) });

  test('imapflow uses them as those of Gmail', async () => {
    await server.kit.addAccount(ANNA, 'secret');
    await arrive(ANNA, 'INBOX', 'lunch');
    await arrive(ANNA, 'INBOX', 'invoice');
    const ports = { imap: server.port } as Parameters<typeof connectImapFlow>[0];
    const client: ImapFlow = await connectImapFlow(ports, { auth: { user: ANNA, pass: 'secret' } });
    await client.mailboxCreate('Räkningar');
    await client.mailboxOpen('INBOX');
    assert.ok(await client.messageFlagsAdd('1:2', ['Räkningar', '\\Sent'], { useLabels: true }));
    assert.ok(await client.messageFlagsRemove('1', ['Räkningar'], { useLabels: true }));
    assert.deepEqual(await client.search({ gmraw: 'in:räkningar subject:inv' }), [2]);
    assert.deepEqual(await client.search({ labels: { has: ['Sent'], not: ['Räkningar'] } }), [1]);
    assert.deepEqual(await client.search({ gmraw: 'rfc822msgid:<invoice@example.org>' }), [2]);
    const message = given(await client.fetchOne('2', { labels: true, threadId: true, uid: true }));
    assert.deepEqual([...(message.labels ?? [])].sort(), ['Räkningar', '\\Sent']);
    assert.match(message.emailId ?? '', /^e?\d+$/);
    assert.match(message.threadId ?? '', /^t?\d+$/);
    await client.logout();
  });

  test('a copy that there is no room for is refused, and nothing has changed', async () => {
    await server.kit.addAccount('full@example.com', 'secret', { messages: 2 });
    await arrive('full@example.com', 'INBOX', 'one');
    await arrive('full@example.com', 'INBOX', 'two');
    const client = await ImapClient.signIn(server.port, 'full@example.com', 'secret');
    await client.ok('SELECT INBOX');
    const { status, text, untagged } = await client.command('STORE 1 +X-GM-LABELS (Archive)');
    assert.match(`${status} ${text}`, /^NO \[OVERQUOTA\]/);
    assert.deepEqual(untagged, ['1 FETCH (UID 1 X-GM-LABELS ())']);
    await client.ok('EXAMINE INBOX');
    assert.equal((await client.command('STORE 1 +X-GM-LABELS (Trash)')).status, 'NO');
    client.close();
  });

  test('of somebody else those are told that one may read; none are given, and none are found', async () => {
    await server.kit.addAccount(BO, 'secret');
    const [anna, bo] = [
      await ImapClient.signIn(server.port, ANNA, 'secret'),
      await ImapClient.signIn(server.port, BO, 'secret'),
    ];
    await anna.ok('CREATE Secret');
    await anna.ok('CREATE Team');
    await arrive(ANNA, 'INBOX', 'shared');
    await anna.ok('SELECT INBOX');
    await anna.ok('STORE 3 +X-GM-LABELS (Secret Team)');
    for (const name of ['INBOX', 'Team']) await anna.ok(`SETACL ${name} ${BO} lrswite`);
    await bo.ok(`SELECT "Other Users/${ANNA}/INBOX"`);
    const { untagged } = await bo.ok('FETCH 3 X-GM-LABELS');
    assert.deepEqual(untagged, [`3 FETCH (X-GM-LABELS ("Other Users/${ANNA}/Team"))`]);
    assert.match((await bo.command('STORE 3 +X-GM-LABELS (Archive)')).text, /^\[NOPERM\]/);
    for (const [label, found] of [
      ['Team', 'SEARCH 3'],
      ['Secret', 'SEARCH'],
    ])
      assert.deepEqual((await bo.ok(`SEARCH X-GM-LABELS "Other Users/${ANNA}/${label}"`)).untagged, [found]);
    // A mailbox of one's own has nothing of theirs, whatever the numbers of the emails are.
    await arrive(BO, 'Archive', 'own');
    assert.deepEqual((await bo.ok('SEARCH X-GM-LABELS Archive')).untagged, ['SEARCH']);
    anna.close();
    bo.close();
  });

  for (const seed of Array.from({ length: runs(2) }, (_, i) => i + 1))
    test(`several at once lose nothing, seed ${seed}`, async () => {
      const random = new Random(seed);
      const address = `several${seed}@example.com`;
      const names = ['INBOX', 'Archive', 'a', 'b'];
      await server.kit.addAccount(address, 'secret');
      for (let n = 0; n < 12; n++) await arrive(address, 'INBOX', `m${n}`);
      const clients = await Promise.all(names.map(() => ImapClient.signIn(server.port, address, 'secret')));
      const [first] = clients as [ImapClient];
      for (const name of ['a', 'b']) await first.ok(`CREATE ${name}`);
      for (const [i, client] of clients.entries()) await client.ok(`SELECT ${names[i]}`);
      for (let step = 0; step < 30; step++) {
        await Promise.all(
          clients.map(async (client, i) => {
            const others = names.filter((_, at) => at !== i && random.chance(0.5)).join(' ');
            const sign = random.pick(['+', '-', '']);
            const uid = random.integer(1, 12);
            const { status, text } = await client.command(
              `UID STORE ${uid}:${uid + random.integer(0, 3)} ${sign}X-GM-LABELS (${others})`,
            );
            assert.ok(status === 'OK', text);
            await client.ok('NOOP');
          }),
        );
      }
      for (const client of clients) client.close();
      await assertTruth(server.port, address, names);
    });
});

/** The labels of each message are the other mailboxes that have it, and all twelve are there. */
async function assertTruth(port: number, address: string, names: readonly string[]): Promise<void> {
  const client = await ImapClient.signIn(port, address, 'secret');
  const where = new Map<string, Set<string>>();
  const told: [email: string, name: string, labels: string[]][] = [];
  for (const name of names) {
    await client.ok(`EXAMINE ${name}`);
    for (const line of (await client.ok('UID FETCH 1:* (X-GM-MSGID X-GM-LABELS)')).untagged) {
      const [, email = '', labels = ''] = /X-GM-MSGID (\d+) X-GM-LABELS \((.*)\)\)$/.exec(line) ?? [];
      const words =
        labels === '' ? [] : labels.split(' ').map((one) => (one === '"\\\\Inbox"' ? 'INBOX' : one));
      where.set(email, (where.get(email) ?? new Set()).add(name));
      told.push([email, name, words.sort()]);
    }
  }
  assert.equal(where.size, 12);
  for (const [email, name, labels] of told)
    assert.deepEqual(labels, [...(where.get(email) ?? [])].filter((one) => one !== name).sort());
  client.close();
}

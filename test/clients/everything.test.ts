/**
 * Programs that act on what a server offers, at one that offers everything: also what is off as it comes (UIDONLY, RFC 9586). Each
 * tours lists, reading, flags, searches, moves and waiting; those that can compress do (RFC 4978). What is installed for nothing
 * else runs with `--long`.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ImapFlow } from 'imapflow';
import { ALICE, Home, type Person } from './home.ts';
import { connectImapFlow, given } from './imapflow.ts';
import { letters, note } from './letters.ts';
import { asSynced } from './maildir.ts';
import { Mbsync } from './mbsync.ts';
import { needs, needsWhenLong, succeed } from './program.ts';

const BO: Person = { address: 'bo@example.com', password: 'secret' };
const JAKARTA = '/usr/share/java/jakarta-mail.jar:/usr/share/java/jakarta-activation.jar';
const PERL_STEPS = 'signing_in compressing mailboxes appending fetching searching changing odds_and_ends';
const STEPS = ['signing_in', 'listing', 'reading', 'flagging', 'searching', 'moving'];

const file = (name: string): string => join(import.meta.dirname, name);

describe('at a server with everything switched on', () => {
  let home: Home;
  before(async () => {
    home = await Home.open({ 'imap.uid_only': 'true' });
    await home.addAccount(BO);
  });
  after(() => home.close());

  describe('imapflow', () => {
    let client: ImapFlow;
    before(async () => {
      client = await connectImapFlow(home.ports, { qresync: true });
    });
    after(() => client.logout());

    it('compresses, and finds all that it looks for', () => {
      assert.ok(client.capabilities.has('UIDONLY'));
      assert.ok(Reflect.get(client, '_deflate'), 'COMPRESS=DEFLATE is on');
      assert.ok(client.enabled.has('QRESYNC') && client.enabled.has('CONDSTORE'));
    });

    it('tours', async () => {
      const { path } = await client.mailboxCreate(['Flow', 'Inner']);
      for (const bytes of letters(18)) await client.append(path, bytes);
      await client.mailboxOpen(path);
      const found = await client.fetchAll('1:*', {
        source: true,
        envelope: true,
        bodyStructure: true,
        flags: true,
      });
      assert.deepEqual(
        found.map(({ source }) => String(source)),
        letters(18).map(String),
      );
      assert.equal(await client.messageFlagsAdd('1:3', ['\\Seen', '$Work']), true);
      assert.deepEqual(await client.search({ seen: true, keyword: '$Work' }, { uid: true }), [1, 2, 3]);
      given(await client.messageCopy('1', 'Archive'));
      given(await client.messageMove('2:3', 'Archive'));
      assert.equal(await client.messageDelete('1'), true);
      assert.equal(given(await client.status(path, { messages: true })).messages, 15);
      assert.equal(given(await client.status('Archive', { messages: true })).messages, 3);
      const heard = new Promise((resolve) => client.once('exists', resolve));
      const idling = client.idle();
      const other = await connectImapFlow(home.ports);
      await other.append(path, note('while it idles'));
      await heard;
      await client.noop();
      await idling;
      await other.logout();
      await client.mailboxClose();
      await client.mailboxDelete(path);
    });
  });

  it('mbsync takes an account and brings changes back, through compression', needs('mbsync'), async () => {
    const server = await home.mailboxes(BO);
    await server.append('INBOX', letters(100, 300), (n) => (n % 2 === 0 ? '\\Seen' : '$Label'));
    await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'IMAPS', person: BO });
    await mbsync.sync();
    const { maildir } = mbsync;
    const [first, second] = maildir.messages('INBOX');
    assert.ok(first !== undefined && second !== undefined);
    maildir.setFlags(first, 'FS');
    maildir.remove(second);
    maildir.add('INBOX', note('from the files'), 'S');
    await mbsync.sync();
    const there = (await server.read('INBOX')).map(({ bytes }) => asSynced(bytes)).sort();
    assert.deepEqual(
      there,
      maildir
        .messages('INBOX')
        .map(({ bytes }) => asSynced(bytes))
        .sort(),
    );
    assert.equal(there.length, 100);
  });

  it('Mail::IMAPClient tours', needs('Mail::IMAPClient'), async () => {
    const ports = [home.ports.imap, home.ports.imaps].map(String);
    const { stdout } = await succeed('perl', [
      file('imapclient-tour.pl'),
      ...ports,
      BO.address,
      BO.password,
      'compress',
    ]);
    assert.equal(stdout.toString().trim().replaceAll('\n', ' '), PERL_STEPS);
  });

  it('Jakarta Mail tours', needsWhenLong('java', 'java/jakarta-mail.jar'), async () => {
    const args = [
      '-cp',
      JAKARTA,
      file('JakartaTour.java'),
      String(home.ports.imap),
      ALICE.address,
      ALICE.password,
    ];
    const { stdout } = await succeed('java', args);
    assert.deepEqual(stdout.toString().trim().split('\n'), [...STEPS, 'idling', 'leaving']);
  });

  it('Roundcube tours', needsWhenLong('php', 'roundcube/program'), async () => {
    const args = [file('roundcube-tour.php'), String(home.ports.imap), ALICE.address, ALICE.password];
    const { stdout } = await succeed('php', args);
    assert.deepEqual(stdout.toString().trim().split('\n'), [...STEPS, 'leaving']);
  });
});

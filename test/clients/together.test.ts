/**
 * Different clients on one account at once: what one does, the others are told within a second. imapflow listens in IDLE,
 * once as a client of IMAP4rev1 alone and once with all it can (IMAP4rev2, CONDSTORE, QRESYNC); Python's imaplib asks;
 * mbsync comes by; mail is delivered by nodemailer and swaks and imported by the command line.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ImapFlow, ImapFlowOptions } from 'imapflow';
import { deliver } from './delivery.ts';
import { ALICE, Home } from './home.ts';
import { connectImapFlow } from './imapflow.ts';
import { Imaplib } from './imaplib.ts';
import { letters, note } from './letters.ts';
import { Mbsync } from './mbsync.ts';
import { needs, succeed } from './program.ts';
import { sharedMailboxTests } from './shared-mailbox.ts';

/** Between the end of a change and the moment the other client has been told. */
const TOLD_MS = 1000;

const LISTENERS: Readonly<Record<string, ImapFlowOptions>> = {
  'IMAP4rev1 alone': { disableAutoEnable: true, disableIMAP4rev2: true },
  QRESYNC: { qresync: true },
};

for (const [name, options] of Object.entries(LISTENERS)) {
  describe(`clients at once, one idling with ${name}`, needs('python3', 'mbsync', 'swaks'), () => {
    let home: Home;
    let listener: Listener;
    let python: Imaplib;
    before(async () => {
      home = await Home.open();
      python = await Imaplib.signIn(home.ports);
      await python.call('select', 'INBOX');
      listener = await Listener.connect(home, options);
    });
    beforeEach(async () => {
      await listener.idle();
    });
    after(async () => {
      await listener.client.logout();
      await python.logout();
      await home.close();
    });

    it('sees mail that is delivered', async () => {
      for (const deliverOne of [deliver, deliverWithSwaks]) {
        const before = listener.exists;
        await deliverOne(home, note(`delivered ${before}`));
        await listener.until('one more message', () => listener.exists === before + 1);
        await python.call('noop');
        assert.deepEqual(await python.call('search', null, 'SUBJECT', `"delivered ${before}"`), [
          `${before + 1}`,
        ]);
      }
    });

    it('sees mail that another client stores, with its flags', async () => {
      const before = listener.exists;
      await python.append('INBOX', note('stored'), '(\\Seen \\Flagged $Label)');
      await listener.until('one more message', () => listener.exists === before + 1);
      const [message] = await listener.client.fetchAll('*', { flags: true });
      assert.deepEqual([...(message?.flags ?? [])].filter((flag) => flag !== '\\Recent').sort(), [
        '$Label',
        '\\Flagged',
        '\\Seen',
      ]);
    });

    it('sees flags that change', async () => {
      listener.events.length = 0;
      await python.call('store', '1', '+FLAGS', '(\\Answered $Work)');
      await listener.until('the flags', () => listener.events.includes('1: $Work \\Answered'));
      await python.call('store', '1', '-FLAGS.SILENT', '($Work)');
      await listener.until('the flag gone', () => listener.events.includes('1: \\Answered'));
    });

    it('sees messages go: expunged, moved, and how many are left', async () => {
      const start = listener.exists;
      await python.append('INBOX', note('to be expunged'));
      await python.append('INBOX', note('to be moved'));
      await listener.until('two more', () => listener.exists === start + 2);
      const [uids] = (await python.call('uid', 'SEARCH', 'SUBJECT', '"to be"')) as [string];
      const [expunged = '', moved = ''] = uids.split(' ');
      const before = listener.exists;
      listener.events.length = 0;
      await python.call('uid', 'STORE', expunged, '+FLAGS.SILENT', '(\\Deleted)');
      await python.call('expunge');
      await listener.until('the expunge', () => listener.exists === before - 1);
      await python.call('uid', 'MOVE', moved, 'Archive');
      await listener.until('the move', () => listener.exists === before - 2);
      const gone = listener.events.filter((event) => event.startsWith('gone'));
      assert.equal(gone.length, 2, listener.events.join());
    });

    it('is seen in turn: what the listener does reaches the one who asks', async () => {
      const { client } = listener;
      await client.append('INBOX', note('by the listener'));
      await python.call('noop');
      const [number] = (await python.call('search', null, 'SUBJECT', '"by the listener"')) as [string];
      assert.match(number, /^\d+$/);
      await client.messageFlagsAdd(number, ['\\Flagged', '$Seen-by-me']);
      assert.match(JSON.stringify(await python.call('fetch', number, '(FLAGS)')), /\$Seen-by-me/);
      await client.messageMove(number, 'Archive');
      await python.call('noop');
      assert.deepEqual(await python.call('search', null, 'SUBJECT', '"by the listener"'), ['']);
    });

    it('sees mailboxes come, change their name and go', async () => {
      const { client } = listener;
      const paths = async (): Promise<string[]> =>
        (await client.list()).map(({ path }) => path).filter((path) => path.startsWith('Shared'));
      await python.call('create', 'Shared/One');
      assert.deepEqual(await paths(), ['Shared', 'Shared/One']);
      await python.append('Shared/One', note('inside'));
      const status = await client.status('Shared/One', { messages: true });
      assert.equal(status && status.messages === 1, true);
      await python.call('rename', 'Shared/One', 'Shared/Two');
      assert.deepEqual(await paths(), ['Shared', 'Shared/Two']);
      await client.mailboxDelete('Shared/Two');
      await client.mailboxDelete('Shared');
      assert.deepEqual(await python.call('list', '""', 'Shared*'), [null]);
    });

    it('sees mail that the command line imports', async () => {
      const before = listener.exists;
      await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'IMAPS' });
      const path = join(mbsync.maildir.root, 'some.mbox');
      await writeFile(
        path,
        `From bob@example.org Mon Jan  1 12:00:00 2024\n${note('imported').toString().replaceAll('\r', '')}\n`,
      );
      await home.cli(['import', 'mbox', path, '--account', ALICE.address, '--mailbox', 'INBOX']);
      await listener.until('the imported message', () => listener.exists === before + 1);
    });

    it('exchanges changes with mbsync', async () => {
      await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'IMAPS' });
      const { maildir } = mbsync;
      await listener.client.append('INBOX', note('for mbsync'));
      await mbsync.sync();
      const mine = maildir.messages('INBOX').find(({ bytes }) => bytes.includes('Subject: for mbsync'));
      assert.ok(mine);
      const before = listener.exists;
      maildir.setFlags(mine, 'FR');
      maildir.add('INBOX', note('from mbsync'), 'S');
      await listener.idle();
      listener.events.length = 0;
      await mbsync.sync();
      await listener.until('the new message', () => listener.exists === before + 1);
      await listener.until('the flags', () => listener.events.includes(`${before}: \\Answered \\Flagged`));
      const again = maildir.messages('INBOX').find(({ bytes }) => bytes.includes('Subject: for mbsync'));
      assert.ok(again);
      maildir.remove(again);
      await mbsync.sync();
      await listener.until('the deletion', () => listener.exists === before);
    });
  });
}

describe('what shares a server', () => {
  let home: Home;
  before(async () => {
    home = await Home.open();
  });
  after(() => home.close());

  sharedMailboxTests(() => home);

  it('imapflow that was away is told with QRESYNC what changed and what is gone, and nothing else', async () => {
    const server = await home.mailboxes();
    await server.append('INBOX', letters(50));
    const first = await connectImapFlow(home.ports, { qresync: true });
    const { highestModseq = 0n, uidValidity } = await first.mailboxOpen('INBOX');
    await first.logout();
    await server.client.ok('SELECT INBOX');
    await server.client.ok('UID STORE 10:12 +FLAGS.SILENT (\\Flagged)');
    await server.client.ok('UID STORE 20:29,40 +FLAGS.SILENT (\\Deleted)');
    await server.client.ok('EXPUNGE');
    await server.client.ok('UNSELECT');
    await server.append('INBOX', [note('new since')]);
    const gone: number[] = [];
    const second = await connectImapFlow(home.ports, { qresync: true });
    second.on('expunge', (event) => gone.push(event.uid ?? 0));
    const changed: number[] = [];
    second.on('flags', ({ uid }) => changed.push(uid ?? 0));
    const opened = await second.mailboxOpen('INBOX', { changedSince: highestModseq, uidValidity });
    assert.equal(opened.exists, 40);
    assert.deepEqual(
      gone.sort((a, b) => a - b),
      [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 40],
    );
    const found = await second.fetchAll('1:*', { flags: true }, { uid: true, changedSince: highestModseq });
    assert.deepEqual(
      found.map(({ uid }) => uid),
      [10, 11, 12, 51],
    );
    await second.logout();
  });
});

/** imapflow in IDLE on INBOX, and what it was told. */
class Listener {
  readonly client: ImapFlow;
  /** `3: \Seen` for flags, `gone 3` for a message. */
  readonly events: string[] = [];

  private constructor(client: ImapFlow) {
    this.client = client;
    client.on('flags', ({ seq, flags }) => {
      const words = [...flags].filter((flag) => flag !== '\\Recent').sort();
      this.events.push(`${seq}: ${words.join(' ')}`);
    });
    client.on('expunge', ({ seq, uid }) => this.events.push(`gone ${seq ?? uid}`));
  }

  static async connect(home: Home, options: ImapFlowOptions): Promise<Listener> {
    const listener = new Listener(await connectImapFlow(home.ports, options));
    await listener.client.mailboxOpen('INBOX');
    return listener;
  }

  get exists(): number {
    const { mailbox } = this.client;
    assert.ok(mailbox);
    return mailbox.exists;
  }

  /** Any command of the client ends it; then it must be called again. */
  async idle(): Promise<void> {
    if (this.client.idling) return;
    void this.client.idle();
    await until('IDLE', 10_000, () => this.client.idling);
  }

  until(what: string, isTold: () => boolean | Promise<boolean>): Promise<void> {
    return until(`${what}, told so far: ${this.events.join(', ')}`, TOLD_MS, isTold);
  }
}

async function until(what: string, withinMs: number, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startMs > withinMs) assert.fail(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function deliverWithSwaks(home: Home, bytes: Buffer): Promise<void> {
  const args = ['--protocol', 'LMTP', '--server', '127.0.0.1', '--port', String(home.ports.lmtp)];
  const envelope = ['--from', 'bob@example.org', '--to', ALICE.address, '--data', '-'];
  await succeed('swaks', [...args, ...envelope], { input: bytes });
}

/**
 * A tour of imapflow's whole interface, as far as it reaches a server: connecting, mailboxes, storing, fetching, searching,
 * changing. What one connection is told about the changes of another is in `together.test.ts`.
 */
import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ImapFlow, ImapFlowOptions } from 'imapflow';
import { ALICE, Home } from './home.ts';
import { connectImapFlow, given, makeImapFlow } from './imapflow.ts';
import { corpus, largeLetter, letter, letters, note } from './letters.ts';
import { assertOctets } from './octets.ts';

/** With all it likes (IMAP4rev2, CONDSTORE, UTF8=ACCEPT), and as a client of nothing but IMAP4rev1 with modified UTF-7. */
const MODES: Readonly<Record<string, ImapFlowOptions>> = {
  'IMAP4rev2 and more': {},
  'IMAP4rev1 alone': { disableAutoEnable: true, disableIMAP4rev2: true },
};
const MODSEQ_SEARCHES: [Parameters<ImapFlow['search']>[0], number[]][] = [[{ modseq: 1 }, [1, 2, 3]]];

describe('imapflow', () => {
  let home: Home;
  let client: ImapFlow;
  before(async () => {
    home = await Home.open();
    client = await connectImapFlow(home.ports);
  });
  after(async () => {
    await client.logout();
    await home.close();
  });

  describe('connects', () => {
    it('with TLS from the first octet', async () => {
      const secure = await connectImapFlow(home.ports, { secure: true, port: home.ports.imaps });
      assert.ok(secure.tls);
      assert.ok(secure.authenticated);
      await secure.logout();
    });

    it('with STARTTLS', async () => {
      const upgraded = await connectImapFlow(home.ports, { doSTARTTLS: true });
      assert.ok(upgraded.tls);
      await upgraded.logout();
    });

    it('with LOGIN, AUTHENTICATE PLAIN and AUTHENTICATE LOGIN', async () => {
      for (const loginMethod of ['LOGIN', 'AUTH=PLAIN', 'AUTH=LOGIN']) {
        const { address: user, password: pass } = ALICE;
        const other = await connectImapFlow(home.ports, { auth: { user, pass, loginMethod } });
        assert.ok(other.authenticated, loginMethod);
        await other.logout();
      }
    });

    it('and is told a wrong password from an outage', async () => {
      const wrong = makeImapFlow(home.ports, { auth: { user: ALICE.address, pass: 'wrong' } });
      await assert.rejects(wrong.connect(), {
        authenticationFailed: true,
        serverResponseCode: 'AUTHENTICATIONFAILED',
      });
    });

    it('and finds what it looks for', async () => {
      const wanted = [
        'IDLE',
        'UIDPLUS',
        'MOVE',
        'CONDSTORE',
        'QRESYNC',
        'SPECIAL-USE',
        'LIST-STATUS',
        'ESEARCH',
      ];
      const missing = [...wanted, 'BINARY', 'QUOTA', 'ENABLE', 'NAMESPACE', 'ID'].filter(
        (name) => !client.capabilities.has(name),
      );
      assert.deepEqual(missing, []);
      assert.ok(client.enabled.has('CONDSTORE'));
      assert.equal(client.namespace?.prefix, '');
      assert.equal(client.namespace?.delimiter, '/');
      assert.match(String(client.serverInfo?.name), /brevduva/i);
    });
  });

  for (const [mode, options] of Object.entries(MODES)) {
    const hasModseq = options.disableAutoEnable !== true;
    describe(mode, () => {
      let client: ImapFlow;
      before(async () => {
        const person = { address: `${mode.replaceAll(/\W/g, '-')}@example.com`, password: 'secret' };
        await home.addAccount(person);
        const auth = { user: person.address, pass: person.password };
        client = await connectImapFlow(home.ports, { ...options, auth });
      });
      after(() => client.logout());

      describe('mailboxes', () => {
        it('are listed with role, subscription and status', async () => {
          await client.append('Drafts', note('draft'), ['\\Draft']);
          const list = await client.list({ statusQuery: STATUS });
          const uses = new Map(list.map((one) => [one.path, one.specialUse]));
          assert.deepEqual(
            ['INBOX', 'Archive', 'Drafts', 'Junk', 'Sent', 'Trash'].map((path) => uses.get(path)),
            ['\\Inbox', '\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'],
          );
          assert.ok(list.every((one) => one.listed && one.subscribed));
          const drafts = list.find(({ path }) => path === 'Drafts')?.status;
          assert.equal(drafts?.messages, 1);
          assert.equal(drafts?.unseen, 1);
          assert.equal(drafts?.uidNext, 2);
          assert.equal(drafts?.size, note('draft').length);
          assert.deepEqual({ ...(await client.status('Drafts', STATUS)) }, { ...drafts });
        });

        it('are made, renamed with their children, subscribed and deleted, whatever their names', async () => {
          for (const name of ['Ärende & möten', '日本語', 'a "quoted" \\ name', 'plus+equals=', '😀']) {
            const made = await client.mailboxCreate([name, 'child', 'grandchild']);
            assert.deepEqual([made.path, made.created], [`${name}/child/grandchild`, true]);
            assert.equal((await client.mailboxCreate([name, 'child', 'grandchild'])).created, false);
            assert.equal(await client.mailboxUnsubscribe([name, 'child']), true);
            await client.append(`${name}/child/grandchild`, note('kept'));
            await client.mailboxRename([name, 'child'], [name, 'renamed']);
            const list = (await client.list()).filter(({ path }) => path.startsWith(name));
            assert.deepEqual(list.map(({ path }) => path).sort(), [
              name,
              `${name}/renamed`,
              `${name}/renamed/grandchild`,
            ]);
            assert.equal(await client.mailboxSubscribe([name, 'renamed']), true);
            const moved = await client.status([name, 'renamed', 'grandchild'], { messages: true });
            assert.equal(given(moved).messages, 1);
            for (const path of [[name, 'renamed', 'grandchild'], [name, 'renamed'], [name]]) {
              await client.mailboxDelete(path);
            }
          }
          await assert.rejects(client.mailboxDelete('nowhere'), { serverResponseCode: 'NONEXISTENT' });
          await assert.rejects(client.mailboxRename('nowhere', 'there'), {
            serverResponseCode: 'NONEXISTENT',
          });
          await assert.rejects(client.mailboxOpen('nowhere'), { mailboxMissing: true });
        });

        it('come as a tree', async () => {
          await client.mailboxCreate('Tree/Branch/Leaf');
          const tree = await client.listTree();
          const top = tree.folders?.find(({ name }) => name === 'Tree');
          assert.equal(top?.folders?.[0]?.folders?.[0]?.path, 'Tree/Branch/Leaf');
        });

        it('tell what can be done when they are opened', async () => {
          const opened = await client.mailboxOpen('INBOX');
          assert.ok(opened.permanentFlags?.has('\\*'));
          assert.ok(opened.uidValidity > 0n);
          assert.ok((opened.highestModseq ?? 0n) > 0n);
          assert.equal(opened.readOnly, false);
          const read = await client.mailboxOpen('INBOX', { readOnly: true });
          assert.equal(read.readOnly, true);
          assert.equal(await client.mailboxClose(), true);
        });
      });

      describe('messages', () => {
        // NUL has no place in an APPEND without BINARY, and nothing at all means that it is cancelled (RFC 3502 §6.3.11).
        const sources = [...letters(18), ...corpus().values()].filter(
          (bytes) => bytes.length > 0 && !bytes.includes(0),
        );
        before(async () => {
          await client.mailboxCreate('Reading');
          for (const [index, bytes] of sources.entries()) {
            const stored = await client.append(
              'Reading',
              bytes,
              index % 2 ? ['\\Seen'] : ['$Label', '\\Flagged'],
              DATE,
            );
            assert.ok(stored);
            assert.equal(stored.uid, index + 1);
          }
          await client.mailboxOpen('Reading');
        });
        beforeEach(async () => {
          if (client.mailbox && client.mailbox.path !== 'Reading') await client.mailboxOpen('Reading');
        });

        it('are fetched with every item at once, octet for octet', async () => {
          const found = await client.fetchAll('1:*', EVERYTHING);
          assert.equal(found.length, sources.length);
          for (const [index, message] of found.entries()) {
            const bytes = sources[index] as Buffer;
            assertOctets(message.source, bytes, `message ${index}`);
            assert.equal(message.size, bytes.length);
            assert.equal(message.uid, index + 1);
            assert.equal(message.seq, index + 1);
            assert.equal((message.internalDate as Date).toISOString(), DATE.toISOString());
            assert.equal(wordsOf(message.flags), index % 2 ? '\\Seen' : '$Label \\Flagged');
            assert.ok(message.envelope && message.bodyStructure && message.headers);
            assert.equal((message.modseq ?? 0n) > 0n, hasModseq);
            const header = message.headers ?? Buffer.alloc(0);
            const text = message.bodyParts?.get('text') ?? Buffer.alloc(0);
            assertOctets(Buffer.concat([header, text]), bytes, `header and text of message ${index}`);
          }
        });

        it('are fetched in ranges and by the shorthands', async () => {
          const bytes = sources[0] as Buffer;
          const range = await client.fetchOne('1', { source: { start: 10, maxLength: 25 } });
          assert.deepEqual(given(range).source, bytes.subarray(10, 35));
          const beyond = await client.fetchOne('1', { source: { start: bytes.length - 5, maxLength: 100 } });
          assert.deepEqual(given(beyond).source, bytes.subarray(-5));
          for (const shorthand of ['fast', 'all', 'full'] as const) {
            const message = given(await client.fetchOne('1', { [shorthand]: true }));
            assert.ok(message.flags && message.size === bytes.length, shorthand);
          }
          assert.equal(await client.fetchOne('4000', { uid: true }, { uid: true }), false);
          const last = await client.fetchOne('*', { uid: true });
          assert.equal(given(last).uid, sources.length);
        });

        it('give their headers, whole and by name', async () => {
          const headers = ['subject', 'x-none', 'message-id'];
          const message = given(await client.fetchOne('1', { headers }));
          const lines = given(message.headers)
            .toString('latin1')
            .split('\r\n')
            .filter((line) => line !== '');
          assert.deepEqual(
            lines.map((line) => line.split(':')[0]),
            ['Subject', 'Message-ID'],
          );
        });

        it('give their parts, decoded, with name and type', async () => {
          const uid = await findSubject(client, 'attachment 11');
          const { meta, content } = await client.download(String(uid), '2', { uid: true });
          assert.equal(meta?.filename, 'å.bin');
          assert.equal(meta?.contentType, 'application/octet-stream');
          assert.equal((await buffer(given(content))).toString(), 'attachment 11 '.repeat(60));
          const text = await client.download(String(uid), '1', { uid: true });
          assert.equal((await buffer(given(text.content))).toString(), 'Smörgåsbord');
          const many = await client.downloadMany(String(uid), ['1', '2'], { uid: true });
          assert.equal(many['2']?.content?.toString(), 'attachment 11 '.repeat(60));
          const parts = await client.fetchOne(String(uid), { bodyParts: ['2.mime', '1'] }, { uid: true });
          assert.match(
            String(given(parts).bodyParts?.get('2.mime')),
            /^Content-Type: application\/octet-stream/,
          );
        });

        it('download in chunks that fit together exactly', async () => {
          for (const size of [65_536 - 300, 200_000, 1_000_000]) {
            const bytes = largeLetter(size);
            const stored = await client.append('Reading', bytes);
            assert.ok(stored);
            for (const chunkSize of [65_536, 10_007]) {
              const { meta, content } = await client.download(String(stored.uid), undefined, {
                uid: true,
                chunkSize,
              });
              assert.equal(meta?.expectedSize, bytes.length);
              const whole = await buffer(given(content));
              assert.ok(whole.equals(bytes), `${size} octets in chunks of ${chunkSize}`);
            }
          }
        });
      });

      describe('searches', () => {
        before(async () => {
          await client.mailboxCreate('Searching');
          await client.append(
            'Searching',
            note('Grüße', 'ein Brief über Öl'),
            ['\\Seen'],
            new Date('2024-01-05T12:00:00Z'),
          );
          await client.append(
            'Searching',
            note('second', 'plain text'),
            ['$Work', '\\Flagged'],
            new Date('2024-02-05T12:00:00Z'),
          );
          await client.append(
            'Searching',
            largeLetter(5000),
            ['\\Answered', '\\Deleted'],
            new Date('2024-03-05T12:00:00Z'),
          );
        });

        it('find by flag, date, size, header, text, set and their combinations', async () => {
          await client.mailboxOpen('Searching');
          const table: [Parameters<ImapFlow['search']>[0], number[]][] = [
            [{ all: true }, [1, 2, 3]],
            [{ seen: true }, [1]],
            [{ seen: false }, [2, 3]],
            [{ flagged: true }, [2]],
            [{ answered: true, deleted: true }, [3]],
            [{ draft: true }, []],
            [{ keyword: '$Work' }, [2]],
            [{ unKeyword: '$Work' }, [1, 3]],
            [{ subject: 'grüße' }, [1]],
            [{ body: 'über öl' }, [1]],
            [{ text: 'PLAIN' }, [2]],
            [{ from: 'bob@', to: 'alice' }, [1, 2, 3]],
            [{ cc: 'alice' }, []],
            [{ header: { 'message-id': 'second' } }, [2]],
            [{ header: { subject: true } }, [1, 2, 3]],
            [{ larger: 4000 }, [3]],
            [{ smaller: 4000 }, [1, 2]],
            [{ since: '2024-02-01', before: '2024-03-01' }, [2]],
            [{ on: '2024-03-05' }, [3]],
            [{ seq: '2:*' }, [2, 3]],
            [{ uid: '1,3' }, [1, 3]],
            [{ not: { seen: true } }, [2, 3]],
            [{ or: [{ seen: true }, { flagged: true }, { answered: true }] }, [1, 2, 3]],
            ...(hasModseq ? MODSEQ_SEARCHES : []),
          ];
          for (const [query, expected] of table) {
            assert.deepEqual(await client.search(query, { uid: true }), expected, JSON.stringify(query));
          }
        });

        it('give only what is asked for', async () => {
          await client.mailboxOpen('Searching');
          const found = await client.search(
            { all: true },
            { uid: true, returnOptions: ['MIN', 'MAX', 'COUNT', 'ALL'] },
          );
          assert.ok(found && !Array.isArray(found));
          assert.deepEqual([found.min, found.max, found.count, found.all], [1, 3, 3, '1:3']);
        });
      });

      describe('changes', () => {
        before(async () => {
          await client.mailboxCreate('Changing');
          for (let number = 1; number <= 6; number++) await client.append('Changing', letter(number));
        });

        it('set, add and remove flags', async () => {
          await client.mailboxOpen('Changing');
          assert.equal(await client.messageFlagsSet('1:3', ['\\Seen', '$One'], { uid: true }), true);
          assert.equal(await client.messageFlagsAdd('2', ['\\Flagged'], { uid: true }), true);
          assert.equal(await client.messageFlagsRemove('3', ['\\Seen'], { uid: true, silent: true }), true);
          await client.setFlagColor('5', 'green', { uid: true });
          const found = await client.fetchAll('1:5', { flags: true }, { uid: true });
          assert.deepEqual(
            found.map(({ flags }) => wordsOf(flags)),
            ['$One \\Seen', '$One \\Flagged \\Seen', '$One', '', '$MailFlagBit0 $MailFlagBit1 \\Flagged'],
          );
        });

        if (hasModseq) {
          it('spare what was changed meanwhile, and ask only for that', async () => {
            const { highestModseq: modseq = 0n } = await client.mailboxOpen('Changing');
            await client.messageFlagsAdd('1,6', ['$Before'], { uid: true });
            await client.messageFlagsAdd('1:2,4', ['$After'], { uid: true, unchangedSince: modseq });
            const query = { uid: true, changedSince: modseq };
            const changed = await client.fetchAll('1:*', { flags: true }, query);
            assert.deepEqual(
              changed.map(({ uid, flags }) => `${uid} ${wordsOf(flags)}`),
              ['1 $Before $One \\Seen', '2 $After $One \\Flagged \\Seen', '4 $After', '6 $Before'],
            );
          });
        }

        it('copy, move and delete, and say where to', async () => {
          await client.mailboxOpen('Changing');
          const copied = await client.messageCopy('1:2', 'Archive', { uid: true });
          assert.ok(copied);
          assert.deepEqual(
            [...(copied.uidMap ?? [])],
            [
              [1, 1],
              [2, 2],
            ],
          );
          const moved = await client.messageMove('3,5', 'Archive', { uid: true });
          assert.ok(moved);
          assert.deepEqual(
            [...(moved.uidMap ?? [])],
            [
              [3, 3],
              [5, 4],
            ],
          );
          assert.equal(await client.messageDelete('4', { uid: true }), true);
          const left = await client.fetchAll('1:*', { uid: true });
          assert.deepEqual(
            left.map(({ uid }) => uid),
            [1, 2, 6],
          );
          assert.equal(given(client.mailbox).exists, 3);
          const archive = given(await client.status('Archive', { messages: true, uidNext: true }));
          assert.deepEqual([archive.messages, archive.uidNext], [4, 5]);
          // imapflow gives false for a refusal and keeps the connection.
          assert.equal(await client.messageCopy('1', 'nowhere', { uid: true }), false);
          await client.noop();
        });
      });
    });
  }

  it('reads the quota, and is told before it is over it', async () => {
    const carol = { address: 'carol@example.com', password: 'secret' };
    await home.addAccount(carol, '--quota', '20KiB');
    const other = await connectImapFlow(home.ports, { auth: { user: carol.address, pass: carol.password } });
    await other.append('INBOX', largeLetter(8000));
    const { usage = 0, limit } = given(given(await other.getQuota()).storage);
    assert.equal(limit, 20 * 1024);
    assert.ok(usage >= 8000 && usage < 10_000, `${usage}`);
    await assert.rejects(other.append('INBOX', largeLetter(20_000)), { serverResponseCode: 'OVERQUOTA' });
    await other.logout();
  });
});

const DATE = new Date('2023-04-05T06:07:08Z');
const STATUS = {
  messages: true,
  uidNext: true,
  uidValidity: true,
  unseen: true,
  highestModseq: true,
  size: true,
} as const;
const EVERYTHING = {
  uid: true,
  flags: true,
  bodyStructure: true,
  envelope: true,
  internalDate: true,
  size: true,
  source: true,
  headers: true,
  bodyParts: ['text', '1'],
};

/** Without `\Recent`, which IMAP4rev2 no longer has. */
function wordsOf(flags: ReadonlySet<string> = new Set()): string {
  return [...flags]
    .filter((flag) => flag !== '\\Recent')
    .sort()
    .join(' ');
}

async function findSubject(client: ImapFlow, subject: string): Promise<number> {
  const found = await client.search({ subject }, { uid: true });
  assert.ok(Array.isArray(found) && found.length === 1, subject);
  return found[0] as number;
}

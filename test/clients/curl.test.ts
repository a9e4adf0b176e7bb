/** curl's imap:// and imaps:// URLs: what scripts and monitoring do with it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ALICE, Home } from './home.ts';
import { largeLetter, note } from './letters.ts';
import type { Mailboxes } from './mailboxes.ts';
import { assertOctets } from './octets.ts';
import { needs, type Outcome, type RunOptions, run, succeed } from './program.ts';

describe('curl', needs('curl'), () => {
  let home: Home;
  let server: Mailboxes;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-curl-'));
    home = await Home.open();
    server = await home.mailboxes();
    await server.create('Gr&APwA3w-e aus/M &- N');
    await server.append('INBOX', [note('first'), MULTIPART, note('third')]);
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await home.close();
  });

  const url = (path: string, scheme: 'imap' | 'imaps' = 'imaps'): string =>
    `${scheme}://127.0.0.1:${home.ports[scheme]}/${path}`;
  const curl = (args: readonly string[], options?: RunOptions): Promise<Outcome> =>
    succeed('curl', [...ARGS, ...args], options);
  const text = async (args: readonly string[]): Promise<string> =>
    (await curl(args)).stdout.toString('latin1');

  it('lists mailboxes, with TLS, with STARTTLS and in the clear on loopback', async () => {
    for (const args of [[url('')], ['--ssl-reqd', url('', 'imap')], [url('', 'imap')]]) {
      const listed = await text(args);
      assert.match(listed, /^\* LIST \([^)]*\) "\/" "?INBOX"?\r$/m);
      assert.match(listed, /^\* LIST \([^)]*\\Sent[^)]*\) "\/" "?Sent"?\r$/m);
      assert.match(listed, /"Gr&APwA3w-e aus\/M &- N"\r$/m);
    }
  });

  it('signs in by every mechanism, with and without an initial response', async () => {
    for (const mechanism of ['AUTH=PLAIN', 'AUTH=LOGIN']) {
      for (const more of [[], ['--sasl-ir']]) {
        assert.match(await text(['--login-options', mechanism, ...more, url('')]), /INBOX/, mechanism);
      }
    }
    const wrong = await run('curl', ['-s', '-k', '-u', `${ALICE.address}:wrong`, url('')]);
    assert.equal(wrong.code, 67, 'curl: login denied');
  });

  it('reads a message, its parts and ranges of it, octet for octet', async () => {
    assert.deepEqual((await curl([url('INBOX;UID=1')])).stdout, note('first'));
    assert.deepEqual((await curl([url('INBOX;MAILINDEX=3')])).stdout, note('third'));
    assert.equal(await text([url('INBOX;UID=2;SECTION=1')]), 'one');
    assert.equal(await text([url('INBOX;UID=2;SECTION=2.MIME')]), 'Content-Type: text/html\r\n\r\n');
    const fields = await text([url('INBOX;UID=2;SECTION=HEADER.FIELDS%20(SUBJECT)')]);
    assert.equal(fields, 'Subject: parts\r\n\r\n');
    assert.equal(await text([url('INBOX;UID=1;PARTIAL=6.3')]), 'Bob');
    const missing = await run('curl', [...ARGS, url('INBOX;UID=99')]);
    assert.equal(missing.code, 78, 'curl: the remote file does not exist');
  });

  it('marks as read what it reads, because it does not peek', async () => {
    await server.append('Archive', [note('unread'), note('also unread')]);
    await curl([url('Archive;UID=2')]);
    assert.deepEqual(
      (await server.read('Archive')).map(({ flags }) => flags),
      [[], ['\\Seen']],
    );
  });

  it('insists on a UIDVALIDITY', async () => {
    const [, validity] =
      /UIDVALIDITY (\d+)/.exec((await server.client.ok('STATUS INBOX (UIDVALIDITY)')).untagged.join()) ?? [];
    assert.deepEqual((await curl([url(`INBOX;UIDVALIDITY=${validity};UID=1`)])).stdout, note('first'));
    const other = await run('curl', [...ARGS, url(`INBOX;UIDVALIDITY=${Number(validity) + 1};UID=1`)]);
    assert.equal(other.code, 78);
  });

  it('stores a message', async () => {
    for (const [index, bytes] of [note('uploaded'), largeLetter(300_000)].entries()) {
      const path = join(folder, 'message.eml');
      await writeFile(path, bytes);
      await curl(['-T', path, url('Drafts')]);
      const stored = (await server.read('Drafts'))[index];
      assertOctets(stored?.bytes, bytes, 'what was uploaded');
      assert.deepEqual(stored?.flags, ['\\Seen']);
    }
  });

  it('searches', async () => {
    assert.equal(await text([url('INBOX?SUBJECT%20third')]), '* SEARCH 3\r\n');
    assert.equal(await text([url('INBOX?NOT%20SUBJECT%20third')]), '* SEARCH 1 2\r\n');
    assert.equal(await text([url('INBOX?FROM%20nobody')]), '* SEARCH\r\n');
  });

  it("runs commands of one's own", async () => {
    assert.match(
      await text(['-X', 'STATUS Sent (MESSAGES UIDNEXT)', url('')]),
      /^\* STATUS "?Sent"? \(MESSAGES 0 UIDNEXT 1\)\r\n$/,
    );
    assert.equal(
      await text(['-X', 'FETCH 1:2 (UID)', url('INBOX')]),
      '* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)\r\n',
    );
    await text(['-X', 'STORE 3 +Flags \\Deleted', url('INBOX')]);
    assert.match(await text(['-X', 'EXPUNGE', url('INBOX')]), /^\* 3 EXPUNGE\r$/m);
    await curl(['-X', 'CREATE "by curl"', url('')]);
    assert.ok((await server.names()).includes('by curl'));
    assert.match(await text(['-X', 'EXAMINE INBOX', url('')]), /^\* 2 EXISTS\r$/m);
    assert.match(await text(['-X', 'NOOP', url('INBOX')]), /^$/);
  });

  it('keeps one connection for many URLs', async () => {
    const urls = Array.from({ length: 20 }, () => ['-o', '/dev/null', url('INBOX;UID=1')]).flat();
    const { stdout } = await curl(['-w', '%{num_connects}\n', ...urls]);
    const connects = stdout.toString().trim().split('\n').map(Number);
    assert.equal(
      connects.reduce((sum, count) => sum + count, 0),
      1,
    );
  });
});

const ARGS = ['-s', '-S', '-k', '-u', `${ALICE.address}:${ALICE.password}`];
const MULTIPART = Buffer.from(
  [
    'From: Bob <bob@example.org>',
    'Subject: parts',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary=x',
    '',
    '--x',
    '',
    'one',
    '--x',
    'Content-Type: text/html',
    '',
    'two',
    '--x--',
    '',
  ].join('\r\n'),
);

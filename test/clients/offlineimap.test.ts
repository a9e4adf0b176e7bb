/**
 * offlineimap keeps a Maildir and an account alike, both ways: messages, flags, deletions and mailboxes; over TLS and in clear. Not over
 * STARTTLS: once in fifty times two of its threads (imaplib2 3.05) wait for each other when the handshake has ended.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fingerprintOf } from './certificate.ts';
import { ALICE, Home } from './home.ts';
import { letters, note } from './letters.ts';
import type { Mailboxes } from './mailboxes.ts';
import { Maildir } from './maildir.ts';
import { needs, succeed } from './program.ts';

const WAYS = ['TLS', 'no TLS'] as const;
const LETTERS: Readonly<Record<string, string>> = {
  '\\Draft': 'D',
  '\\Flagged': 'F',
  '\\Answered': 'R',
  '\\Seen': 'S',
};

describe('offlineimap', needs('offlineimap'), () => {
  let home: Home;
  let server: Mailboxes;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-offlineimap-'));
    home = await Home.open();
    server = await home.mailboxes();
    for (const name of ['Work', 'Work/2024', 'Gr&APwA3w-e']) await server.create(name);
    await server.append('INBOX', letters(60), (index) => (index % 3 === 0 ? '\\Seen \\Flagged' : ''));
    await server.append('Work/2024', letters(12, 1000), () => '\\Answered');
  });
  after(async () => {
    await home.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A Maildir and what it takes to make it like the account. */
  async function configure(way: (typeof WAYS)[number]): Promise<{ maildir: Maildir; sync(): Promise<void> }> {
    const own = await mkdtemp(join(folder, 'x-'));
    const { imap, imaps } = home.ports;
    await writeFile(
      join(own, 'rc'),
      `[general]
accounts = a
metadata = ${own}/metadata
[Account a]
localrepository = here
remoterepository = there
[Repository here]
type = Maildir
localfolders = ${own}/mail
[Repository there]
type = IMAP
remotehost = 127.0.0.1
remoteport = ${way === 'TLS' ? imaps : imap}
remoteuser = ${ALICE.address}
remotepass = ${ALICE.password}
ssl = ${way === 'TLS' ? 'yes' : 'no'}
starttls = no
${way === 'no TLS' ? '' : `cert_fingerprint = ${await fingerprintOf(imaps)}`}
`,
    );
    const maildir = new Maildir(join(own, 'mail'));
    return {
      maildir,
      async sync() {
        await succeed('offlineimap', ['-c', join(own, 'rc'), '-o', '-u', 'basic'], { env: { HOME: own } });
      },
    };
  }

  async function assertSame(maildir: Maildir): Promise<void> {
    const names = await server.names();
    assert.deepEqual(
      maildir.folders().map((name) => name.replaceAll('.', '/')),
      names,
    );
    for (const name of names) {
      const there = (await server.read(name)).map(({ bytes, flags }) => `${lettersOf(flags)} ${idOf(bytes)}`);
      const here = maildir
        .messages(name.replaceAll('/', '.'))
        .map(({ bytes, flags }) => `${flags} ${idOf(bytes)}`);
      here.sort();
      assert.equal(here.length, there.length, name);
      for (const [index, text] of there.sort().entries()) assert.equal(here[index], text, name);
    }
  }

  for (const way of WAYS)
    it(`takes all over ${way}`, async () => {
      const { maildir, sync } = await configure(way);
      await sync();
      await assertSame(maildir);
    });

  it('carries changes both ways, and is then at rest', async () => {
    const { maildir, sync } = await configure('TLS');
    await sync();
    const [first, second] = maildir.messages('INBOX').sort((a, b) => a.path.localeCompare(b.path));
    assert.ok(first && second);
    maildir.setFlags(first, 'FRS');
    maildir.remove(second);
    maildir.add('INBOX', note('written here'), 'S');
    const [uid] = await server.append('INBOX', [note('written there')]);
    await server.inside('INBOX', `UID STORE ${uid} +FLAGS (\\Answered)`);
    await server.create('New');
    await server.append('New', letters(3, 2000));
    await sync();
    await assertSame(maildir);
    const states = await server.states();
    await sync();
    assert.deepEqual(await server.states(), states);
  });
});

/** Which one it is: offlineimap may write a message anew, ends what does not end and puts a field of its own into what it stores. */
function idOf(bytes: Buffer): string {
  return /^Message-ID: <([^>]+)>/im.exec(bytes.toString('latin1'))?.[1] ?? 'none';
}

function lettersOf(flags: readonly string[]): string {
  return flags
    .map((flag) => LETTERS[flag] ?? '')
    .sort()
    .join('');
}

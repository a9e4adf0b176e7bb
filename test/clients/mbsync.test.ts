/**
 * mbsync keeps a Maildir and an account alike, both ways: messages, flags, deletions and mailboxes. What it leaves is
 * looked at from both ends, in the files and by our own client.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Home, type Person } from './home.ts';
import { letter, letters, note } from './letters.ts';
import type { Mailboxes } from './mailboxes.ts';
import { asSynced, type Maildir } from './maildir.ts';
import { Mbsync, type MbsyncOptions } from './mbsync.ts';
import { needs } from './program.ts';

/** As they are on the wire and on disk: mbsync keeps modified UTF-7. */
const NAMES = [
  'Work/Projects/2024/Deep',
  'Gr&APwA3w-e',
  'R&-D',
  'with "quotes" in it',
  'with spaces  two',
  '&ZeVnLIqe-/&MMYwuTDI-',
  'back\\slash',
  '~tilde',
  "it's [odd] {really}",
];

const FLAGS = [
  '',
  '\\Seen',
  '\\Flagged',
  '\\Seen \\Answered',
  '\\Draft',
  '\\Seen $Forwarded',
  '\\Seen MyKeyword',
];
/** Of Maildir; keywords have none. */
const LETTERS: Readonly<Record<string, string>> = {
  '\\Draft': 'D',
  '\\Flagged': 'F',
  $Forwarded: 'P',
  '\\Answered': 'R',
  '\\Seen': 'S',
};

describe('mbsync', needs('mbsync'), () => {
  let home: Home;
  let server: Mailboxes;
  before(async () => {
    home = await Home.open();
    server = await home.mailboxes();
    for (const name of NAMES) await server.create(name);
    await server.append('INBOX', letters(1000), (index) => FLAGS[index % FLAGS.length] as string);
    for (const [index, name] of NAMES.entries()) await server.append(name, letters(12, 2000 + 12 * index));
  });
  after(() => home.close());

  const ways: readonly Omit<MbsyncOptions, 'ports'>[] = [
    { security: 'IMAPS' },
    { security: 'STARTTLS' },
    { security: 'IMAPS', pipelineDepth: 1 },
  ];
  for (const way of ways) {
    it(`takes a whole account and changes nothing the second time: ${JSON.stringify(way)}`, async () => {
      await using mbsync = await Mbsync.configure({ ports: home.ports, ...way });
      await mbsync.sync();
      await assertSame(server, mbsync.maildir);
      await assertSettled(server, mbsync);
    });
  }

  it('carries new mail, flags and deletions both ways at once', async () => {
    await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'IMAPS' });
    await mbsync.sync();
    const expected = flagsById(await server.read('INBOX'));
    await changeServer(server, expected);
    changeFiles(mbsync.maildir, expected);
    await mbsync.sync();
    assert.deepEqual(flagsById(await server.read('INBOX')), expected);
    await assertSame(server, mbsync.maildir);
    await assertSettled(server, mbsync);
  });

  it('makes and removes mailboxes both ways', async () => {
    await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'STARTTLS' });
    await server.create('Gone here');
    await server.create('Gone there');
    await mbsync.sync();
    mbsync.maildir.add('New here/R&AOk-sum&AOk-s/"x"', note('in a new Maildir'), 'S');
    mbsync.maildir.removeFolder('Gone here');
    await server.create('New there/R&AOk-sum&AOk-s');
    await server.append('New there/R&AOk-sum&AOk-s', [note('in a new mailbox')]);
    await server.client.ok('DELETE "Gone there"');
    await mbsync.sync();
    const names = await server.names();
    const touched = names.filter((name) => /^(New|Gone)/.test(name));
    const [here, there] = ['New here', 'New there'];
    assert.deepEqual(touched, [
      here,
      `${here}/R&AOk-sum&AOk-s`,
      `${here}/R&AOk-sum&AOk-s/"x"`,
      there,
      `${there}/R&AOk-sum&AOk-s`,
    ]);
    // Mailboxes above a new one, which the server made, are for the next run.
    await mbsync.sync();
    await assertSame(server, mbsync.maildir);
    assert.ok(!mbsync.maildir.folders().includes('Gone there'));
  });

  it('is killed in the middle of taking mail, again and again, and ends with every message once', async () => {
    await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'IMAPS' });
    let kills = 0;
    for (const goal of [100, 400, 700]) {
      const isKilled = await mbsync.syncAndKill(() => mbsync.maildir.count('INBOX') >= goal);
      kills += isKilled ? 1 : 0;
    }
    assert.ok(kills > 0, 'mbsync was never killed');
    await mbsync.sync();
    await assertSame(server, mbsync.maildir);
    await assertSettled(server, mbsync);
  });
});

describe('mbsync with an account of its own', needs('mbsync'), () => {
  let home: Home;
  before(async () => {
    home = await Home.open();
  });
  after(() => home.close());

  it('is killed in the middle of storing mail, and ends with every message once', async () => {
    const server = await home.mailboxes();
    await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'IMAPS' });
    for (const [index, bytes] of letters(600).entries())
      mbsync.maildir.add('Uploads', bytes, index % 2 ? 'S' : 'FS');
    let kills = 0;
    for (const goal of [100, 300]) {
      const isKilled = await mbsync.syncAndKill(async () => (await countOf(server, 'Uploads')) >= goal);
      kills += isKilled ? 1 : 0;
    }
    assert.ok(kills > 0, 'mbsync was never killed');
    await mbsync.sync();
    assert.equal(await server.count('Uploads'), 600);
    await assertSame(server, mbsync.maildir);
    await assertSettled(server, mbsync);
  });

  it('takes 10,000 messages that were imported from an mbox, octet for octet', async () => {
    const bob: Person = { address: 'bob@example.com', password: 'secret' };
    await home.addAccount(bob);
    await using mbsync = await Mbsync.configure({ ports: home.ports, security: 'IMAPS', person: bob });
    const sources = letters(10_000);
    const path = join(mbsync.maildir.root, '..', 'archive.mbox');
    await writeFile(path, mboxOf(sources));
    await home.cli(['import', 'mbox', path, '--account', bob.address, '--mailbox', 'INBOX']);
    await mbsync.sync();
    const expected = sources.map((bytes) => lineEnded(asSynced(bytes))).sort();
    const found = mbsync.maildir
      .messages('INBOX')
      .map(({ bytes }) => asSynced(bytes))
      .sort();
    assert.equal(found.length, expected.length);
    for (const [index, text] of found.entries()) assert.equal(text, expected[index]);
  });
});

/** The same mailboxes with the same messages and flags, each as often. */
async function assertSame(server: Mailboxes, maildir: Maildir): Promise<void> {
  const names = await server.names();
  assert.deepEqual(maildir.folders(), names);
  for (const name of names) {
    const there = (await server.read(name)).map(
      ({ bytes, flags }) => `${lettersOf(flags)} ${asSynced(bytes)}`,
    );
    const here = maildir.messages(name).map(({ bytes, flags }) => `${flags} ${asSynced(bytes)}`);
    assert.equal(here.length, there.length, name);
    here.sort();
    for (const [index, text] of there.sort().entries()) assert.equal(here[index], text, name);
  }
}

/** One more run moves nothing on either side. */
async function assertSettled(server: Mailboxes, mbsync: Mbsync): Promise<void> {
  const before = { files: listing(mbsync.maildir), states: await server.states() };
  await mbsync.sync();
  assert.deepEqual({ files: listing(mbsync.maildir), states: await server.states() }, before);
}

function listing(maildir: Maildir): string[] {
  return maildir.folders().flatMap((name) => maildir.messages(name).map(({ path }) => path));
}

type FlagsById = Map<string, string>;

function flagsById(
  messages: readonly { readonly bytes: Buffer; readonly flags: readonly string[] }[],
): FlagsById {
  return new Map(messages.map(({ bytes, flags }) => [idOf(bytes), lettersOf(flags)]));
}

function idOf(bytes: Buffer): string {
  return /^Message-ID: <([^>]+)>/m.exec(bytes.toString('latin1'))?.[1] ?? 'none';
}

function lettersOf(flags: readonly string[]): string {
  return flags
    .map((flag) => LETTERS[flag] ?? '')
    .sort()
    .join('');
}

/**
 * What a person does in a local mail program, noted in `expected`. The flags become these; one that only the server has is
 * kept, because nobody took it away.
 */
function changeFiles(maildir: Maildir, expected: FlagsById): void {
  const byId = new Map(maildir.messages('INBOX').map((message) => [idOf(message.bytes), message]));
  for (let number = 1; number <= 60; number++) {
    const id = `${number}@example.org`;
    const message = byId.get(id);
    assert.ok(message);
    const added = [...(expected.get(id) ?? '')].filter((flag) => !message.flags.includes(flag));
    if (number <= 20) {
      maildir.setFlags(message, 'FRS');
      expected.set(id, [...new Set(['F', 'R', 'S', ...added])].sort().join(''));
    } else if (number <= 40) {
      maildir.setFlags(message, '');
      expected.set(id, added.join(''));
    } else {
      maildir.remove(message);
      expected.delete(id);
    }
  }
  for (let number = 5000; number < 5030; number++) {
    maildir.add('INBOX', letter(number), 'S');
    expected.set(`${number}@example.org`, 'S');
  }
}

/** Meanwhile another device does this, partly to the same messages. */
async function changeServer(server: Mailboxes, expected: FlagsById): Promise<void> {
  const uids = new Map((await server.read('INBOX')).map(({ bytes, uid }) => [idOf(bytes), uid]));
  const uidsFrom = (first: number, last: number): string =>
    Array.from({ length: last - first + 1 }, (_, i) => uids.get(`${first + i}@example.org`)).join(',');
  await server.inside('INBOX', `UID STORE ${uidsFrom(11, 40)} +FLAGS.SILENT (\\Draft)`);
  for (let number = 11; number <= 40; number++) {
    const id = `${number}@example.org`;
    expected.set(id, [...new Set(`D${expected.get(id)}`)].sort().join(''));
  }
  await server.inside('INBOX', `UID STORE ${uidsFrom(100, 140)} +FLAGS.SILENT (\\Deleted)`);
  await server.inside('INBOX', `UID EXPUNGE ${uidsFrom(100, 140)}`);
  for (let number = 100; number <= 140; number++) expected.delete(`${number}@example.org`);
  await server.append('INBOX', letters(30, 6000), () => '\\Flagged');
  for (let number = 6000; number < 6030; number++) expected.set(`${number}@example.org`, 'F');
}

/** 0 when there is no such mailbox yet. */
async function countOf(server: Mailboxes, name: string): Promise<number> {
  return (await server.names()).includes(name) ? server.count(name) : 0;
}

/** With LF, `From ` lines quoted as mboxrd does. */
function mboxOf(messages: readonly Buffer[]): Buffer {
  return Buffer.from(
    messages
      .map((bytes) => {
        const body = lineEnded(asSynced(bytes)).replace(/^(>*From )/gm, '>$1');
        return `From bob@example.org Mon Jan  1 12:00:00 2024\n${body}\n`;
      })
      .join(''),
    'latin1',
  );
}

function lineEnded(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

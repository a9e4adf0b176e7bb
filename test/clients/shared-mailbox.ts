/**
 * Programs in a mailbox that somebody else shares: imapflow and mbsync of a guest, while its owner works in it, gives rights and takes
 * them. Whoever loses a right is told so in words, and neither he nor the owner loses mail.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { ImapFlow, ImapFlowOptions } from 'imapflow';
import type { Home, Person } from './home.ts';
import { ALICE } from './home.ts';
import { connectImapFlow, given } from './imapflow.ts';
import { letters, note } from './letters.ts';
import { type Mailboxes, quoted } from './mailboxes.ts';
import { asSynced, type LocalMessage } from './maildir.ts';
import { Mbsync } from './mbsync.ts';
import { needs } from './program.ts';

const BO: Person = { address: 'bo@example.com', password: 'secret' };
const TEAM = `Other Users/${ALICE.address}/Team`;
const WORK = 'lrswite';
const TOLD_MS = 5000;
/** At several workers people live in several parts of the data, and whoever shares is brought together first. */
const ONE_PART = {
  skip: process.env.BREVDUVA_TEST_WORKERS !== undefined && 'needs both in one part of the data',
};

export function sharedMailboxTests(home: () => Home): void {
  describe('a guest in a shared mailbox', ONE_PART, () => {
    let owner: Mailboxes;
    before(async () => {
      await home().addAccount(BO);
      owner = await home().mailboxes();
      await owner.create('Team');
    });
    const grant = (rights: string) => owner.client.ok(`SETACL Team ${BO.address} ${quoted(rights)}`);

    it('with imapflow in IDLE sees what the owner does, and is sent away in words when he may not any more', async () => {
      await grant(WORK);
      // It does not read the last words of a server through compression.
      const client = await asGuest(home(), { disableCompression: true });
      const heard: string[] = [];
      client.on('exists', ({ count }) => heard.push(`exists ${count}`));
      client.on('expunge', ({ seq }) => heard.push(`gone ${seq}`));
      client.on('flags', ({ seq, flags }) => heard.push(`${seq}: ${[...(flags ?? [])].sort().join(' ')}`));
      await client.mailboxOpen(TEAM);
      const opened = client.idle();
      await owner.append('Team', [note('news for the team'), note('more news')]);
      await heardIn(heard, 'exists 2');
      // What the owner has seen is his own.
      await owner.inside('Team', 'UID STORE 1 +FLAGS.SILENT (\\Seen \\Flagged)');
      await heardIn(heard, '1: \\Flagged');
      await owner.inside('Team', 'UID STORE 2 +FLAGS.SILENT (\\Deleted)');
      await owner.inside('Team', 'UID EXPUNGE 2');
      await heardIn(heard, 'gone 2');
      const closed = new Promise((resolve) => client.once('close', () => resolve(undefined)));
      await owner.client.ok(`DELETEACL Team ${BO.address}`);
      await closed;
      await opened.catch(() => {});
      assert.equal(Reflect.get(client, 'byeReason'), 'The mailbox is not shared with you any more');
      const again = await asGuest(home());
      await assert.rejects(again.mailboxOpen(TEAM), {
        mailboxMissing: true,
        serverResponseCode: 'NONEXISTENT',
      });
      assert.equal((await again.mailboxOpen('INBOX')).path, 'INBOX');
      await again.logout();
    });

    it('with imapflow does what he may, and nothing else', async () => {
      await grant('lrs');
      const client = await asGuest(home());
      const { exists, permanentFlags = new Set() } = await client.mailboxOpen(TEAM);
      assert.deepEqual([...permanentFlags], ['\\Seen']);
      assert.equal(await client.messageFlagsAdd('1', ['\\Seen']), true);
      assert.equal(given(await client.fetchOne('1', { flags: true })).flags?.has('\\Seen'), true);
      await assert.rejects(client.append(TEAM, note('not for the team')), { serverResponseCode: 'NOPERM' });
      assert.equal(await client.messageMove('1', 'INBOX').catch(() => false), false);
      assert.equal(((await client.status('INBOX', { messages: true })) || {}).messages, 0);
      await grant(WORK);
      // Rights count at once, in the mailbox that is open.
      assert.equal(given(await client.append(TEAM, note('for the team'))).destination, TEAM);
      await client.noop();
      assert.equal(given(await client.messageCopy(`${exists + 1}`, 'INBOX')).destination, 'INBOX');
      assert.equal(given(await client.messageMove(`${exists + 1}`, 'Archive')).destination, 'Archive');
      assert.equal(((await client.status('Archive', { messages: true })) || {}).messages, 1);
      assert.equal(await owner.count('Team'), exists);
      await client.logout();
    });

    describe('with mbsync', needs('mbsync'), () => {
      it('syncs both ways while the owner changes it, and loses nothing when rights are taken away and given back', async () => {
        await grant(WORK);
        await owner.append('Team', letters(60, 7000));
        const guest = await home().mailboxes(BO);
        await using mbsync = await Mbsync.configure({
          ...{ ports: home().ports, security: 'IMAPS', person: BO },
          patterns: quoted(TEAM),
        });
        await mbsync.sync();
        await assertSame(guest, mbsync);
        await changeBothSides(owner, mbsync);
        await mbsync.sync();
        await assertSame(guest, mbsync);
        await readOnlyForAWhile(owner, mbsync, grant);
        await assertSame(guest, mbsync);
        await awayInTheMiddle(owner, mbsync, grant);
        await assertSame(guest, mbsync);
        const seenByOwner = (await owner.read('Team')).filter(({ flags }) => flags.includes('\\Seen'));
        assert.deepEqual(
          seenByOwner.map(({ uid }) => uid),
          [1],
        );
      });
    });
  });
}

/** What the guest does in his files, and the owner meanwhile, partly to the same messages. */
async function changeBothSides(owner: Mailboxes, { maildir }: Mbsync): Promise<void> {
  const mine = byNumber(maildir.messages(TEAM));
  for (const n of range(7000, 7009)) maildir.setFlags(mine.get(n) as LocalMessage, 'S');
  for (const n of range(7010, 7014)) maildir.setFlags(mine.get(n) as LocalMessage, 'FRS');
  for (const n of range(7015, 7019)) maildir.remove(mine.get(n) as LocalMessage);
  for (const bytes of letters(5, 7100)) maildir.add(TEAM, bytes, 'S');
  const uids = new Map((await owner.read('Team')).map(({ bytes, uid }) => [numberOf(bytes), uid]));
  const set = (from: number, to: number) =>
    range(from, to)
      .map((n) => uids.get(n))
      .join(',');
  await owner.inside('Team', `UID STORE ${set(7005, 7012)} +FLAGS.SILENT (\\Answered)`);
  await owner.inside('Team', `UID STORE ${set(7018, 7024)} +FLAGS.SILENT (\\Deleted)`);
  await owner.inside('Team', `UID EXPUNGE ${set(7018, 7024)}`);
  await owner.append('Team', letters(5, 7200));
}

/** His changes are refused in words and wait. */
async function readOnlyForAWhile(
  owner: Mailboxes,
  mbsync: Mbsync,
  grant: (rights: string) => Promise<unknown>,
): Promise<void> {
  await grant('lr');
  const { maildir } = mbsync;
  const [before, files] = [await owner.count('Team'), maildir.count(TEAM)];
  maildir.add(TEAM, note('written while he may only read'));
  maildir.remove(maildir.messages(TEAM)[0] as LocalMessage);
  const { stderr } = await mbsync.run();
  assert.match(stderr, /STORE .*NO \[NOPERM\] You have no right to change any of these flags/);
  assert.match(stderr, /APPEND .*NO \[NOPERM\] You have no right to put mail into it/);
  assert.equal(await owner.count('Team'), before);
  assert.equal(maildir.count(TEAM), files);
  await grant(WORK);
  // It does not try again with what was refused once, which stays where it was written.
  const written = maildir.messages(TEAM).find(({ bytes }) => bytes.includes('while he may only read'));
  assert.ok(written);
  maildir.remove(written);
  maildir.add(TEAM, note('written while he may only read'));
  await mbsync.sync();
}

/** All rights go while it takes new mail, and come back. */
async function awayInTheMiddle(
  owner: Mailboxes,
  mbsync: Mbsync,
  grant: (rights: string) => Promise<unknown>,
): Promise<void> {
  const { maildir } = mbsync;
  await owner.append('Team', letters(600, 8000));
  const [before, files] = [await owner.count('Team'), maildir.count(TEAM)];
  const running = mbsync.run();
  while (maildir.count(TEAM) < files + 20) await new Promise((resolve) => setImmediate(resolve));
  await owner.client.ok(`DELETEACL Team ${BO.address}`);
  const { code, stderr } = await running;
  assert.notEqual(code, 0);
  assert.match(stderr, /read|BYE/);
  const again = await mbsync.run();
  assert.ok(maildir.count(TEAM) >= files + 20, `${again.code} ${again.stderr}`);
  assert.equal(await owner.count('Team'), before);
  await grant(WORK);
  await mbsync.sync();
}

async function assertSame(server: Mailboxes, { maildir }: Mbsync): Promise<void> {
  const there = (await server.read(TEAM)).map(
    ({ bytes, flags }) => `${flags.includes('\\Seen')} ${flags.includes('\\Flagged')} ${asSynced(bytes)}`,
  );
  const here = maildir
    .messages(TEAM)
    .map(({ bytes, flags }) => `${flags.includes('S')} ${flags.includes('F')} ${asSynced(bytes)}`);
  assert.equal(here.length, there.length);
  here.sort();
  for (const [index, text] of there.sort().entries()) assert.equal(here[index], text);
}

function asGuest({ ports }: Home, options: ImapFlowOptions = {}): Promise<ImapFlow> {
  return connectImapFlow(ports, { ...options, auth: { user: BO.address, pass: BO.password } });
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

const numberOf = (bytes: Buffer): number =>
  Number(/^Message-ID: <(\d+)@/m.exec(bytes.toString('latin1'))?.[1]);

function byNumber(messages: readonly LocalMessage[]): Map<number, LocalMessage> {
  return new Map(messages.map((message) => [numberOf(message.bytes), message]));
}

async function heardIn(heard: readonly string[], wanted: string): Promise<void> {
  const startMs = performance.now();
  while (!heard.includes(wanted)) {
    if (performance.now() - startMs > TOLD_MS) assert.fail(`not told: ${wanted}; but ${heard.join(', ')}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

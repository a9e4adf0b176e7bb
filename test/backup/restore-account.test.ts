/**
 * One account gets back from a backup what it has lost, at a running server of two processes: nothing that is there is touched or doubled, and
 * whoever is killed in the middle goes on.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '../imap-client.ts';
import { type CommandResult, spawnMain, startServer, type TestServer } from '../kit/server.ts';
import { append, letter, mailOf, PASSWORD, PEOPLE, seenBy } from './house.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-restore-account-'));
const [ANN, BOB] = PEOPLE;
const MANY = 300;
const TIMEOUT = { timeout: 240_000 };

let server: TestServer;
const set = join(root, 'set');

const restore = (...more: string[]): Promise<CommandResult> => server.cli(['restore', set, ...more]);
const signIn = (person: string): Promise<ImapClient> =>
  ImapClient.signIn(server.port('imap'), person, PASSWORD);

async function hashes(person: string): Promise<string[]> {
  const found: string[] = [];
  for (const { messages } of (await seenBy(server, person)).values())
    for (const { hash } of messages) found.push(hash);
  return found.sort();
}

before(async () => {
  server = await startServer({
    data: join(root, 'data'),
    workers: 2,
    config: { 'auth.plaintext': 'always', 'log.level': 'warn' },
  });
  for (const person of [ANN, BOB]) {
    await server.cli(['account', 'add', person, '--password-stdin'], `${PASSWORD}\n`);
    const client = await signIn(person);
    await client.ok('CREATE Work/Plans');
    for (const n of [1, 2, 3, 4])
      await append(
        client,
        'INBOX',
        letter(`i${n}`, n * 30_000),
        `(\\Flagged $Label${n}) "0${n}-Jan-2024 10:00:00 +0000" `,
      );
    for (const n of [1, 2]) await append(client, 'Work/Plans', letter(`p${n}`), '(\\Seen \\Deleted) ');
    client.close();
  }
  await server.cli(['compact']);
  const client = await signIn(ANN);
  for (const n of [5, 6]) await append(client, 'INBOX', letter(`i${n}`, 300_000 * (n - 5)));
  await append(client, 'Sent', letter('i5'));
  client.close();
  const { code, stderr } = await server.cli(['backup', set]);
  assert.equal(code, 0, stderr);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

describe('one account out of a backup', () => {
  it('has all again that it had, beside what it has', TIMEOUT, async () => {
    const then = await seenBy(server, ANN);
    const bobs = await hashes(BOB);
    const client = await signIn(ANN);
    await client.ok('SELECT INBOX');
    await client.ok('UID STORE 1,2,5,6 +FLAGS (\\Deleted)');
    await client.ok('UID EXPUNGE 1,2,5,6');
    await client.ok('UID MOVE 3 Archive');
    await client.ok('UID STORE 4 -FLAGS (\\Flagged)');
    await append(client, 'INBOX', letter('later'));
    await client.ok('UNSELECT');
    await client.ok('DELETE Work/Plans');
    const before = await seenBy(server, ANN);
    const dry = await restore('--account', ANN, '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /^snapshot \d{8}T\d{6}Z, made at .*: 9 messages, 6 are missing \(/m);
    assert.match(dry.stdout, /^ {2}INBOX +4 messages/m);
    assert.match(dry.stdout, /^ {2}Work\/Plans +2 messages .* a new mailbox$/m);
    assert.deepEqual(await seenBy(server, ANN), before);

    const done = await restore('--account', ANN.toUpperCase(), '--json');
    assert.equal(done.code, 0, done.stdout + done.stderr);
    const { messages, missing, found, problems } = JSON.parse(done.stdout);
    assert.deepEqual([messages, missing, found, problems], [6, 6, 9, []]);
    const now = await seenBy(server, ANN);
    const [was, is, between] = [then, now, before].map((seen) => seen.get('INBOX')?.messages ?? []);
    assert.deepEqual(is?.slice(0, between?.length), between, 'what is there is as it was');
    const lost = (was ?? []).filter(({ uid }) => [1, 2, 5, 6].includes(uid));
    assert.deepEqual(
      is?.slice(between?.length).map(({ uid: _, ...rest }) => rest),
      lost.map(({ uid: _, ...rest }) => rest),
    );
    assert.ok((is?.at(-1)?.uid ?? 0) >= (before.get('INBOX')?.uidNext ?? 0) + 3, 'under new UIDs');
    const plans = now.get('Work/Plans')?.messages ?? [];
    assert.deepEqual(
      plans.map(({ flags, hash }) => [flags, hash]),
      then.get('Work/Plans')?.messages.map(({ hash }) => ['\\Seen', hash]),
    );
    const again = await restore('--account', ANN);
    assert.match(again.stdout, /: 9 messages, none is missing$/m);
    assert.deepEqual(mailOf(await seenBy(server, ANN)), mailOf(now));
    assert.deepEqual(await hashes(BOB), bobs);
    const { stdout } = await server.cli(['check']);
    assert.match(stdout, /: no problems$/m);
    client.close();
  });

  it('comes into another account, or below one mailbox, or only some of it', TIMEOUT, async () => {
    await server.cli(['account', 'add', 'new@example.com', '--password-stdin'], `${PASSWORD}\n`);
    const some = await restore('--account', ANN, '--as', 'new@example.com', '--mailbox', 'Work/Plans');
    assert.match(some.stdout, /^2 messages came back$/m, some.stderr);
    const rest = await restore('--account', ANN, '--as', 'new@example.com', '--into', 'Old');
    assert.match(rest.stdout, /^7 messages came back$/m, rest.stderr);
    const seen = await seenBy(server, 'new@example.com');
    assert.deepEqual(
      [...seen]
        .filter(([, { messages }]) => messages.length > 0)
        .map(([name]) => name)
        .sort(),
      ['Old', 'Old/Sent', 'Work/Plans'],
    );
    const had = new Set(await hashes(ANN));
    assert.ok((await hashes('new@example.com')).every((one) => had.has(one)));
    const nothing = await restore('--account', ANN, '--as', 'new@example.com');
    assert.match(nothing.stdout, /: 9 messages, none is missing$/m);
    const inbox = await restore('--account', ANN, '--mailbox', 'inbox');
    assert.match(inbox.stdout, /: 6 messages, none is missing$/m, inbox.stderr);
  });

  it('says what is wrong before anything is changed', TIMEOUT, async () => {
    for (const [args, words, code] of [
      [
        ['--account', 'nobody@example.com'],
        /there is no account nobody@example.com; make it with "account add", or/,
        2,
      ],
      [
        ['--account', 'nobody@example.com', '--as', BOB],
        /there was no account nobody@example.com in the snapshot/,
        2,
      ],
      [['--account', ANN, '--at', '2001-01-01'], /there is no snapshot of 2001-01-01 or before/, 2],
      [
        ['--account', ANN, '--mailbox', 'Nix'],
        /there is no mailbox Nix of ann@example.com in the snapshot \d{8}T\d{6}Z; there are .*Work\/Plans/,
        2,
      ],
      [
        [],
        /a server runs on the data folder \S+data; stop it first, .*--account ADDRESS, .*--data FOLDER/,
        2,
      ],
      [['--as', BOB], /--as goes with --account/, 2],
      [['--dry-run'], /--dry-run goes with --account/, 2],
    ] as const) {
      const done = await restore(...args);
      assert.equal(done.code, code, done.stderr);
      assert.match(done.stderr, words);
    }
    await server.cli(
      ['account', 'add', 'small@example.com', '--password-stdin', '--quota', '100KiB'],
      `${PASSWORD}\n`,
    );
    const full = await restore('--account', ANN, '--as', 'small@example.com');
    assert.equal(full.code, 1);
    assert.match(
      full.stderr,
      /no room in small@example.com: 9 messages of .* are missing, and 0 B of 100 KiB are used; .*nothing was changed/,
    );
    assert.deepEqual(await hashes('small@example.com'), []);
    await server.cli(['domain', 'add', 'example.org']);
    await server.cli(['account', 'add', 'one@example.org', '--password-stdin'], `${PASSWORD}\n`);
    const limited = await server.cli(['domain', 'quota', 'example.org', '--total-messages', '5']);
    assert.equal(limited.code, 0, limited.stderr);
    const shared = await restore('--account', ANN, '--as', 'one@example.org');
    assert.equal(shared.code, 1);
    assert.match(
      shared.stderr,
      /no room in the domain example.org: 9 messages .*, and there are 0 of 5 messages; .*"domain quota --total".*nothing was changed/,
    );
    assert.deepEqual(await hashes('one@example.org'), []);
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith(`brevduva-restore-${process.pid}-`)),
      [],
    );
  });

  it('is not made inside the data folder, by whatever way', TIMEOUT, async () => {
    const link = join(root, 'link');
    symlinkSync(server.data, link);
    const inside = join(server.data, 'bk');
    for (const where of [inside, relative(process.cwd(), inside), join(link, 'deeper', 'bk'), server.data]) {
      const { code, stderr } = await server.cli(['backup', where]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, /is inside the data folder .*, and a backup in there is lost with it/);
    }
    assert.ok(!existsSync(inside));
  });

  it('goes on where it was killed', TIMEOUT, async () => {
    const client = await signIn(BOB);
    await client.ok('CREATE Many');
    const texts = Array.from({ length: MANY }, (_, n) => letter(`many${n}`, n % 10 === 0 ? 60_000 : 90));
    await client.ok(`APPEND Many${texts.map((text) => ` {${text.length}+}\r\n${text}`).join('')}`);
    assert.equal((await server.cli(['backup', set])).code, 0);
    const then = await hashes(BOB);
    await client.ok('DELETE Many');
    const exists = async (): Promise<number> => {
      const { untagged } = await client.command('STATUS Many (MESSAGES)');
      return Number(/MESSAGES (\d+)/.exec(untagged.join(''))?.[1] ?? 0);
    };
    const child = spawnMain(['restore', set, '--account', BOB, '--data', server.data]);
    const exited = once(child, 'exit');
    while ((await exists()) === 0 && child.exitCode === null) await sleep(2);
    child.kill('SIGKILL');
    await exited;
    const half = await exists();
    assert.ok(half > 0, `${half}`);
    const done = await restore('--account', BOB, '--json');
    assert.equal(done.code, 0, done.stderr);
    assert.equal(JSON.parse(done.stdout).messages, MANY - half);
    assert.deepEqual(await hashes(BOB), then);
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith(`brevduva-restore-${child.pid}-`)),
      [],
    );
    client.close();
  });
});

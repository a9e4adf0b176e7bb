/**
 * Damaged files: bits that flipped, pages that are gone, files that were cut or deleted. `check` names every message that
 * is hit, the server starts, whatever is left stays readable, and a repair takes nothing away that could be read.
 *
 * BREVDUVA_TEST_DAMAGES sets the number of random damages, BREVDUVA_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { StoreError } from '../../src/mailbox/port/store.ts';
import { type CheckProblem, checkMail } from '../../src/mailbox/upkeep/check.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { ImapClient } from '../imap-client.ts';
import { openTestDomain } from '../kit/domain.ts';
import { startTestImap } from '../kit/imap.ts';
import { runCommand, startServer } from '../kit/server.ts';
import { addAccounts, PASSWORD } from './data-folder.ts';
import { hashOf, writeMail } from './mail.ts';
import { Random, seedOf } from './random.ts';

const DAMAGES = Number(process.env.BREVDUVA_TEST_DAMAGES ?? 8);
const SEED = seedOf('BREVDUVA_TEST_SEED');
const ACCOUNTS = ['ann@example.com', 'bob@example.com'];
const MAILBOXES = ['INBOX', 'Archive'];
const SMALL_PER_MAILBOX = 40;
const LARGE_PER_MAILBOX = 3;
const META = join('shard-00', 'meta.db');
const SEGMENTS = join('shard-00', 'segments');
/** `ann@example.com INBOX 7`. */
type Place = string;

describe('damaged files', () => {
  let root = '';
  let sound = '';
  let originals: ReadonlyMap<Place, string> = new Map();

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'brevduva-damage-'));
    sound = join(root, 'sound');
    originals = await makeMail(sound);
    assert.deepEqual((await look(sound)).readable, originals);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  function damaged(name: string): string {
    const folder = join(root, name);
    cpSync(sound, folder, { recursive: true });
    return folder;
  }

  it('messages that are hit are named, the others are read', { timeout: 120_000 }, async () => {
    const data = damaged('named');
    flipIn(join(data, META), nameOf('ann@example.com', 'INBOX', 5));
    flipIn(join(data, META), nameOf('bob@example.com', 'Archive', 9));
    const hit = ['ann@example.com INBOX 5', 'bob@example.com Archive 9', ...damageSegments(data)];
    const { code, stdout } = await runCommand(['check', '--data', data]);
    assert.equal(code, 1);
    for (const place of hit) assert.ok(namesIn(stdout).has(place), `${place} in\n${stdout}`);
    assert.deepEqual(
      [...namesIn(stdout)].filter((place) => !hit.includes(place)),
      [],
      'no message is named that is whole',
    );
    const server = await startServer({ data, config: { 'log.level': 'error' } });
    try {
      const { readable } = await lookOver(server.port('imap'));
      assertKept(originals, readable, hit);
    } finally {
      assert.equal(await server.stop(), 0);
    }
    assert.doesNotMatch(server.log, /a bug|nobody foresaw|unhandled/i);
    const repaired = await runCommand(['check', '--repair', '--data', data]);
    assert.equal(repaired.code, 1, 'lost octets stay lost, and that is said');
    for (const place of hit) assert.ok(namesIn(repaired.stdout).has(place), place);
    assertKept(originals, (await look(data)).readable, hit);
  });

  it('a message that is lost cannot be copied, and nobody is sent away for it', {
    timeout: 60_000,
  }, async () => {
    const data = damaged('copied');
    const db = new Database(join(data, META));
    // The seventh email of the first account.
    db.exec('DELETE FROM email WHERE id = (SELECT id FROM email ORDER BY id LIMIT 1 OFFSET 6)');
    db.close();
    const imap = await startTestImap({ data, mayBeDamaged: true });
    try {
      const [client, other] = [
        await ImapClient.signIn(imap.port, 'ann@example.com', PASSWORD),
        await ImapClient.signIn(imap.port, 'ann@example.com', PASSWORD),
      ];
      for (const one of [client, other]) await one.ok('SELECT INBOX');
      for (const set of ['7', '1:*', '7']) {
        const { status, text } = await client.command(`UID COPY ${set} Archive`);
        assert.match(`${status} ${text}`, /^NO \[CORRUPTION\]/);
        await other.ok('NOOP');
      }
      await client.ok('UID COPY 1:6,8:10 Archive');
      await client.ok('UID MOVE 7 Archive');
      await other.ok('NOOP');
      for (const one of [client, other]) one.close();
    } finally {
      await imap.close();
    }
  });

  it('a cut or foreign accounts.db is refused in words, and not touched', { timeout: 120_000 }, async () => {
    for (const [name, damage] of [
      ['cut', (path: string) => truncateSync(path, 5000)],
      ['foreign', (path: string) => writeFileSync(path, Buffer.alloc(20_000, 'not a database'))],
    ] as const) {
      const data = damaged(`accounts-${name}`);
      const path = join(data, 'accounts.db');
      damage(path);
      const bytes = readFileSync(path);
      const { code, stdout, stderr } = await runCommand(['check', '--data', data]);
      assert.equal(code, 1, name);
      assert.match(stdout + stderr, /accounts\.db/);
      assert.doesNotMatch(stdout + stderr, /\n\s+at /, 'no stack');
      await assert.rejects(startServer({ data }), /accounts\.db|ended with 1/);
      assert.ok(readFileSync(path).equals(bytes), 'what may be saved from it is left as it is');
    }
  });

  it('a file that cannot be read is named with the reason, and the check goes on', {
    timeout: 120_000,
  }, async () => {
    const data = damaged('unreadable');
    const [file = ''] = readdirSync(join(data, SEGMENTS)).sort();
    const path = join(data, SEGMENTS, file);
    rmSync(path);
    mkdirSync(path); // a file without permission, to root as well
    const assertSaid = (output: string, code: number | null) => {
      assert.equal(code, 1);
      assert.match(output, new RegExp(`${file}: it is a folder`));
      assert.match(output, /^checked 2 accounts, .* remain$/m, 'it came to its end');
      assert.doesNotMatch(output, /connection to the server|server ended|the server failed/);
    };
    const offline = await runCommand(['check', '--data', data]);
    assertSaid(offline.stdout + offline.stderr, offline.code);
    const server = await startServer({ data, config: { 'log.level': 'error' } });
    try {
      const beside = await runCommand(['check', '--data', data]);
      assertSaid(beside.stdout + beside.stderr, beside.code);
    } finally {
      await server.stop();
    }
  });

  it('a database that is cut is said to be damaged, with what to do', { timeout: 60_000 }, async () => {
    const data = damaged('cut');
    const path = join(data, META);
    truncateSync(path, 3000);
    const { code, stderr } = await runCommand(['check', '--data', data]);
    assert.equal(code, 1);
    assert.match(stderr, /shard-00\/meta\.db is damaged/);
    assert.match(stderr, /backup, or let "brevduva check --repair" save what is readable/);
    assert.doesNotMatch(stderr, /disk image|PRAGMA|SELECT/);
  });

  it('mail whose place is lost comes back in "Recovered"', { timeout: 60_000 }, async () => {
    const data = damaged('recovered');
    const db = new Database(join(data, META));
    db.exec("DELETE FROM chunk WHERE mailbox = (SELECT min(id) FROM mailbox WHERE name = 'INBOX')");
    db.exec(
      "DELETE FROM mailbox WHERE name = 'Archive' AND id = (SELECT max(id) FROM mailbox WHERE name = 'Archive')",
    );
    db.close();
    await check(data, true);
    assert.deepEqual(await check(data, false), []);
    const hashes: string[] = [];
    const imap = await startTestImap({ data });
    try {
      for (const account of ACCOUNTS) {
        const client = await ImapClient.signIn(imap.port, account, PASSWORD);
        const { untagged } = await client.ok('LIST "" "Recovered*"');
        const name = /(?<="\/" )"?Recovered.*$/.exec(untagged[0] ?? '')?.[0];
        await client.ok(`SELECT ${name}`);
        hashes.push(...[...(await octetsOf(client)).values()].map(hashOf));
        client.close();
      }
    } finally {
      await imap.close();
    }
    const lost = [...originals].filter(([place]) => /^(ann\S+ INBOX|bob\S+ Archive) /.test(place));
    assert.deepEqual(hashes.sort(), lost.map(([, hash]) => hash).sort());
  });

  it(`${DAMAGES} random damages to the database (BREVDUVA_TEST_SEED=${SEED})`, {
    timeout: 240_000,
  }, async (t) => {
    const random = new Random(SEED);
    let refusals = 0;
    for (let n = 0; n < DAMAGES; n++) {
      const data = damaged(`random-${n}`);
      const what = damageAtRandom(join(data, META), random);
      const seen = await lookAfter(data, originals, what);
      if (seen === undefined) refusals++;
      rmSync(data, { recursive: true });
    }
    t.diagnostic(`${refusals} of ${DAMAGES} folders could not be opened at all`);
    assert.ok(refusals <= DAMAGES / 6, 'most damage leaves a store that opens');
  });

  it(`random damages to the segments`, { timeout: 120_000 }, async () => {
    const random = new Random(SEED + 1);
    for (let n = 0; n < 4; n++) {
      const data = damaged(`segment-${n}`);
      const path = join(data, SEGMENTS, random.pick(readdirSync(join(data, SEGMENTS))));
      const what = damageAtRandom(path, random);
      assert.ok(await lookAfter(data, originals, what), what);
      rmSync(data, { recursive: true });
    }
  });
});

/** Undefined when the store says that it cannot be opened. */
async function lookAfter(
  data: string,
  originals: ReadonlyMap<Place, string>,
  what: string,
): Promise<true | undefined> {
  let problems: readonly CheckProblem[];
  try {
    problems = await check(data, false);
  } catch (error) {
    assert.ok(error instanceof StoreError && error.code === 'damaged', `${what}: ${error}`);
    await check(data, true, true);
    const { readable } = await look(data);
    assert.ok(readable.size > originals.size / 2, `${what}: most of it is saved`);
    return undefined;
  }
  const before = await look(data);
  for (const [place, hash] of originals) {
    if (before.readable.get(place) === hash) continue;
    assert.ok(
      isReported(problems, place),
      `${what}: ${place} is hit and ${JSON.stringify(problems)} does not say so`,
    );
  }
  // Beside a server, and without one.
  for (const mends of [false, true]) {
    await check(data, true, mends);
    const afterwards = await look(data);
    for (const [place, hash] of before.readable) {
      if (originals.get(place) !== hash) continue;
      assert.equal(afterwards.readable.get(place), hash, `${what}: the repair took ${place} away`);
    }
  }
  const left = (await check(data, false)).filter((problem) => problem.account === undefined);
  assert.deepEqual(left, [], `${what}: what belongs to the store is mended`);
  return true;
}

/** The message itself, or the mailbox or account that it cannot be found in any more. */
function isReported(problems: readonly CheckProblem[], place: Place): boolean {
  const [account, mailbox, uid] = place.split(' ');
  return problems.some((problem) => {
    if (problem.account === undefined) return /cannot be read|check stopped|malformed/.test(problem.what);
    if (problem.account !== account) return false;
    if (problem.mailbox === undefined) return true;
    return problem.mailbox === mailbox && (problem.uid === undefined || problem.uid === Number(uid));
  });
}

async function check(data: string, repair: boolean, mends = false): Promise<CheckProblem[]> {
  const kit = await openTestDomain({ data, mayBeDamaged: true, mends });
  try {
    const problems: CheckProblem[] = [];
    for await (const event of checkMail(kit.domain, { repair }))
      if (event.kind === 'problem') problems.push(event);
    return problems;
  } finally {
    await kit.close();
  }
}

interface Seen {
  /** Hash of the octets of every message that is listed. */
  readonly readable: ReadonlyMap<Place, string>;
}

async function look(data: string): Promise<Seen> {
  const imap = await startTestImap({ data, mayBeDamaged: true });
  try {
    return await lookOver(imap.port);
  } finally {
    await imap.close();
  }
}

/** Reads everything as a client does that downloads it all. An answer may be a refusal, but it has to be an answer. */
async function lookOver(port: number): Promise<Seen> {
  const readable = new Map<Place, string>();
  for (const account of ACCOUNTS) {
    const client = await ImapClient.connect(port);
    await client.greeting();
    const signedIn = await client.command(`LOGIN ${account} ${PASSWORD}`);
    for (const mailbox of signedIn.status === 'OK' ? MAILBOXES : []) {
      const opened = await client.command(`EXAMINE ${mailbox}`);
      if (opened.status !== 'OK') continue;
      const fetched = await client.command('UID FETCH 1:* (FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)');
      assert.notEqual(fetched.status, 'BAD');
      for (const [uid, octets] of await octetsOf(client))
        readable.set(`${account} ${mailbox} ${uid}`, hashOf(octets));
    }
    client.close();
  }
  return { readable };
}

async function octetsOf(client: ImapClient): Promise<Map<number, Buffer>> {
  const octets = new Map<number, Buffer>();
  const { status, untagged } = await client.command('UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])');
  assert.notEqual(status, 'BAD');
  for (const line of untagged) {
    const [head, uid, size, length] =
      /^\d+ FETCH \(UID (\d+) RFC822\.SIZE (\d+) BODY\[\] \{(\d+)\}\r\n/.exec(line) ?? [];
    if (head === undefined) continue;
    assert.equal(length, size, `UID ${uid} has as many octets as it says`);
    octets.set(Number(uid), Buffer.from(line.slice(head.length, head.length + Number(length)), 'latin1'));
  }
  return octets;
}

function assertKept(
  originals: ReadonlyMap<Place, string>,
  readable: ReadonlyMap<Place, string>,
  hit: readonly Place[],
): void {
  for (const [place, hash] of originals) {
    assert.ok(readable.has(place), `${place} is listed and answered`);
    if (!hit.includes(place)) assert.equal(readable.get(place), hash, `${place} is as it was`);
  }
}

/** Lines of `check`: `problem: ann@example.com, INBOX, UID 5: ...`. */
function namesIn(output: string): Set<Place> {
  const names = output.matchAll(/^(?:problem|repaired): (\S+), (.+), UID (\d+): /gm);
  return new Set([...names].map(([, account, mailbox, uid]) => `${account} ${mailbox} ${uid}`));
}

function nameOf(account: string, mailbox: string, uid: number): string {
  return `${account.split('@')[0]}-${mailbox}-${uid}`;
}

/** Two large messages are hit: one has a flipped bit, the segment of another is cut in it. */
function damageSegments(data: string): Place[] {
  const hit: Place[] = [];
  const name = nameOf('ann@example.com', 'Archive', SMALL_PER_MAILBOX + 1);
  for (const file of readdirSync(join(data, SEGMENTS))) {
    const path = join(data, SEGMENTS, file);
    const bytes = readFileSync(path);
    if (bytes.includes(`<${name}@`)) {
      flipIn(path, name);
      hit.push(`ann@example.com Archive ${SMALL_PER_MAILBOX + 1}`);
    }
    const last = nameOf('bob@example.com', 'INBOX', SMALL_PER_MAILBOX + LARGE_PER_MAILBOX);
    const at = bytes.indexOf(`<${last}@`);
    if (at < 0) continue;
    // Whatever lies behind it in the file is cut off with it.
    truncateSync(path, at + 1000);
    for (const [, local, mailbox, uid] of bytes
      .toString('latin1', at)
      .matchAll(/^Message-ID: <(\w+)-(\w+)-(\d+)@/gm)) {
      hit.push(`${local}@example.com ${mailbox} ${uid}`);
    }
    hit.push(`bob@example.com INBOX ${SMALL_PER_MAILBOX + LARGE_PER_MAILBOX}`);
  }
  assert.ok(hit.length >= 2);
  return [...new Set(hit)];
}

/** One bit in the middle of the message's text. */
function flipIn(path: string, name: string): void {
  const bytes = readFileSync(path);
  const at = bytes.indexOf(`${name} 7 The quick`);
  assert.ok(at > 0, `${name} is in ${path}`);
  const position = at + name.length + 10;
  bytes[position] = (bytes[position] as number) ^ 4;
  writeFileSync(path, bytes);
}

const PAGE_BYTES = 4096;

function damageAtRandom(path: string, random: Random): string {
  const bytes = readFileSync(path);
  const kind = random.pick(['bits', 'bits', 'page', 'cut'] as const);
  if (kind === 'cut') {
    const end = random.integer(Math.floor(bytes.length / 2), bytes.length - 1);
    truncateSync(path, end);
    return `${path} cut at ${end}`;
  }
  const places: number[] = [];
  if (kind === 'page') {
    const page = random.integer(1, Math.floor(bytes.length / PAGE_BYTES) - 1);
    const end = Math.min(bytes.length, (page + 1) * PAGE_BYTES);
    bytes.fill(random.pick([0, 0xff, 0x41]), page * PAGE_BYTES, end);
    places.push(page * PAGE_BYTES);
  } else {
    for (let n = random.integer(1, 8); n > 0; n--) {
      const at = random.integer(100, bytes.length - 1);
      bytes[at] = (bytes[at] as number) ^ (1 << random.integer(0, 7));
      places.push(at);
    }
  }
  writeFileSync(path, bytes);
  return `${kind} of ${path} at ${places}`;
}

/** Small messages first, then large ones; their names say where they are. */
async function makeMail(data: string): Promise<ReadonlyMap<Place, string>> {
  await addAccounts(data, ACCOUNTS);
  const imap = await startTestImap({ data });
  const originals = new Map<Place, string>();
  try {
    for (const address of ACCOUNTS) {
      (await ImapClient.signIn(imap.port, address, PASSWORD)).close();
      for (const mailbox of MAILBOXES) {
        for (let uid = 1; uid <= SMALL_PER_MAILBOX + LARGE_PER_MAILBOX; uid++) {
          const sizeBytes = uid <= SMALL_PER_MAILBOX ? 1500 + ((uid * 7919) % 6000) : 70_000 + uid * 100;
          const bytes = writeMail(nameOf(address, mailbox, uid), sizeBytes);
          assert.equal(await imap.addMessage(address, mailbox, { bytes }), uid);
          originals.set(`${address} ${mailbox} ${uid}`, hashOf(bytes));
        }
      }
    }
  } finally {
    await imap.close();
  }
  return originals;
}

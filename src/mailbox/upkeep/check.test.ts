/** Damage is made with SQLite on a closed store; the checker has to find it, name the message, and repair what it may. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { copyData } from '../../../test/kit/copy-data.ts';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import type { Domain } from '../domain.ts';
import { RECORD_BYTES } from '../model/record.ts';
import { appendMessages } from '../operations/append.ts';
import { copyMessages } from '../operations/copy.ts';
import { expungeMessages } from '../operations/expunge.ts';
import { changeFlags } from '../operations/flags.ts';
import { createMailbox } from '../operations/folders.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import { type CheckProblem, type CheckVerdict, checkMail } from './check.ts';

/** Filled once; every test damages a copy of it. */
let filled: string;
let data: string;

before(async () => {
  filled = mkdtempSync(join(tmpdir(), 'brevduva-check-'));
  await fill();
});
after(() => rmSync(filled, { recursive: true, force: true }));
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'brevduva-check-'));
  copyData(filled, data);
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

async function check(domain: Domain, repair = false) {
  const problems: CheckProblem[] = [];
  let verdict: CheckVerdict | undefined;
  for await (const event of checkMail(domain, { repair })) {
    if (event.kind === 'problem') problems.push(event);
    if (event.kind === 'verdict') verdict = event;
  }
  return { problems, verdict };
}

async function addMail(kit: TestDomain, mailbox: string, count: number, size = 10): Promise<void> {
  const record = await kit.store.directory.find('alice@example.com');
  assert.ok(record);
  const account = await kit.domain.accounts.open(record.id);
  const messages = [];
  for (let i = 0; i < count; i++) {
    const bytes = Buffer.from(`Subject: ${mailbox} ${i}\r\n\r\n${'x'.repeat(size)}\r\n`);
    const received = await receive(kit.store, [account.id], kit.domain.limits.messageBytes, bytes);
    messages.push({
      ...received,
      flags: i % 2,
      keywords: i % 3 === 0 ? ['Work'] : [],
      internalDate: 1000 + i,
    });
  }
  await appendMessages(kit.domain, account, mailboxOf(account, mailbox), messages);
}

/** INBOX with 300 messages of which some are copied, some expunged; a large one in Work/Deep. */
async function fill(): Promise<void> {
  const kit = await openTestDomain({ data: filled });
  const record = await kit.addAccount('alice@example.com', 'secret');
  const account = await kit.domain.accounts.open(record.id);
  await addMail(kit, 'INBOX', 300);
  const deep = await createMailbox(kit.domain, account, 'Work/Deep');
  await addMail(kit, 'Work/Deep', 1, 200_000);
  const inbox = mailboxOf(account, 'INBOX');
  await copyMessages(kit.domain, account, inbox, [1, 2, 3, 150], deep);
  await changeFlags(kit.domain, account, inbox, [10, 20], { mode: 'add', flags: 8, keywords: [] });
  await expungeMessages(kit.domain, account, inbox, { uids: [20] });
  const { problems, verdict } = await check(kit.domain);
  assert.deepEqual(problems, []);
  assert.equal(verdict?.messages, 304);
  await kit.close();
}

function damage(sql: string, file = 'shard-00/meta.db'): void {
  const db = new DatabaseSync(join(data, file));
  db.exec(sql);
  db.close();
}

const INBOX = "(SELECT id FROM mailbox WHERE name = 'INBOX')";

/** `chunk.records` with the octets from `at` on replaced, in the chunk of INBOX that begins with UID 1. */
function patch(at: number, hex: string): string {
  return `UPDATE chunk SET records = CAST(substr(records, 1, ${at}) || x'${hex}' || substr(records, ${at + hex.length / 2 + 1}) AS BLOB)
    WHERE mailbox = ${INBOX} AND first = 1`;
}

interface Row {
  readonly name: string;
  readonly sql: string;
  readonly finds: RegExp;
  readonly uid?: number;
  /** Nothing is left after a repair. */
  readonly isRepaired: boolean;
}

const ROWS: readonly Row[] = [
  {
    name: 'an annotation of a mailbox that is gone',
    sql: `INSERT INTO annotation (mailbox, name, value) VALUES (${INBOX} + 900, '/shared/comment', x'41')`,
    finds: /the annotation "\/shared\/comment" of mailbox \d+ is of none that is there/,
    isRepaired: true,
  },
  {
    name: 'an annotation that nobody can ask for',
    sql: `INSERT INTO annotation (mailbox, name, value) VALUES (${INBOX}, '/Shared/Comment', x'41')`,
    finds: /has a name that nobody can ask for/,
    isRepaired: true,
  },
  {
    name: 'a counter',
    sql: `UPDATE mailbox SET unseen = unseen + 3 WHERE id = ${INBOX}`,
    finds: /counter of unseen messages says \d+, there are \d+/,
    isRepaired: true,
  },
  {
    name: 'octets of a mailbox',
    sql: `UPDATE mailbox SET bytes = bytes + 1 WHERE id = ${INBOX}`,
    finds: /counter of octets/,
    isRepaired: true,
  },
  {
    name: 'usage',
    sql: 'UPDATE account SET used_bytes = used_bytes - 5',
    finds: /usage says/,
    isRepaired: true,
  },
  {
    name: 'UIDNEXT',
    sql: `UPDATE mailbox SET uidnext = 5 WHERE id = ${INBOX}`,
    finds: /UIDNEXT is 5/,
    isRepaired: true,
  },
  {
    name: 'the modseq of the account',
    sql: 'UPDATE account SET modseq = 2',
    finds: /modseq \d+ lies outside/,
    isRepaired: false,
  },
  {
    name: 'a role held twice',
    sql: "UPDATE mailbox SET role = 'sent' WHERE name = 'Work'",
    finds: /role sent belongs to "Sent" already/,
    isRepaired: true,
  },
  {
    name: 'a missing parent',
    sql: "DELETE FROM mailbox WHERE name = 'Work'",
    finds: /its parent "Work" is missing/,
    isRepaired: true,
  },
  {
    name: 'a name that is not canonical',
    sql: "UPDATE mailbox SET name = '/Junk' WHERE name = 'Junk'",
    finds: /not in canonical form/,
    isRepaired: false,
  },
  {
    name: 'references too many',
    sql: 'INSERT INTO extra_reference SELECT max(id), 2 FROM email',
    finds: /counts 3 references, 1 messages refer to it/,
    isRepaired: true,
  },
  {
    name: 'references too few',
    sql: 'DELETE FROM extra_reference',
    finds: /counts 1 references, 2 messages refer to it/,
    isRepaired: true,
  },
  {
    name: 'an email that is gone',
    sql: 'DELETE FROM email WHERE id IN (SELECT min(id) + 6 FROM email)',
    finds: /email 7 is gone/,
    uid: 7,
    isRepaired: false,
  },
  {
    name: 'a UID out of order',
    sql: patch(RECORD_BYTES * 4, '01000000'),
    finds: /the UID comes after 4/,
    uid: 1,
    isRepaired: false,
  },
  {
    name: 'a set of keywords that does not exist',
    sql: patch(RECORD_BYTES * 4 + 16, '0900'),
    finds: /set of keywords 9 does not exist/,
    uid: 5,
    isRepaired: true,
  },
  {
    name: 'a size that is wrong',
    sql: patch(RECORD_BYTES * 4 + 24, '01000000'),
    finds: /the list says 1 octets/,
    uid: 5,
    isRepaired: false,
  },
  {
    name: 'a lost chunk',
    sql: `DELETE FROM chunk WHERE mailbox = ${INBOX} AND first > 1 AND first < 200`,
    finds: /counter of messages says 299/,
    isRepaired: true,
  },
  {
    name: 'history',
    sql: "UPDATE expunged SET uids = x'0a000000'",
    finds: /history at modseq \d+: UID 10 is there as well/,
    isRepaired: false,
  },
  {
    name: 'an email in the history that never was',
    sql: "UPDATE expunged SET emails = x'ffff03'",
    finds: /history at modseq \d+: there never was an email 65535/,
    isRepaired: false,
  },
  {
    name: 'a flipped bit in a small message',
    sql: "UPDATE spool SET bytes = CAST(substr(bytes, 1, 5) || x'00' || substr(bytes, 7) AS BLOB) WHERE blob = (SELECT blob FROM email WHERE id IN (SELECT min(id) + 8 FROM email))",
    finds: /do not match their checksum|damaged/,
    uid: 9,
    isRepaired: false,
  },
];

describe('what the checker finds, and what it repairs', () => {
  for (const { name, sql, finds, uid, isRepaired } of ROWS) {
    test(name, async () => {
      damage(sql);
      const kit = await openTestDomain({ data });
      const { problems } = await check(kit.domain);
      const found = problems.find(({ what }) => finds.test(what));
      assert.ok(found, `not found in ${JSON.stringify(problems)}`);
      assert.equal(found.repaired, false);
      if (uid !== undefined) assert.deepEqual([found.account, found.uid], ['alice@example.com', uid]);
      const repair = await check(kit.domain, true);
      const after = await check(kit.domain);
      if (isRepaired) {
        assert.ok(repair.problems.some((one) => one.repaired));
        assert.deepEqual(
          after.problems.filter(({ what }) => finds.test(what)),
          [],
        );
      }
      await kit.store.close();
    });
  }
});

test('a flipped bit and a cut in a large message are named with it', async () => {
  const folder = join(data, 'shard-00', 'segments');
  const file = join(
    folder,
    readdirSync(folder).find((name) => statSync(join(folder, name)).size > 0) as string,
  );
  const bytes = readFileSync(file);
  for (const broken of [flipped(bytes), bytes.subarray(0, bytes.length - 1000)]) {
    writeFileSync(file, broken);
    const kit = await openTestDomain({ data });
    const { problems } = await check(kit.domain, true);
    const found = problems.find(({ mailbox, uid }) => mailbox === 'Work/Deep' && uid === 1);
    assert.ok(found, JSON.stringify(problems));
    assert.equal(found.repaired, false);
    await kit.store.close();
  }
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[100_000] = (copy[100_000] as number) ^ 1;
  return copy;
}

test('a working account raises no false alarm', async () => {
  const kit = await openTestDomain();
  const record = await kit.addAccount('alice@example.com', 'secret');
  const account = await kit.domain.accounts.open(record.id);
  await addMail(kit, 'INBOX', 500);
  let isWorking = true;
  const work = (async () => {
    const inbox = mailboxOf(account, 'INBOX');
    const sent = mailboxOf(account, 'Sent');
    for (let i = 1; isWorking; i++) {
      await addMail(kit, 'INBOX', 2);
      await copyMessages(kit.domain, account, inbox, [i, i + 100], sent);
      await changeFlags(kit.domain, account, inbox, [i % 400], {
        mode: 'add',
        flags: 1,
        keywords: [`k${i % 40}`],
      });
      await expungeMessages(kit.domain, account, inbox, { uids: [(i * 7) % 500] });
    }
  })();
  for (let n = 0; n < 8; n++) {
    const { problems } = await check(kit.domain);
    assert.deepEqual(problems, []);
  }
  isWorking = false;
  await work;
  await kit.close();
});

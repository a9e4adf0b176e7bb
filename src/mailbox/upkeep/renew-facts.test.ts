/** Facts of version 1 are made with SQLite on a closed store; the renewal has to bring everything to what delivery computes now. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it as test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { TRAIT } from '../../mail/traits.ts';
import { DERIVED_PARTS, type EmailFacts, FACTS_VERSION } from '../model/facts.ts';
import { RECORD_BYTES } from '../model/record.ts';
import { appendMessages } from '../operations/append.ts';
import { copyMessages, moveMessages } from '../operations/copy.ts';
import { deliver } from '../operations/deliver.ts';
import { receive } from '../operations/incoming.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { checkMail } from './check.ts';
import { renewFacts, startRenewal } from './renew-facts.ts';

const CORPUS = new URL('../../../test/corpus/', import.meta.url);
const ALL = ['envelope', 'bodyStructure', 'parts', ...DERIVED_PARTS] as const;

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'brevduva-renew-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

async function accountOf(kit: TestDomain): Promise<AccountState> {
  const record = await kit.store.directory.find('alice@example.com');
  assert.ok(record);
  return kit.domain.accounts.open(record.id);
}

async function factsOf(kit: TestDomain, account: AccountState): Promise<readonly (EmailFacts | undefined)[]> {
  const emails = await kit.store.listEmails(account.id, 0, 10_000);
  return kit.store.loadEmails(
    emails.map(({ id }) => id),
    ALL,
  );
}

async function traitsOf(kit: TestDomain, account: AccountState, name: string): Promise<number[]> {
  const list = await loadList(kit.domain, account, mailboxOf(account, name));
  return [...list.columns.traits.subarray(0, list.count)];
}

/** The corpus in INBOX, some of it copied, one with trace fields in front. */
async function fill(): Promise<{ facts: readonly (EmailFacts | undefined)[]; traits: readonly number[] }> {
  const kit = await openTestDomain({ data });
  await kit.addAccount('alice@example.com', 'secret');
  const account = await accountOf(kit);
  const inbox = mailboxOf(account, 'INBOX');
  for (const name of readdirSync(CORPUS).filter((file) => file.endsWith('.eml'))) {
    const received = await receive(kit.store, [account.id], 1e9, readFileSync(new URL(name, CORPUS)));
    await appendMessages(kit.domain, account, inbox, [
      { ...received, flags: 0, keywords: [], internalDate: undefined },
    ]);
  }
  const mail = Buffer.from('Subject: delivered\r\nContent-Type: application/pdf\r\n\r\nx\r\n');
  const received = await receive(kit.store, [account.id], 1e9, mail);
  await deliver(
    kit.domain,
    [{ account: account.id, address: 'alice@example.com' }],
    received,
    'bob@example.org',
  );
  await copyMessages(kit.domain, account, inbox, [1, 2, 3], mailboxOf(account, 'Archive'));
  const result = { facts: await factsOf(kit, account), traits: await traitsOf(kit, account, 'INBOX') };
  await kit.close();
  return result;
}

function toVersion1(): void {
  const db = new DatabaseSync(join(data, 'shard-00', 'meta.db'));
  db.exec('DELETE FROM derived; UPDATE account SET facts_version = 1');
  for (const { id, records } of db.prepare('SELECT id, records FROM chunk').all()) {
    const bytes = Buffer.from(records as Uint8Array);
    for (let at = 15; at < bytes.length; at += RECORD_BYTES)
      bytes[at] = (bytes[at] as number) & ~TRAIT.HasAttachment;
    db.prepare('UPDATE chunk SET records = ? WHERE id = ?').run(bytes, id as number);
  }
  db.close();
}

async function problems(kit: TestDomain, repair = false) {
  const found = [];
  for await (const event of checkMail(kit.domain, { repair }))
    if (event.kind === 'problem') found.push(event);
  return found;
}

describe('renewing facts', () => {
  test('mail of an older version becomes as if it were delivered now', async () => {
    const before = await fill();
    toVersion1();
    const kit = await openTestDomain({ data });
    const account = await accountOf(kit);
    assert.equal(account.factsVersion, 1);
    assert.deepEqual(await problems(kit), []);
    const old = await factsOf(kit, account);
    assert.ok(
      old.every((one) => one?.envelope !== undefined && one.version === undefined && one.sort === undefined),
    );
    const modseqs = [...account.mailboxes.values()].map(({ modseq }) => modseq);
    const renewal = startRenewal(kit.domain, 0);
    await renewal.done;
    assert.deepEqual(await factsOf(kit, account), before.facts);
    assert.deepEqual(await traitsOf(kit, account, 'INBOX'), before.traits);
    assert.equal(account.factsVersion, FACTS_VERSION);
    assert.deepEqual(
      [...account.mailboxes.values()].map(({ modseq }) => modseq),
      modseqs,
      'no client has anything to hear',
    );
    assert.deepEqual(await kit.store.loadAccountsBehind(FACTS_VERSION), []);
    await kit.close();
  });

  test('stopped at any moment it goes on where it was', async () => {
    const before = await fill();
    toVersion1();
    let renewed = 0;
    for (let limit = 1; ; limit += 11) {
      const kit = await openTestDomain({ data });
      const account = await accountOf(kit);
      let asked = 0;
      renewed += await renewFacts(kit.domain, account.id, () => ++asked > limit);
      const isDone = account.factsVersion === FACTS_VERSION;
      if (isDone) assert.deepEqual(await factsOf(kit, account), before.facts);
      if (isDone) assert.deepEqual(await traitsOf(kit, account, 'INBOX'), before.traits);
      await kit.close();
      if (isDone) break;
    }
    assert.equal(renewed, before.facts.length);
  });

  test('of an account that does not stay in memory for so long', async () => {
    const before = await fill();
    toVersion1();
    let nowMs = Date.now();
    const kit = await openTestDomain({ data, clock: { nowMs: () => nowMs } });
    const { id } = await accountOf(kit);
    let dropped = 0;
    await renewFacts(kit.domain, id, () => {
      nowMs += 30 * 60_000;
      kit.domain.accounts.sweep();
      if (kit.domain.accounts.peek(id) === undefined) dropped++;
      return false;
    });
    assert.ok(dropped > 0);
    const account = await accountOf(kit);
    assert.equal(account.factsVersion, FACTS_VERSION);
    assert.deepEqual(await traitsOf(kit, account, 'INBOX'), before.traits);
    await kit.close();
  });

  test('beside somebody who moves and receives mail', async () => {
    const { traits } = await fill();
    toVersion1();
    const kit = await openTestDomain({ data });
    const account = await accountOf(kit);
    const renewing = renewFacts(kit.domain, account.id);
    const [inbox, trash] = [mailboxOf(account, 'INBOX'), mailboxOf(account, 'Trash')];
    for (let uid = 1; uid <= traits.length; uid += 2) {
      await moveMessages(kit.domain, account, inbox, [uid], trash);
      const received = await receive(kit.store, [account.id], 1e9, Buffer.from(`Subject: ${uid}\r\n\r\n`));
      await appendMessages(kit.domain, account, inbox, [
        { ...received, flags: 0, keywords: [], internalDate: undefined },
      ]);
    }
    await renewing;
    const found = [...(await traitsOf(kit, account, 'INBOX')), ...(await traitsOf(kit, account, 'Trash'))];
    const clips = (all: readonly number[]) => all.filter((one) => (one & TRAIT.HasAttachment) !== 0).length;
    assert.equal(clips(found), clips(traits));
    await kit.close();
  });

  test('damaged facts are found by the checker and computed anew', async () => {
    const before = await fill();
    const db = new DatabaseSync(join(data, 'shard-00', 'meta.db'));
    const flipped = "CAST(substr(%, 1, 5) || x'00ff' || substr(%, 8) AS BLOB)".replaceAll('%', 'COLUMN');
    db.exec(`UPDATE derived SET record = ${flipped.replaceAll('COLUMN', 'record')} WHERE email % 7 = 1`);
    db.exec('DELETE FROM derived WHERE email % 7 = 2');
    db.exec(`UPDATE email SET facts = ${flipped.replaceAll('COLUMN', 'facts')} WHERE id % 7 = 3`);
    db.close();
    const kit = await openTestDomain({ data, mayBeDamaged: true });
    const account = await accountOf(kit);
    const found = await problems(kit);
    assert.ok(found.length > 10 && found.every(({ repaired, uid }) => !repaired && uid !== undefined));
    const repaired = await problems(kit, true);
    assert.deepEqual([repaired.length, repaired.every((one) => one.repaired)], [found.length, true]);
    assert.deepEqual(await problems(kit), []);
    assert.deepEqual(await factsOf(kit, account), before.facts);
    await kit.close();
  });
});

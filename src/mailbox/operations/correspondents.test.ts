/** Who is known, and what a delivery keeps of it, over a store on the disk; what is older than the program is made with SQLite. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { TRAIT, TRAITS_OF_DELIVERY } from '../../mail/traits.ts';
import { addressKey, KNOWN, nameKey } from '../model/correspondents.ts';
import { NOTIFY_DEFAULT } from '../model/outgoing.ts';
import type { MailStore } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import { loadList } from '../state/load.ts';
import { checkMail } from '../upkeep/check.ts';
import { meetPeople } from '../upkeep/meet-people.ts';
import { renewFacts, startRenewal } from '../upkeep/renew-facts.ts';
import { appendMessages } from './append.ts';
import { copyMessages } from './copy.ts';
import { hasMet, isCorrespondent, secretOf } from './correspondents.ts';
import { deliver } from './deliver.ts';
import { receive } from './incoming.ts';
import { mailboxOf } from './mailboxes.ts';
import { acceptOutgoing } from './outgoing.ts';

const ADDRESS = 'alice@example.com';
const { FirstContact, Namesake } = TRAIT;

let data: string;
let kit: TestDomain;
let account: AccountState;

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'brevduva-people-'));
  await open();
});
afterEach(async () => {
  await kit.close();
  rmSync(data, { recursive: true, force: true });
});

async function open(wrapStore?: (store: MailStore) => MailStore): Promise<void> {
  kit = await openTestDomain({ data, ...(wrapStore && { wrapStore }) });
  const record = (await kit.store.directory.find(ADDRESS)) ?? (await kit.addAccount(ADDRESS, 'secret'));
  account = await kit.domain.accounts.open(record.id);
}

/** As before anybody noted who wrote what. */
async function reopenAsOlder(): Promise<void> {
  await kit.close();
  const db = new DatabaseSync(join(data, 'shard-00', 'meta.db'));
  db.exec('DELETE FROM correspondence; DELETE FROM correspondent');
  db.close();
  await open();
}

const letter = (from: string, ...fields: readonly string[]): Buffer =>
  Buffer.from([`From: ${from}`, ...fields, 'Subject: x', '', 'hello', ''].join('\r\n'));

/** What the delivery of each says, in the order in which they are asked for. */
async function come(...authors: readonly string[]): Promise<number[]> {
  const found = await Promise.all(
    authors.map(async (from) => {
      const received = await receive(kit.store, [account.id], 1e6, letter(from));
      const [outcome] = await deliver(kit.domain, [{ account: account.id, address: ADDRESS }], received, '');
      assert.equal(outcome?.kind, 'delivered');
      return outcome.copies[0]?.uid ?? 0;
    }),
  );
  const list = await loadList(kit.domain, account, mailboxOf(account, 'INBOX'));
  return found.map((uid) => (list.columns.traits[list.indexOf(uid)] as number) & TRAITS_OF_DELIVERY);
}

async function put(mailbox: string, message: Buffer): Promise<void> {
  const received = await receive(kit.store, [account.id], 1e6, message);
  await appendMessages(kit.domain, account, mailboxOf(account, mailbox), [
    { ...received, flags: 0, keywords: [], internalDate: undefined },
  ]);
}

async function strangers(repair = false): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const event of checkMail(kit.domain, { repair, verifiesBytes: false }))
    if (event.kind === 'problem') found.push(event.what);
  return found;
}

describe('the first mail from an address', () => {
  test('is that once, also of several that come at once, and in whatever spelling', async () => {
    const all = await come('Bo <bo@bücher.example>', 'BO@xn--bcher-kva.example', 'eva@example.org');
    assert.deepEqual([...all].sort(), [0, FirstContact, FirstContact]);
    assert.deepEqual(await come('Eva <EVA@example.org>', 'bo@bücher.example'), [0, 0]);
    assert.deepEqual(await come('"eva@example.org" <dan@example.net>'), [FirstContact]);
    assert.deepEqual(await come(ADDRESS), [0]);
  });

  test('is mail without an address by which its author could be known, and a namesake by the name alone', async () => {
    await put('Sent', letter(ADDRESS, 'To: Anna Lind <anna@example.org>'));
    const long = `Anna Lind <${'x'.repeat(320)}@example.org>`;
    for (const from of ['"Anna Lind" <>', 'Anna Lind', 'Anna Lind:;', 'Anna Lind <q13@>', long])
      assert.deepEqual(await come(from), [FirstContact | Namesake], from);
    for (const from of ['<q13@>', '<@evil.example>', 'nobody:;', 'Dan Ek <>'])
      assert.deepEqual(await come(from), [FirstContact], from);
    assert.deepEqual(await come('"Anna Lind" <>'), [FirstContact | Namesake], 'nothing was learnt');
    assert.deepEqual(
      await come('Friends: Anna Lind <anna@example.org>;'),
      [0],
      'a group of one who is known',
    );
  });

  test('is of whoever is not known among several authors, whichever of two fields is shown', async () => {
    await put('Sent', letter(ADDRESS, 'To: Anna Lind <anna@example.org>'));
    const anna = 'anna@example.org';
    const evil = (n: number) => `Anna Lind <e${n}@evil.example>`;
    assert.deepEqual(await come(`${anna}\r\nFrom: ${evil(1)}`), [FirstContact | Namesake]);
    assert.deepEqual(await come(`${evil(2)}\r\nFrom: ${anna}`), [FirstContact | Namesake]);
    assert.deepEqual(await come(`${anna}, Bo <bo@example.net>`), [FirstContact]);
    assert.deepEqual(await come(`${anna}, Bo <bo@example.net>`), [0]);
    assert.deepEqual(await come([anna, anna, anna, anna, evil(3)].join(', ')), [FirstContact]);
    assert.deepEqual(await come(`${ADDRESS}\r\nFrom: ${evil(4)}`), [FirstContact | Namesake]);
  });

  test('has a known name also with what is not seen inside, and with more words behind', async () => {
    await put('Sent', letter(ADDRESS, 'To: "Anna Lind" <anna@example.org>, Bo <bo@example.org>'));
    const hidden = [
      'An\u200bna Lind',
      'Anna Li\u00adnd',
      '\u202eAnna\u202c Lind',
      `${'\u2060'.repeat(400)}Anna Lind`,
    ];
    const longer = [
      'Anna Lind (Friend)',
      'Anna Lind @work',
      'Anna Lind anna@example.org',
      'Lind, Anna - Director',
    ];
    for (const [i, name] of [...hidden, ...longer].entries())
      assert.deepEqual(await come(`"${name}" <h${i}@evil.example>`), [FirstContact | Namesake], name);
    for (const [i, name] of ['Anna Ek Lind', 'Bo Lind', 'Annalind'].entries())
      assert.deepEqual(await come(`"${name}" <i${i}@evil.example>`), [FirstContact], name);
  });

  test('is known to be the second after a restart, and a copy says what its message says', async () => {
    assert.deepEqual(await come('eva@example.org'), [FirstContact]);
    await copyMessages(kit.domain, account, mailboxOf(account, 'INBOX'), [1], mailboxOf(account, 'Archive'));
    await kit.close();
    await open();
    assert.deepEqual(await come('eva@example.org'), [0]);
    const list = await loadList(kit.domain, account, mailboxOf(account, 'Archive'));
    assert.equal((list.columns.traits[0] as number) & TRAITS_OF_DELIVERY, FirstContact);
  });

  test('is none from people one has written to, be it a copy in Sent or what a program sent', async () => {
    await put('Sent', letter(ADDRESS, 'To: Eva Lind <eva@example.org>', 'Bcc: dan@example.org'));
    const received = await receive(
      kit.store,
      [account.id],
      1e6,
      letter(ADDRESS, 'To: Åsa <asa@example.org>'),
    );
    const expiresMs = Date.now() + 1e6;
    const envelope = { kind: 'sent', sender: ADDRESS, expiresMs } as const;
    await acceptOutgoing(kit.domain, account, received, {
      envelope: { ...envelope, isUtf8: false, isEightBit: false, requiresTls: false, isTlsOptional: false },
      recipients: [{ address: 'list@example.net', route: 'remote', notify: NOTIFY_DEFAULT }],
    });
    assert.deepEqual(
      await come('eva@example.org', 'dan@example.org', 'asa@example.org', 'list@example.net'),
      [...[0, 0, 0, 0]],
    );
    assert.deepEqual(await come('"Lind, Eva" <other@example.org>', 'ÅSA <x@example.org>'), [
      ...[FirstContact | Namesake, FirstContact | Namesake],
    ]);
    assert.deepEqual(await come('Eva <y@example.org>'), [FirstContact]);
  });

  test('has the name of somebody who has written under it since', async () => {
    await put('Sent', letter(ADDRESS, 'To: eva@example.org'));
    assert.deepEqual(await come('Eva Lind <other@example.org>'), [FirstContact], 'nobody knows her name');
    assert.deepEqual(await come('Eva Lind <eva@example.org>', 'Dan Ek <dan@example.org>'), [0, FirstContact]);
    assert.deepEqual(await come('Eva Lind <evil@example.org>'), [FirstContact | Namesake]);
    assert.deepEqual(await come('Dan Ek <evil2@example.org>'), [FirstContact], 'nobody has written to him');
  });

  test('stays it when its facts are made anew', async () => {
    await come('eva@example.org');
    await kit.close();
    const db = new DatabaseSync(join(data, 'shard-00', 'meta.db'));
    db.exec('DELETE FROM derived; UPDATE account SET facts_version = 1');
    db.close();
    await open();
    await renewFacts(kit.domain, account.id);
    const list = await loadList(kit.domain, account, mailboxOf(account, 'INBOX'));
    assert.equal((list.columns.traits[0] as number) & TRAITS_OF_DELIVERY, FirstContact);
  });

  test('that the store refuses makes nobody known', async () => {
    await kit.close();
    let isFull = false;
    await open((store) => {
      const write: MailStore['write'] = (batches) =>
        isFull
          ? { committed: Promise.reject(new Error('full')), durable: Promise.resolve() }
          : store.write(batches);
      return new Proxy(store, {
        get: (target, name: keyof MailStore) => {
          const value = name === 'write' ? write : target[name];
          return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
        },
      });
    });
    isFull = true;
    const received = await receive(kit.store, [account.id], 1e6, letter('eva@example.org'));
    const [outcome] = await deliver(kit.domain, [{ account: account.id, address: ADDRESS }], received, '');
    assert.equal(outcome?.kind, 'refused');
    isFull = false;
    assert.equal(account.correspondence, undefined);
    assert.deepEqual(await come('eva@example.org'), [FirstContact]);
  });
});

describe('mail from before', () => {
  async function older(): Promise<void> {
    for (let n = 0; n < 250; n++) await put('INBOX', letter(`p${n}@example.org`));
    await put('Sent', letter(ADDRESS, 'To: Eva Lind <eva@example.org>'));
    await reopenAsOlder();
  }

  test('is read in the background; until then nobody is a stranger, and who comes is noted', async () => {
    await older();
    assert.deepEqual(await come('new@example.org', 'p7@example.org'), [0, 0]);
    assert.equal(account.correspondence?.unread, 1);
    assert.equal(await hasMet(kit.domain, account, 'nobody@example.org'), true);
    await startRenewal(kit.domain, 0).done;
    assert.deepEqual(await kit.store.loadAccountsUnmet(), []);
    assert.deepEqual(await come('new@example.org', 'p8@example.org', 'eva@example.org'), [0, 0, 0]);
    assert.deepEqual(await come('Eva Lind <e@example.org>'), [FirstContact | Namesake]);
    assert.equal(await hasMet(kit.domain, account, 'nobody@example.org'), false);
    assert.equal(await isCorrespondent(kit.domain, account, 'p8@example.org', KNOWN.Written), false);
    assert.deepEqual(await strangers(), []);
  });

  test('stopped at any moment it goes on where it was', async () => {
    await older();
    let steps = 0;
    let read = 0;
    for (let stops = 0; stops < 5; stops++) {
      read += await meetPeople(kit.domain, account.id, () => steps++ % 2 === 1);
      await kit.close();
      await open();
    }
    assert.equal(account.correspondence?.unread, 0);
    assert.equal(read, 251, 'each once');
    assert.deepEqual(await come('p249@example.org', 'eva@example.org'), [0, 0]);
  });
});

test('strangers push out strangers, and nobody whom one has written to', async () => {
  await put('Sent', letter(ADDRESS, 'To: Eva Lind <eva@example.org>'));
  await come('early@example.org');
  for (let from = 0; from < 14_000; from += 1000)
    await kit.domain.turns.run({
      account,
      run: (change) => {
        for (let n = from; n < from + 1000; n++)
          change.correspondents.hear(addressKey(secretOf(account), `s${n}@example.net`) ?? '');
      },
    });
  const { heard, others } = await kit.store.countCorrespondents(account.id);
  // It is looked at with one in 256, so it can be over by some.
  assert.ok(heard >= 10_000 && heard < 12_500, `${heard}`);
  assert.equal(others, 2, 'her address and her name');
  assert.deepEqual(await come('eva@example.org', 's13999@example.net'), [0, 0]);
  assert.deepEqual(await come('early@example.org'), [FirstContact], 'forgotten');
});

describe('the checker', () => {
  test('finds people who should be known, and makes them known', async () => {
    await come('eva@example.org', 'dan@example.org');
    await kit.close();
    const db = new DatabaseSync(join(data, 'shard-00', 'meta.db'));
    db.exec('DELETE FROM correspondent');
    db.close();
    await open();
    assert.deepEqual(await strangers(), ['2 messages are from people who are not known to it']);
    assert.deepEqual((await strangers(true)).length, 1);
    assert.deepEqual(await strangers(), []);
    assert.deepEqual(await come('eva@example.org'), [0]);
  });
});

describe('keys', () => {
  const secret = Buffer.alloc(16, 1);

  test('are the same for an address in any spelling', () => {
    const same = ['Bo@Bücher.example', 'bo@xn--bcher-kva.EXAMPLE', 'BO@BU\u0308CHER.example'];
    assert.equal(new Set(same.map((address) => addressKey(secret, address))).size, 1);
    for (const none of ['', 'bo', '@example.org', 'bo@', `${'x'.repeat(400)}@example.org`])
      assert.equal(addressKey(secret, none), undefined, none);
  });

  test('are the same for a name whose words are', () => {
    const same = ['Eva Lind', 'LIND, Eva', '"Eva"  Lind\u200b', 'Ｅｖａ Lind'];
    assert.equal(new Set(same.map((name) => nameKey(secret, name))).size, 1);
    for (const none of ['', ' ', 'X', '***', 'eva@example.org'])
      assert.equal(nameKey(secret, none), undefined, none);
  });

  test('are of one account and one kind', () => {
    const [one, other] = [nameKey(secret, 'Eva Lind'), nameKey(Buffer.alloc(16, 2), 'Eva Lind')];
    assert.match(one ?? '', /^[0-9a-f]{20}$/);
    assert.notEqual(one, other);
  });
});

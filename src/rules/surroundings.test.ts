/** What scripts of accounts are told of a message beside its octets: lists, what filters found, what its sender wants to hear. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { TestDomain } from '../../test/kit/domain.ts';
import { openRulesDomain, setRules, TEST_SENDING } from '../../test/kit/rules.ts';
import type { SenderWishes } from '../mailbox/disposition.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { NOTIFY, NOTIFY_DEFAULT } from '../mailbox/model/outgoing.ts';
import { setAnnotations } from '../mailbox/operations/annotations.ts';
import { appendMessages } from '../mailbox/operations/append.ts';
import { deliver } from '../mailbox/operations/deliver.ts';
import { receive } from '../mailbox/operations/incoming.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { readRuleEntries } from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';

let kit: TestDomain;
let record: AccountRecord;
let account: AccountState;
let n = 0;
const folder = mkdtempSync(join(tmpdir(), 'brevduva-lists-'));

before(async () => {
  kit = await openRulesDomain({ folder, sending: TEST_SENDING });
});
after(async () => {
  await kit.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  record = await kit.addAccount(`anna${++n}@example.com`, 'secret');
  account = await kit.domain.accounts.open(record.id);
});

interface Letter {
  readonly from?: string;
  readonly trace?: string;
  readonly fields?: string;
  readonly wishes?: SenderWishes;
  readonly isJunk?: boolean;
}

/** Where it went. */
async function places(letter: Letter = {}): Promise<string[]> {
  const { from = 'bo@example.org', trace = 'Received: from x by y with ESMTP id 1; now\r\n' } = letter;
  const { fields = '', wishes, isJunk = false } = letter;
  const text = `${fields}From: <${from}>\r\nTo: ${record.address}\r\nSubject: x\r\n\r\nbody\r\n`;
  const received = await receive(kit.domain.store, [record.id], 2 ** 24, Buffer.from(text));
  const to = { account: record.id, address: record.address, ...(wishes && { wishes }) };
  const arrived = { fields: Buffer.from(trace), isJunk, isAuthorKnown: true };
  const [outcome] = await deliver(kit.domain, [to], received, from, arrived);
  assert.equal(outcome?.kind, 'delivered');
  return outcome?.kind === 'delivered' ? outcome.copies.map(({ mailbox }) => mailbox) : [];
}

describe('annotations (RFC 5490)', () => {
  const set = async (mailbox: string | undefined, name: string, value: string): Promise<void> => {
    const at = mailbox === undefined ? undefined : mailboxOf(account, mailbox);
    await setAnnotations(kit.domain, account, at, [{ name, value: Buffer.from(value) }]);
  };
  const REQUIRE = 'require ["fileinto", "mailbox", "mboxmetadata", "servermetadata", "variables"];';
  const goesTo = async (test: string): Promise<boolean> => {
    await setRules(kit, account, `${REQUIRE} if ${test} { fileinto :create "Yes"; }`);
    return (await places())[0] === 'Yes';
  };

  test('of mailboxes and of the server', async () => {
    await set('INBOX', '/private/vendor/example/auto-replies', 'On');
    await set(undefined, '/private/comment', 'xmpp:anna');
    assert.ok(await goesTo('metadata :is "INBOX" "/private/vendor/EXAMPLE/auto-replies" "on"'));
    assert.ok(!(await goesTo('metadata :is "INBOX" "/private/vendor/example/other" ""')));
    assert.ok(!(await goesTo('metadata :is "Nowhere" "/private/vendor/example/auto-replies" "on"')));
    assert.ok(await goesTo('metadataexists "INBOX" ["/private/vendor/example/auto-replies"]'));
    assert.ok(!(await goesTo('metadataexists "INBOX" ["/private/vendor/example/auto-replies", "/x"]')));
    assert.ok(await goesTo('metadata :contains "Sent" "/private/specialuse" "Sent"'));
    assert.ok(await goesTo('servermetadata :matches "/private/comment" "xmpp:*"'));
    assert.ok(await goesTo('servermetadataexists "/private/comment"'));
    assert.ok(!(await goesTo('servermetadataexists ["/private/comment", "/shared/comment"]')));
  });
});

async function wroteTo(...fields: readonly string[]): Promise<void> {
  const text = `From: ${record.address}\r\n${fields.join('\r\n')}\r\n\r\nhello\r\n`;
  const received = await receive(kit.domain.store, [record.id], 2 ** 24, Buffer.from(text));
  const message = { ...received, flags: 0, keywords: [], internalDate: undefined };
  await appendMessages(kit.domain, account, mailboxOf(account, 'Sent'), [message]);
}

describe('lists (RFC 6134)', () => {
  test('whom one has written to, also since the last message', async () => {
    await setRules(
      kit,
      account,
      'require ["extlists", "fileinto"]; if address :list "from" ":addrbook:default" { fileinto "Archive"; }',
    );
    assert.deepEqual(await places(), ['INBOX']);
    await wroteTo('To: "eva@example.net, x" <dan@example.net>, Bo <BO@example.org>', 'Cc: c@example.net');
    assert.deepEqual(await places(), ['Archive']);
    assert.deepEqual(await places({ from: 'C@Example.net' }), ['Archive']);
    assert.deepEqual(await places({ from: 'eva@example.net' }), ['INBOX'], 'a name is no address');
    await wroteTo('Bcc: eva@example.net');
    assert.deepEqual(await places({ from: 'eva@example.net' }), ['Archive']);
  });

  test('the addresses of the account, by either name of the extension', async () => {
    await setRules(
      kit,
      account,
      `require ["extlists", "fileinto", "envelope"];
       if allof(envelope :list "from" "tag:brevduva,2026:own",
                valid_ext_list ["urn:ietf:params:sieve:addrbook:default", "tag:brevduva,2026:own"],
                not valid_ext_list "tag:brevduva,2026:list/nobody") { fileinto "Archive"; }`,
    );
    assert.deepEqual(await places(), ['INBOX']);
    assert.deepEqual(await places({ from: record.address.toUpperCase() }), ['Archive']);
  });

  test('those of the administrator, which mail can be sent on to', async () => {
    writeFileSync(join(folder, 'team.list'), '# the team\nEva@example.net\n\ndan@example.com\n');
    await setRules(
      kit,
      account,
      'require ["extlists", "fileinto"]; if address :list "from" "tag:brevduva,2026:list/team" { fileinto "Archive"; } else { redirect :list "tag:brevduva,2026:list/team"; }',
    );
    assert.deepEqual(await places({ from: 'eva@EXAMPLE.net' }), ['Archive']);
    assert.deepEqual(await places(), []);
    const [passed, ...more] = await kit.domain.store.outgoing.list(0, 100, record.id);
    assert.deepEqual(more, []);
    assert.deepEqual(
      passed?.recipients.map(({ address, route }) => [address, route]),
      [
        ['eva@example.net', 'remote'],
        ['dan@example.com', 'local'],
      ],
    );
    await setRules(kit, account, 'require "extlists"; redirect :list ":addrbook:default";');
    assert.deepEqual(
      await places(),
      ['INBOX', 'INBOX'],
      'an address book is not written to; its owner is told',
    );
    assert.match(JSON.stringify(await readRuleEntries(kit.domain, account, 9)), /that mail can be sent to/);
  });
});

describe('what filters found (RFC 5235)', () => {
  const BY_LMTP = 'Received: from mx (mx [127.0.0.1])\r\n\tby y with LMTP id 1; now\r\n';
  const SCRIPT = `require ["spamtest", "spamtestplus", "virustest", "relational", "comparator-i;ascii-numeric", "fileinto", "mailbox", "variables"];
    if virustest :value "ge" :comparator "i;ascii-numeric" "4" { fileinto :create "Virus"; }
    elsif spamtest :count "eq" :percent :comparator "i;ascii-numeric" "0" { keep; }
    elsif spamtest :value "eq" :percent :comparator "i;ascii-numeric" "100" { fileinto "Junk"; }
    elsif spamtest :value "ge" :percent :comparator "i;ascii-numeric" "50" { fileinto :create "Half"; }
    else { fileinto :create "Clean"; }`;
  const CASES: readonly (readonly [letter: Letter, mailbox: string])[] = [
    [{}, 'INBOX'],
    [{ trace: BY_LMTP }, 'INBOX'],
    [{ trace: BY_LMTP, fields: 'X-Spam-Status: No, score=2.6 required=5.0 tests=A\r\n' }, 'Half'],
    [{ trace: BY_LMTP, fields: 'X-Spam-Status: No, score=-1.0\r\n\trequired=5.0\r\n' }, 'Clean'],
    [{ trace: BY_LMTP, fields: 'X-Spam-Status: Yes, score=7 required=5.0\r\n' }, 'Junk'],
    [{ trace: BY_LMTP, fields: 'X-Spam-Flag: YES\r\n' }, 'Junk'],
    [{ trace: BY_LMTP, fields: 'X-Spamd-Result: default: False [9.00 / 15.00]; X(1)[a]\r\n' }, 'Half'],
    [{ trace: BY_LMTP, fields: 'X-Virus-Status: Infected (Eicar)\r\n' }, 'Virus'],
    [{ fields: 'X-Spam-Status: Yes, score=7 required=5.0\r\n' }, 'INBOX'],
    [{ trace: `X-Spam-Flag: NO\r\n${BY_LMTP}`, fields: 'X-Spam-Flag: YES\r\n' }, 'Clean'],
    [{ isJunk: true }, 'Junk'],
  ];
  for (const [letter, mailbox] of CASES)
    test(`${mailbox}: ${JSON.stringify(letter).slice(0, 130)}`, async () => {
      await setRules(kit, account, SCRIPT);
      assert.deepEqual(await places(letter), [mailbox]);
    });
});

describe('reports (RFC 6009)', () => {
  test('what the sender wants to be told of', async () => {
    await setRules(
      kit,
      account,
      `require ["envelope", "envelope-dsn", "fileinto"];
       if allof(envelope :is "notify" "SUCCESS", envelope :is "notify" "DELAY", envelope :contains "orcpt" "rfc822;Anna@", envelope "ret" "FULL", envelope "envid" "e 1") { fileinto "Archive"; }
       elsif envelope :matches "notify" "*" { fileinto "Drafts"; }`,
    );
    const wishes = {
      notify: NOTIFY.Success | NOTIFY.Delay,
      orcpt: 'rfc822;Anna@x',
      ret: 'full',
      envid: 'e 1',
    };
    assert.deepEqual(await places({ wishes: wishes as SenderWishes }), ['Archive']);
    assert.deepEqual(await places({ wishes: { notify: NOTIFY.Never } }), ['Drafts']);
    assert.deepEqual(await places(), ['INBOX']);
  });

  test('by when it was to be delivered, and in which way', async () => {
    await setRules(
      kit,
      account,
      `require ["envelope", "envelope-deliverby", "fileinto", "relational", "comparator-i;ascii-numeric"];
       if allof(envelope "bymode" "return", envelope "bytrace" "true", envelope :matches "bytimeabsolute" "20*Z",
                envelope :value "gt" :comparator "i;ascii-numeric" "bytimerelative" "3000") { fileinto "Archive"; }
       elsif envelope "bymode" "notify" { fileinto "Drafts"; }`,
    );
    const by = (deliverBy: SenderWishes['deliverBy']) => ({ wishes: { deliverBy } as SenderWishes });
    const atMs = Date.now() + 3_600_000;
    assert.deepEqual(await places(by({ atMs, mode: 'return', isTraced: true })), ['Archive']);
    assert.deepEqual(await places(by({ atMs, mode: 'notify', isTraced: false })), ['Drafts']);
    assert.deepEqual(await places(), ['INBOX']);
  });

  test('by when a message that is sent on is to be there', async () => {
    const at = new Date(Date.now() + 7_200_000).toISOString();
    await setRules(
      kit,
      account,
      `require ["redirect-deliverby", "copy"]; redirect :copy :bytimerelative 600 :bymode "return" :bytrace "eva@example.net";
       redirect :copy :bytimeabsolute "${at}" "dan@example.net"; redirect :copy "bo@example.net";`,
    );
    const before = new Set(
      (await kit.domain.store.outgoing.list(0, 100, record.id)).map(({ row }) => row.id),
    );
    await places();
    const rows = (await kit.domain.store.outgoing.list(0, 100, record.id)).filter(
      ({ row }) => !before.has(row.id),
    );
    const left = rows.map(({ row: { deliverBy, createdMs, expiresMs } }) => ({
      seconds: deliverBy && Math.round((deliverBy.atMs - createdMs) / 1000),
      mode: deliverBy?.mode,
      isTraced: deliverBy?.isTraced,
      endsThen: Math.abs(expiresMs - (deliverBy?.atMs ?? 0)) < 2000,
    }));
    assert.deepEqual(left[0], { seconds: 600, mode: 'return', isTraced: true, endsThen: true });
    assert.ok(Math.abs((left[1]?.seconds ?? 0) - 7200) < 60);
    assert.deepEqual([left[1]?.mode, left[1]?.isTraced, left[1]?.endsThen], ['notify', false, false]);
    assert.equal(left[2]?.mode, undefined);
  });

  test('what would come back before it has left is kept', async () => {
    const count = async () => (await kit.domain.store.outgoing.list(0, 100, record.id)).length;
    const before = await count();
    await setRules(
      kit,
      account,
      'require "redirect-deliverby"; redirect :bytimeabsolute "2020-01-01T00:00:00Z" :bymode "return" "eva@example.net";',
    );
    assert.deepEqual(await places(), ['INBOX']);
    assert.equal(await count(), before);
  });

  test('what came over TLS alone is sent on over nothing else (RFC 8689 §6)', async () => {
    await setRules(kit, account, 'require "copy"; redirect :copy "eva@example.net";');
    const newest = async () => (await kit.domain.store.outgoing.list(0, 100, record.id)).at(-1)?.row;
    await places({ wishes: { requiresTls: true }, fields: 'TLS-Required: No\r\n' });
    assert.deepEqual([(await newest())?.requiresTls, (await newest())?.isTlsOptional], [true, false]);
    await places({ fields: 'TLS-Required: No\r\n' });
    assert.deepEqual([(await newest())?.requiresTls, (await newest())?.isTlsOptional], [false, true]);
  });

  test('what is wanted of a message that is sent on', async () => {
    await setRules(
      kit,
      account,
      `require ["redirect-dsn", "variables", "copy"]; set "when" "never";
       redirect :copy :notify "\${when}" :ret "hdrs" "eva@example.net"; redirect :copy "dan@example.net";`,
    );
    await places();
    const rows = await kit.domain.store.outgoing.list(0, 100, record.id);
    assert.deepEqual(
      rows.map(({ row, recipients }) => [row.ret, recipients[0]?.notify]),
      [
        ['headers', NOTIFY.Never],
        [undefined, NOTIFY_DEFAULT],
      ],
    );
    await setRules(
      kit,
      account,
      'require ["redirect-dsn", "variables"]; set "w" "x"; redirect :notify "${w}" "e@example.net";',
    );
    await places();
    assert.match(JSON.stringify(await readRuleEntries(kit.domain, account, 9)), /nothing that .*:notify/);
  });
});

/**
 * Scripts of mailboxes (RFC 6785): a client appends, copies and marks over a real socket, the script of the mailbox runs, and what it asks
 * for is done to the message where it is.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { changeEmails } from '../src/mailbox/operations/change-emails.ts';
import { mailboxOf } from '../src/mailbox/operations/mailboxes.ts';
import type { EmailUpdate } from '../src/mailbox/operations/place.ts';
import { putScript } from '../src/mailbox/operations/scripts.ts';
import type { AccountState } from '../src/mailbox/state/account.ts';
import { loadList } from '../src/mailbox/state/load.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { openRulesDomain, type RulesDomain, TEST_SENDING } from './kit/rules.ts';
import { startServer } from './kit/server.ts';

const LIMITS = { scripts: 1000, scriptBytes: 2 ** 20, accountBytes: 2 ** 24 };
const ENTRY = '/shared/imapsieve/script';
let kit: RulesDomain;
let server: TestImap;
let client: ImapClient;
let account: AccountState;
let n = 0;

before(async () => {
  kit = await openRulesDomain({
    sending: TEST_SENDING,
    serverAnnotations: new Map([[ENTRY, 'everywhere']]),
  });
  server = await startTestImap({ kit, settings: { sieveUrl: 'sieve://mail.example.com' } });
});
after(() => server.close());
beforeEach(async () => {
  client?.close();
  const address = `anna${++n}@example.com`;
  const { id } = await kit.addAccount(address, 'secret');
  account = await kit.domain.accounts.open(id);
  client = await ImapClient.signIn(server.port, address, 'secret');
  for (const name of ['Work', 'Other', 'Done']) await client.ok(`CREATE ${name}`);
});

async function script(text: string, name = 'mine'): Promise<void> {
  await putScript(kit.domain, account, { role: 'own', name }, Buffer.from(text), LIMITS);
}

/** Of the mailbox, which names it. */
async function scriptOf(mailbox: string, text: string): Promise<void> {
  await script(text);
  await client.ok(`SETMETADATA ${mailbox} (${ENTRY} "mine")`);
}

async function append(mailbox: string, subject = 'x', flags = ''): Promise<void> {
  const message = `From: bo@example.org\r\nSubject: ${subject}\r\n\r\nbody of ${subject}\r\n`;
  client.send(`a APPEND ${mailbox} (${flags}) {${message.length}+}\r\n${message}\r\n`);
  assert.equal((await client.answer('a')).status, 'OK');
  await kit.scripts.idle();
}

const messages = async (mailbox: string): Promise<string[]> =>
  (await kit.messagesOf(account.record.address, mailbox)).map(String);
async function flags(mailbox: string): Promise<string[]> {
  await client.ok(`EXAMINE ${mailbox}`);
  const { untagged } = await client.ok('FETCH 1:* (FLAGS)');
  return untagged.flatMap((line) => /FLAGS \((.*?)\)/.exec(line)?.[1]?.replace(/ ?\\Recent/, '') ?? []);
}
async function run(command: string): Promise<void> {
  await client.ok(command);
  await kit.scripts.idle();
}
const notes = async (): Promise<string> =>
  (await kit.store.loadRuleEntries(account.id, 9)).map(({ text }) => text).join('\n');

test('what is done by JMAP counts as if it were done by IMAP', async () => {
  const cause = `if environment "imap.cause" "COPY" { addflag "copied"; } elsif environment "imap.cause" "FLAG" { addflag "marked"; }
    else { addflag "appended"; }`;
  await scriptOf('Done', `require ["imapsieve", "environment", "imap4flags"]; ${cause}`);
  await append('Work', 'one');
  const list = await loadList(kit.domain, account, mailboxOf(account, 'Work'));
  const email = list.columns.email[0] as number;
  const none = { flags: 0, keywords: [] };
  const change = async (update: Omit<EmailUpdate, 'email'>): Promise<void> => {
    await changeEmails(kit.domain, account, { creates: [], updates: [{ email, ...update }], destroys: [] });
    await kit.scripts.idle();
  };
  const whole = new Set([mailboxOf(account, 'Done').id]);
  await change({ mailboxes: { whole, adds: new Set<never>(), removes: new Set<never>() } });
  assert.match(String(await flags('Done')), /^ ?copied$/);
  await change({ marks: { adds: { flags: 0, keywords: ['$Important'] }, removes: none } });
  assert.match(String(await flags('Done')), /\bmarked\b/);
});

test('IMAPSIEVE says where scripts are edited', async () => {
  const { untagged } = await client.ok('CAPABILITY');
  assert.match(untagged.join(), / IMAPSIEVE=sieve:\/\/mail\.example\.com( |$)/);
});

test('and at which port, where the system has chosen it', { timeout: 60_000 }, async () => {
  const running = await startServer({ config: { 'listen.managesieve': '127.0.0.1:0', 'listen.https': '' } });
  try {
    await running.cli(['account', 'add', 'ann@example.com', '--password-stdin'], 'secret\n');
    const ann = await ImapClient.signIn(running.port('imap'), 'ann@example.com', 'secret');
    const { untagged } = await ann.ok('CAPABILITY');
    const [, port] = / IMAPSIEVE=sieve:\/\/[^ :]+:(\d+)/.exec(untagged.join()) ?? [];
    assert.equal(Number(port), running.port('managesieve'));
    ann.close();
  } finally {
    await running.stop();
  }
});

describe('events', () => {
  const REQUIRE = 'require ["imapsieve","environment","variables","fileinto","copy","imap4flags","mailbox"];';
  const TELLS = `${REQUIRE}
    if environment :matches "imap.cause" "*" { set "cause" "\${1}"; }
    if environment :matches "imap.changedflags" "*" { set "flags" "\${1}"; }
    if not environment :is "location" "MS" { stop; }
    if not environment :is "phase" "post" { stop; }
    if not environment :contains "imap.email" "@example.com" { stop; }
    if string "\${flags}" "" { fileinto :copy :create "Seen/\${cause}"; }
    else { fileinto :copy :create "Seen/\${cause} \${flags}"; }`;
  const told = (): string[] =>
    [...account.byName.keys()].filter((name) => name.startsWith('Seen/')).map((name) => name.slice(5));

  test('APPEND, COPY, MOVE and changes of flags are told as what they are', async () => {
    await scriptOf('Work', TELLS);
    await append('Work', 'one');
    assert.deepEqual(told(), ['APPEND']);
    await append('INBOX', 'two');
    assert.deepEqual(told(), ['APPEND'], 'of another mailbox');
    await client.ok('SELECT INBOX');
    await run('COPY 1 Work');
    await run('MOVE 1 Work');
    assert.deepEqual(told().sort(), ['APPEND', 'COPY']);
    await client.ok('SELECT Work');
    await run('STORE 1 +FLAGS (\\Flagged $Label)');
    await run('STORE 1 FLAGS (\\Seen)');
    await run('STORE 1 +FLAGS (\\Seen)');
    await run('FETCH 2 BODY[]');
    assert.deepEqual(
      told().sort(),
      ['APPEND', 'COPY', 'FLAG \\Flagged \\Seen $Label', 'FLAG \\Flagged $Label', 'FLAG \\Seen'].sort(),
    );
    assert.equal((await messages('Work')).length, 3, 'what is there stays');
    assert.equal((await messages('Seen/COPY')).length, 2);
    assert.ok((await messages('Seen/APPEND'))[0]?.startsWith('From: bo@example.org'), 'as it is, no trace');
  });

  test('the script of the server is run where a mailbox names none, and not where it names nothing', async () => {
    await script(`${REQUIRE} fileinto :copy "Done";`, 'everywhere');
    await append('Other');
    assert.equal((await messages('Done')).length, 1);
    await client.ok(`SETMETADATA Other (${ENTRY} "")`);
    await append('Other');
    await client.ok(`SETMETADATA Other (${ENTRY} "not there")`);
    await append('Other');
    assert.equal((await messages('Done')).length, 1);
  });

  test('what scripts do is no event: nothing goes in a circle', async () => {
    await script(`${REQUIRE} addflag "\\\\Flagged"; fileinto "Other";`);
    for (const mailbox of ['Work', 'Other']) await client.ok(`SETMETADATA ${mailbox} (${ENTRY} "mine")`);
    await append('Work');
    assert.equal((await messages('Other')).length, 1);
    assert.deepEqual(await flags('Other'), ['\\Flagged']);
    assert.deepEqual(await flags('Work'), ['\\Deleted'], 'fileinto without a keep');
  });
});

describe('what a script may ask for', () => {
  test('flags: it sees them as they are, and changes them', async () => {
    await scriptOf(
      'Work',
      'require ["imap4flags", "imapsieve"]; if hasflag "\\\\Flagged" { addflag "$Urgent"; removeflag "\\\\Seen"; }',
    );
    await append('Work', 'plain', '\\Seen');
    await append('Work', 'flagged', '\\Seen \\Flagged');
    assert.deepEqual(await flags('Work'), ['\\Seen', '\\Flagged $Urgent']);
  });

  test('discard marks it as deleted, and a keep keeps it', async () => {
    await scriptOf('Work', 'discard;');
    await append('Work');
    assert.deepEqual(await flags('Work'), ['\\Deleted']);
    await scriptOf('Other', 'discard; keep;');
    await append('Other');
    assert.deepEqual(await flags('Other'), ['']);
  });

  test('a changed header is for copies alone', async () => {
    await scriptOf(
      'Work',
      'require ["editheader","fileinto","copy"]; addheader "X-New" "1"; fileinto :copy "Done";',
    );
    await append('Work');
    assert.match((await messages('Done'))[0] ?? '', /^X-New: 1\r\nFrom:/);
    assert.match((await messages('Work'))[0] ?? '', /^From:/);
  });

  test('redirect goes by the queue, from the owner; what cannot go stays', async () => {
    await scriptOf('Work', 'redirect "carl@example.org";');
    await append('Work');
    const [row] = await kit.store.outgoing.list(0, 9, account.id);
    assert.ok(row !== undefined);
    assert.deepEqual(await flags('Work'), ['\\Deleted']);
  });

  for (const [what, text] of [
    ['vacation', 'require ["vacation"]; vacation "away";'],
    ['reject', 'require ["reject"]; reject "no";'],
    ['envelope', 'require ["envelope","fileinto"]; if envelope "from" "x" { discard; }'],
    ['a script that fails', 'require ["fileinto","variables"]; set "a" ""; fileinto "${a}"; error;'],
  ] as const)
    test(`${what}: the message stays, and the owner is told`, async () => {
      await script(text).catch(() => undefined);
      await client.ok(`SETMETADATA Work (${ENTRY} "mine")`);
      await append('Work');
      assert.deepEqual(await flags('Work'), ['']);
      if (what !== 'a script that fails') {
        assert.equal((await messages('INBOX')).length, 1, 'the notice');
        assert.match(await notes(), /"did":/);
      }
    });
});

describe('two at once', () => {
  test('a message or a mailbox that is gone by then is nothing, and the next one runs', async () => {
    await scriptOf('Work', 'require ["fileinto","copy"]; fileinto :copy "Done";');
    client.send('b1 APPEND Work {14+}\r\nSubject: a\r\n\r\n\r\nb2 DELETE Work\r\n');
    await client.answer('b1');
    await client.answer('b2');
    await kit.scripts.idle();
    await client.ok('CREATE Work');
    await scriptOf('Work', 'require ["fileinto","copy"]; fileinto :copy "Done";');
    await append('Work', 'after');
    assert.match((await messages('Done')).at(-1) ?? '', /Subject: after/);
  });

  test('an account that is removed meanwhile is nothing', async () => {
    await scriptOf('Work', 'keep;');
    const mailbox = account.byName.get('Work')?.id as never;
    kit.scripts.happened(account, { mailbox, cause: 'COPY', uids: [1] });
    await kit.store.directory.remove(account.id);
    await kit.domain.accounts.evict(account.id, 'it is removed');
    await kit.scripts.idle();
  });

  test('many messages are bounded', async () => {
    await scriptOf('Work', 'keep;');
    kit.scripts.happened(account, {
      mailbox: account.byName.get('Work')?.id as never,
      cause: 'COPY',
      uids: Array.from({ length: 3000 }, (_, i) => i + 1),
    });
    await kit.scripts.idle();
    assert.match(await notes(), /not run for 1000 messages/);
  });
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import type { Disposition } from '../disposition.ts';
import { MAX_MEMORIES, RULE_ENTRIES } from '../model/rules.ts';
import type { AccountState } from '../state/account.ts';
import { loadMemories } from '../state/memories.ts';
import { deliver } from './deliver.ts';
import { receive } from './incoming.ts';
import {
  activateScript,
  checkScriptRoom,
  deleteScript,
  own,
  putScript,
  readRuleEntries,
  readScript,
  renameScript,
  scriptOf,
} from './scripts.ts';

const LIMITS = { scripts: 3, scriptBytes: 100, accountBytes: 150 };
let kit: TestDomain;
let account: AccountState;
let answers: Disposition[] = [];
let asked = 0;

before(async () => {
  const of = () => {
    asked++;
    const next = answers.shift();
    return next && Promise.resolve(next);
  };
  kit = await openTestDomain({ dispositions: { of } });
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  account = await kit.domain.accounts.open(id);
});
after(() => kit.close());

const put = (name: string, text: string, role: 'own' | 'before' | 'away' = 'own') =>
  putScript(kit.domain, account, { role, name }, Buffer.from(text), LIMITS);
const names = () =>
  account.scripts.map(({ name, role, isActive }) => `${role} ${name}${isActive ? '*' : ''}`);

test('scripts are put, read, renamed, made active and deleted', async () => {
  await put('one', 'keep;');
  await put('two', 'stop;');
  await put('anything', 'discard;', 'before');
  assert.deepEqual(names(), ['own one', 'own two', 'before anything*']);
  await activateScript(kit.domain, account, 'one');
  await activateScript(kit.domain, account, 'two');
  assert.deepEqual(names(), ['own one', 'own two*', 'before anything*'], 'what the administrator has stays');
  await put('two', 'keep; stop;');
  assert.equal(String(await readScript(kit.domain, account, scriptOf(account, own('two')))), 'keep; stop;');
  await renameScript(kit.domain, account, 'two', 'three');
  assert.deepEqual(names(), ['own one', 'own three*', 'before anything*']);
  await assert.rejects(renameScript(kit.domain, account, 'three', 'one'), { code: 'exists' });
  await assert.rejects(renameScript(kit.domain, account, 'nine', 'one'), { code: 'nonexistent' });
  await assert.rejects(deleteScript(kit.domain, account, own('three')), { code: 'cannot' });
  await activateScript(kit.domain, account, '');
  await deleteScript(kit.domain, account, own('three'));
  await deleteScript(kit.domain, account, { role: 'before', name: '' });
  assert.deepEqual(names(), ['own one']);
  await kit.domain.accounts.evict(account.id, 'to be read anew');
  account = await kit.domain.accounts.open(account.id);
  assert.deepEqual(names(), ['own one']);
  assert.equal(String(await readScript(kit.domain, account, scriptOf(account, own('one')))), 'keep;');
});

test('names and sizes have limits', async () => {
  for (const name of ['', 'a/b', 'a\nb', 'a\u2028b', '\u0080', 'x'.repeat(129), '\ud800'])
    await assert.rejects(put(name, 'keep;'), { code: 'invalid-name' }, JSON.stringify(name));
  await put('e\u0301', 'a');
  await assert.rejects(renameScript(kit.domain, account, 'one', '\u00e9'), { code: 'exists' });
  await deleteScript(kit.domain, account, own('\u00e9'));
  await assert.rejects(put('one', 'x'.repeat(101)), { code: 'too-big' });
  await put('one', 'x'.repeat(100));
  // RFC 5804 §1.6: of characters, however many octets they have.
  await put('\u{1f600}'.repeat(128), '');
  await assert.rejects(put('\u{1f600}'.repeat(129), ''), { code: 'invalid-name' });
  await deleteScript(kit.domain, account, own('\u{1f600}'.repeat(128)));
  await assert.rejects(put('two', 'x'.repeat(51)), { code: 'over-quota' });
  await put('one', 'x'.repeat(99));
  await put('two', 'x'.repeat(51));
  await put('three', '');
  await assert.rejects(put('four', ''), { code: 'limit' });
  checkScriptRoom(account, own('three'), 0, LIMITS);
  assert.throws(() => checkScriptRoom(account, own('four'), 0, LIMITS), { code: 'limit' });
});

test('two at once come to one script', async () => {
  await deleteScript(kit.domain, account, own('two'));
  await Promise.all([
    put('two', 'a'),
    put('two', 'b'),
    deleteScript(kit.domain, account, own('two')),
    put('three', 'b'),
  ]);
  assert.deepEqual(names(), ['own one', 'own three']);
  assert.equal(String(await readScript(kit.domain, account, scriptOf(account, own('three')))), 'b');
});

async function send(...wanted: Disposition[]) {
  answers = [...wanted];
  const received = await receive(
    kit.domain.store,
    [account.id],
    1000,
    Buffer.from('Subject: x\r\n\r\nx\r\n'),
  );
  const [outcome] = await deliver(
    kit.domain,
    [{ account: account.id, address: 'alice@example.com' }],
    received,
    '',
  );
  return outcome;
}

test('what is to happen once is asked anew when it has happened meanwhile', async () => {
  const key = 'a'.repeat(20);
  const once = { key, untilMs: Date.now() + 60_000, mustBeNew: true };
  const first = { copies: [], memories: [once], note: 'first' };
  await send(first);
  asked = 0;
  const second = { copies: [], note: 'second' };
  await send(first, second);
  assert.equal(asked, 2);
  await send({ ...second, refusal: 'no' });
  await send(second);
  const entries = await readRuleEntries(kit.domain, account, 10);
  assert.deepEqual(
    entries.map(({ text }) => text),
    ['first', 'second', 'second', 'second'],
  );
  const renewed = { ...once, untilMs: once.untilMs + 1, mustBeNew: false };
  await send({ copies: [], memories: [renewed] });
  await kit.domain.accounts.evict(account.id, 'to be read anew');
  account = await kit.domain.accounts.open(account.id);
  assert.deepEqual([...(await loadMemories(kit.domain, account))], [[key, renewed.untilMs]]);
});

test('what is remembered has a bound', async () => {
  const untilMs = Date.now() + 60_000;
  const memories = Array.from({ length: MAX_MEMORIES + 50 }, (_, n) => {
    return { key: n.toString(16).padStart(20, '0'), untilMs, mustBeNew: true };
  });
  await send({ copies: [], memories });
  assert.ok((account.memories?.size ?? 0) <= MAX_MEMORIES);
  const kept = new Map(account.memories);
  await kit.domain.accounts.evict(account.id, 'to be read anew');
  account = await kit.domain.accounts.open(account.id);
  assert.deepEqual(new Set((await loadMemories(kit.domain, account)).keys()), new Set(kept.keys()));
  assert.equal(kept.has(memories.at(-1)?.key ?? ''), true);
});

test('the log of rules has a bound', async () => {
  const before = (await readRuleEntries(kit.domain, account, 10_000)).length;
  for (let n = 0; n < 60; n++) await send({ copies: [], note: `${n}` });
  assert.equal((await readRuleEntries(kit.domain, account, 10_000)).length, before + 60);
  const rows = Array.from({ length: RULE_ENTRIES.most + 500 }, (_, n) => `old ${n}`);
  await kit.domain.turns.run({ account, run: ({ rules }) => rows.forEach((row) => void rules.note(row)) });
  const left = await readRuleEntries(kit.domain, account, 10_000);
  assert.ok(left.length <= RULE_ENTRIES.most + 50, `${left.length} lines`);
  assert.equal(left.at(-1)?.text, rows.at(-1));
});

test('a change that is refused has remembered nothing', async () => {
  const size = account.memories?.size;
  const { scripts } = account;
  const run = () => {
    throw new Error('made up');
  };
  await assert.rejects(
    kit.domain.turns.run({
      account,
      run: (change) => {
        change.rules.remember({ key: 'f'.repeat(20), untilMs: 1e15 });
        change.rules.drop(scripts[0]?.id ?? 0);
        run();
      },
    }),
  );
  assert.equal(account.memories?.size, size);
  assert.equal(account.scripts, scripts);
});

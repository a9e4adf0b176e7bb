/** Scripts, what they remember, and what they did. */
import assert from 'node:assert/strict';
import type { Memory, RuleEntry, ScriptRow } from '../../mailbox/model/rules.ts';
import type { MailStore, RowChange } from '../../mailbox/port/store.ts';
import { ALICE, aBatch, BOB, commit, someBytes } from '../fixtures.ts';
import type { Test } from './harness.ts';

const script = (id: number, rest: Partial<ScriptRow> = {}): ScriptRow => ({
  id,
  role: 'own',
  name: `script ${id}`,
  isActive: false,
  sizeBytes: 10,
  hash: `${id}`.repeat(64),
  changedMs: 1_700_000_000_000 + id,
  ...rest,
});
const put = (row: ScriptRow, text?: Buffer): RowChange => ({ kind: 'script', row, text });
const memory = (n: number, untilMs = 1000): Memory => ({ key: n.toString(16).padStart(20, '0'), untilMs });
const remembered = (one: Memory): RowChange => ({ kind: 'remembered', memory: one });
const entry = (n: number): RuleEntry => ({ atMs: n, text: `did ${n}: åäö` });
const added = (one: RuleEntry): RowChange => ({ kind: 'rule-entry', entry: one });
const scriptsOf = async (store: MailStore, account = ALICE) => (await store.loadAccount(account))?.scripts;

export function ruleTests(test: Test): void {
  test('a script is there with its text, is replaced, and goes', async (store, harness) => {
    const [first, second, away] = [script(1), script(2, { isActive: true }), script(3, { role: 'away' })];
    const large = someBytes(1_000_000);
    const rules = [put(first, Buffer.from('keep;')), put(second, large), put(away, Buffer.alloc(0))];
    await commit(store, aBatch(0, { rules }), aBatch(0, { account: BOB, rules: [put(script(1), large)] }));
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await scriptsOf(again), [first, second, away]);
    assert.deepEqual(await again.loadScript(ALICE, 1), Buffer.from('keep;'));
    assert.deepEqual(await again.loadScript(ALICE, 2), large);
    assert.deepEqual(await again.loadScript(ALICE, 3), Buffer.alloc(0));
    assert.equal(await again.loadScript(ALICE, 4), undefined);
    const renamed = script(2, { name: 'another', role: 'before' });
    await commit(again, aBatch(1, { rules: [put(renamed), { kind: 'script-dropped', id: 1 }] }));
    assert.deepEqual(await scriptsOf(again), [renamed, away]);
    assert.deepEqual(await again.loadScript(ALICE, 2), large);
    assert.equal(await again.loadScript(ALICE, 1), undefined);
    assert.deepEqual(await scriptsOf(again, BOB), [script(1)]);
    await again.close();
  });

  test('memories come by their keys, are renewed and forgotten', async (store, harness) => {
    const far: Memory = { key: 'ffffffffffffffffffff', untilMs: 2 ** 50 };
    const many = Array.from({ length: 20 }, (_, n) => memory(n * 2 ** 46, n));
    await commit(store, aBatch(0, { rules: [...many, far].map(remembered) }));
    await commit(store, aBatch(0, { account: BOB, rules: [remembered(memory(1))] }));
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.loadMemories(ALICE, '', 100), [...many, far]);
    assert.deepEqual(await again.loadMemories(ALICE, '', 3), many.slice(0, 3));
    assert.deepEqual(await again.loadMemories(ALICE, many[2]?.key ?? '', 3), many.slice(3, 6));
    assert.deepEqual(await again.loadMemories(ALICE, far.key, 3), []);
    const [first, second] = many as [Memory, Memory];
    const renewed = { ...first, untilMs: 77 };
    await commit(
      again,
      aBatch(1, { rules: [remembered(renewed), { kind: 'forgotten', keys: [second.key, '0'.repeat(20)] }] }),
    );
    assert.deepEqual(
      (await again.loadMemories(ALICE, '', 2)).map(({ key }) => key),
      [many[2]?.key, many[3]?.key],
    );
    assert.deepEqual(await again.loadMemories(BOB, '', 9), [memory(1)]);
    await again.close();
  });

  test('entries come in their order, the last ones are kept', async (store) => {
    await commit(store, aBatch(0, { rules: [1, 2, 3].map((n) => added(entry(n))) }));
    await commit(store, aBatch(0, { account: BOB, rules: [added(entry(9))] }));
    await commit(store, aBatch(1, { rules: [4, 5].map((n) => added(entry(n))) }));
    assert.deepEqual(await store.loadRuleEntries(ALICE, 3), [3, 4, 5].map(entry));
    await commit(store, aBatch(2, { rules: [{ kind: 'rule-entries-pruned', beforeMs: 2, most: 9 }] }));
    assert.deepEqual(await store.loadRuleEntries(ALICE, 9), [2, 3, 4, 5].map(entry));
    await commit(
      store,
      aBatch(3, { rules: [{ kind: 'rule-entries-pruned', beforeMs: 0, most: 2 }, added(entry(6))] }),
    );
    assert.deepEqual(await store.loadRuleEntries(ALICE, 9), [4, 5, 6].map(entry));
    assert.deepEqual(await store.loadRuleEntries(BOB, 9), [entry(9)]);
  });

  test('a batch that is refused leaves nothing of them, and they go with the account', async (store) => {
    const rules = [put(script(1), Buffer.from('x')), remembered(memory(1)), added(entry(1))];
    assert.equal((await store.write([aBatch(5, { rules })]).committed)[0]?.code, 'conflict');
    await commit(store, aBatch(0));
    assert.deepEqual(await scriptsOf(store), []);
    await commit(store, aBatch(1, { rules }));
    await store.destroyAccount(ALICE);
    assert.equal(await store.loadScript(ALICE, 1), undefined);
    assert.deepEqual(await store.loadMemories(ALICE, '', 9), []);
    assert.deepEqual(await store.loadRuleEntries(ALICE, 9), []);
  });
}

/** What is told of objects beside the mail, and the state that goes with it, while the store refuses changes. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Random } from '../../../test/crash/random.ts';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { CALM, UnreliableStore } from '../../../test/kit/unreliable-store.ts';
import { FIRST_BELONGING } from '../../mailbox/model/belongings.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { belongingChanges, belongingState } from './belonging-state.ts';
import type { Call } from './method.ts';

let kit: TestDomain;
let store: UnreliableStore;
let account: AccountState;

before(async () => {
  kit = await openTestDomain({
    wrapStore: (inner) => {
      store = new UnreliableStore(inner, new Random(1));
      return store;
    },
  });
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  account = await kit.domain.accounts.open(id);
  await loadBelongings(kit.domain, account);
});
after(() => kit.close());

function add(text: string): Promise<number> {
  return kit.domain.turns.run({
    account,
    run: (change) => change.belongings.add('identity', Buffer.from(text)),
  });
}

test('of what is taken back while it is looked at nothing is told', async () => {
  const call = { domain: kit.domain } as unknown as Call;
  const sinceState = await belongingState(call, account, 'identity');
  store.weather = { ...CALM, refusal: 1 };
  store.pause();
  const refused = add('one');
  while (account.unsettled === undefined) await nextTurn();
  const changes = belongingChanges(call, account, { kind: 'identity', sinceState, maxChanges: 10 });
  await nextTurn();
  store.resume();
  await assert.rejects(refused);
  assert.deepEqual((await changes)?.created, []);
  store.weather = CALM;
  const number = await add('other');
  const later = await belongingChanges(call, account, { kind: 'identity', sinceState, maxChanges: 10 });
  assert.deepEqual(later?.created, [`i${number}`]);
});

test('a number is given once, also when it is not told any more that the last one went', async () => {
  const { nextEmail } = account;
  const first = await add('first');
  const last = await add('last');
  assert.ok(first >= FIRST_BELONGING && last === first + 1);
  await kit.domain.turns.run({
    account,
    run: ({ belongings }) => {
      for (const id of [first, last]) belongings.drop(id);
      belongings.forget([first, last]);
    },
  });
  assert.equal(await add('next'), last + 1);
  assert.equal(account.nextEmail, nextEmail);
});

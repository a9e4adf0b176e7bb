/** What became of mail is written down, each message's without waiting for what the store does not take of another's. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startNextHop } from '../../test/kit/next-hop.ts';
import { openQueue, type QueueKit, zoneFor } from '../../test/kit/queue.ts';
import { silentLog } from '../base/log.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { outgoingAccount, outgoingId, type RecipientChange } from '../mailbox/model/outgoing.ts';
import { StoreError, type StoreErrorCode } from '../mailbox/port/store.ts';
import { ALICE, BOB } from '../store/fixtures.ts';
import { Settler } from './settler.ts';

/** The store refuses what becomes of Anna's mail, while it does. */
interface Refusing extends QueueKit {
  code: StoreErrorCode | undefined;
  /** As when the whole of a shard does. */
  throwsIt: boolean;
  /** How often it has. */
  refused: number;
}

async function scene(run: (it: Refusing, sent: () => number) => Promise<void>): Promise<void> {
  const hop = await startNextHop();
  const queue = await openQueue({ zone: zoneFor('example.org'), port: hop.port, isStarted: false });
  const it: Refusing = { ...queue, code: 'damaged', throwsIt: false, refused: 0 };
  const { outgoing } = queue.kit.store;
  const anna = queue.sender.id;
  const settle = outgoing.settle.bind(outgoing);
  outgoing.settle = async (changes) => {
    const { code } = it;
    const isHers = ({ outgoing: id }: RecipientChange): boolean => outgoingAccount(id) === anna;
    if (code === undefined || !changes.some(isHers)) return settle(changes);
    const error = new StoreError(code, 'not this one');
    it.refused++;
    if (it.throwsIt) throw error;
    const outcomes = await settle(changes.filter((change) => !isHers(change)));
    let at = 0;
    return changes.map((change) => (isHers(change) ? error : (outcomes[at++] as boolean)));
  };
  try {
    await run(it, () => hop.mails.length);
  } finally {
    await queue.close();
    await hop.close();
  }
}

const ended = (account: AccountId): RecipientChange => ({
  outgoing: outgoingId(account, 1),
  n: 1,
  become: 'ended',
});

/** One of Anna's and one of Bo's, which end in the same turn. */
async function sendTwo(it: Refusing) {
  const hers = await it.send(['cy@example.org']);
  const { id, address } = await it.kit.addAccount('bo@example.com', 'secret words');
  const anna = { ...it.sender };
  Object.assign(it.sender, { id, address });
  const his = await it.send(['cy@example.org']);
  Object.assign(it.sender, anna);
  it.queue.start();
  return { hers, his };
}

async function until(is: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const untilMs = performance.now() + 8000; !(await is()); await pause(10))
    assert.ok(performance.now() < untilMs, what);
}

describe('what became of mail', () => {
  for (const throwsIt of [false, true])
    it(`is written down beside what is ${throwsIt ? 'refused with it' : 'refused alone'}`, async () => {
      const [hers, his] = [ended(ALICE), ended(BOB)];
      let isFull = true;
      const full = new StoreError('full', 'no room');
      const settler = new Settler(
        {
          settle: async (changes) => {
            if (isFull && throwsIt && changes.includes(hers)) throw full;
            return changes.map((change) => (isFull && change === hers ? full : true));
          },
        },
        silentLog,
      );
      let isWritten = false;
      const written = settler.settle([hers]).then(() => {
        isWritten = true;
      });
      await settler.settle([his]);
      assert.equal(isWritten, false);
      isFull = false;
      await written;
      assert.ok(!settler.isUnwritten(hers.outgoing));
    });

  for (const code of ['damaged', 'fenced'] as const)
    it(`is left alone when it is ${code}, and the message is not sent again`, () =>
      scene(async (it, sent) => {
        it.code = code;
        it.throwsIt = code === 'fenced';
        const { hers } = await sendTwo(it);
        await until(() => it.refused > 0 && it.queue.connections === 0, 'it is tried for ever');
        assert.equal(sent(), 2);
        it.kit.domain.turns.outbox.tell([hers]);
        await pause(100);
        await until(() => it.queue.connections === 0, 'it is tried once more');
        assert.equal(sent(), 2);
        assert.deepEqual(await it.states(hers), ['waiting']);
        await assert.rejects(it.queue.writeDown([hers]));
        it.code = undefined;
        await it.queue.writeDown([hers]);
        assert.equal(await it.states(hers), undefined, 'what had become of it is written, and nothing else');
        assert.equal(sent(), 2);
      }));
});

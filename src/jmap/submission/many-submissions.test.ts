/** Accounts that send much: what a look costs where much waits, and what is kept of what has left. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import type { BelongingRow } from '../../mailbox/model/belongings.ts';
import { emailNumber } from '../../mailbox/model/model.ts';
import { emailObjectId } from '../../mailbox/model/object-ids.ts';
import { NOTIFY_DEFAULT, type OutgoingId } from '../../mailbox/model/outgoing.ts';
import { receive } from '../../mailbox/operations/incoming.ts';
import { acceptUnshown, dropOutgoing } from '../../mailbox/operations/outgoing.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { loadBelongings } from '../../mailbox/state/belongings.ts';
import { addSubmission } from '../../submission/submission-gist.ts';
import { queuedFor, type SubmissionRecord } from '../../submission/submission-record.ts';
import { changedSince, MOST_TRACES } from '../core/belonging-state.ts';
import type { Call } from '../core/method.ts';
import { SentMail } from './sent-mail.ts';
import { readSubmission } from './submission-value.ts';
import { bringUpToDate } from './up-to-date.ts';

const WAITING = 250;
const TO = 'bo@example.org';

function record(more: Partial<SubmissionRecord>): SubmissionRecord {
  const blank = { identityId: 'i1', threadId: 't1', emailId: 'e1', envelope: null, sendAtMs: 0, outgoing: 0 };
  return { ...blank, undoStatus: 'pending', delivery: queuedFor([TO]), ...more };
}

describe('an account that sends much', () => {
  let kit: TestDomain;
  let account: AccountState;
  let sent: SentMail;
  before(async () => {
    kit = await openTestDomain();
    const { id } = await kit.addAccount('anna@example.com', 'secret words');
    account = await kit.domain.accounts.open(id);
    await loadBelongings(kit.domain, account);
    sent = new SentMail(kit.domain, kit.domain.log);
    kit.domain.turns.outbox.listenForEnds((ids) => {
      for (const one of ids) sent.tried(one);
    });
  });
  after(async () => {
    sent.stop();
    await kit.close();
  });

  async function wait(): Promise<OutgoingId> {
    const { domain } = kit;
    const text = Buffer.from('From: anna@example.com\r\nSubject: later\r\n\r\nHello.\r\n');
    const received = await receive(domain.store, [account.id], 1e6, text);
    const untilMs = Date.now() + 3_600_000;
    const base = { kind: 'sent', sender: 'anna@example.com', isUtf8: false, isEightBit: false } as const;
    return acceptUnshown(domain, account, received, {
      envelope: {
        ...{ ...base, requiresTls: false, isTlsOptional: false },
        ...{ holdUntilMs: untilMs, expiresMs: untilMs + 1000 },
      },
      recipients: [{ address: TO, route: 'remote', notify: NOTIFY_DEFAULT }],
      tells: (change, email) =>
        addSubmission(change, (number) =>
          record({
            emailId: emailObjectId(emailNumber(email)),
            outgoing: account.id * 2 ** 32 + number,
          }),
        ),
    });
  }

  const values = (): readonly SubmissionRecord[] =>
    [...(account.belongings?.values() ?? [])].flatMap(({ value }) => value ?? []).map(readSubmission);

  test('a look asks the queue for what something became of, and not for all that waits', async (t) => {
    const ids: OutgoingId[] = [];
    for (let n = 0; n < WAITING; n++) ids.push(await wait());
    const { outgoing } = kit.domain.store;
    const load = outgoing.load.bind(outgoing);
    let asked = 0;
    t.mock.method(outgoing, 'load', (some: readonly OutgoingId[]) => {
      asked += some.length;
      return load(some);
    });
    await bringUpToDate(kit.domain, account);
    assert.equal(asked, WAITING, 'what came into memory');
    asked = 0;
    await bringUpToDate(kit.domain, account);
    assert.equal(asked, 0);
    await dropOutgoing(kit.domain, ids.slice(0, 2), { reason: 'a mistake', isReported: false });
    asked = 0;
    await bringUpToDate(kit.domain, account);
    assert.equal(asked, 2);
    const canceled = values().filter(({ undoStatus }) => undoStatus === 'canceled');
    assert.deepEqual(
      canceled.map(({ outgoing: id }) => id),
      ids.slice(0, 2),
    );
  });

  test('of what has left the oldest go, and nobody is kept from sending', async () => {
    const most = 5;
    const before = values().filter(({ undoStatus }) => undoStatus === 'pending').length;
    const left = { undoStatus: 'final', delivery: {} } as const;
    for (let n = 0; n < 8; n++)
      await kit.domain.turns.run({
        account,
        run: (change) => addSubmission(change, () => record({ ...left, emailId: `e${n}` }), most),
      });
    const ended = values().filter(({ undoStatus }) => undoStatus !== 'pending');
    assert.deepEqual(
      ended.map(({ emailId }) => emailId),
      ['e3', 'e4', 'e5', 'e6', 'e7'],
    );
    assert.equal(values().length - ended.length, before, 'what waits stays');
  });
});

test('a state from before what is remembered of many is not known', () => {
  const rows = Array.from({ length: MOST_TRACES }, (_, n): BelongingRow => {
    const modseq = (n + 100) as BelongingRow['modseq'];
    return { id: n, kind: 'submission', createdModseq: modseq, modseq, atMs: Date.now(), value: undefined };
  });
  const call = { domain: { clock: { nowMs: () => Date.now() } } } as unknown as Call;
  const account = { modseq: 1e6 } as unknown as AccountState;
  const day = Math.floor(Date.now() / 86_400_000);
  const since = (modseq: number, known = rows): number | undefined => {
    const then = { state: `s${MOST_TRACES + 99}-${day}`, rows: known };
    return changedSince(call, account, 'submission', { then, state: `s${modseq}-${day}` })?.length;
  };
  assert.equal(since(99), undefined);
  assert.equal(since(100), MOST_TRACES - 1);
  assert.equal(since(1, rows.slice(1)), MOST_TRACES - 1, 'none was forgotten');
});

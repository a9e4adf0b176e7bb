/** Whatever comes of an attempt, a row has a next time or an end. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random, seedOf } from '../../test/crash/random.ts';
import { runs } from '../../test/kit/runs.ts';
import { anOutgoing, aRecipient, email } from '../store/fixtures.ts';
import { changeFor, isDelayTold } from './outcomes.ts';
import { SCHEDULE } from './schedule.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const DAY = 24 * 3_600_000;

describe('the outcome of an attempt', () => {
  it(`has a next time that is not behind the end, or is an end (${SEED})`, () => {
    const random = new Random(SEED);
    for (let run = 0; run < runs(3000); run++) {
      const nowMs = random.integer(0, 1e12);
      const expiresMs = nowMs + random.integer(-1, 6) * DAY;
      const { row } = anOutgoing(2, {
        email: email(1),
        expiresMs,
        sender: random.pick(['', 'a@example.com']),
      });
      const recipient = aRecipient({ attempts: random.integer(0, 50), notify: random.integer(0, 7) });
      const kind = random.pick(['delivered', 'failed', 'deferred', 'again'] as const);
      const outcome = {
        recipient,
        kind,
        status: '4.0.0',
        host: 'mx',
        text: 'x',
        isReply: true,
        hasDsn: random.chance(0.5),
      };
      const settling = { row, nowMs, schedule: SCHEDULE, random: random.fraction() };
      const { become } = changeFor(outcome, settling);
      if (become === 'ended') {
        assert.ok(kind === 'delivered' || kind === 'failed' || nowMs >= expiresMs - 1000);
        continue;
      }
      assert.ok(become.nextMs !== undefined && become.nextMs >= nowMs, JSON.stringify(become));
      if (become.state === undefined) assert.ok(become.nextMs <= Math.max(nowMs, expiresMs));
      // Nobody is told who must not be.
      if (become.state === 'failed') assert.ok(row.sender !== '' && (recipient.notify & 2) !== 0);
    }
  });

  it('comes to its end, however often it is deferred', () => {
    const { row } = anOutgoing(2, { email: email(1), expiresMs: SCHEDULE.giveUpMs });
    let recipient = aRecipient({ nextMs: 0 });
    for (let tries = 0; ; tries++) {
      assert.ok(tries < 100, 'it is tried for ever');
      const nowMs = recipient.nextMs as number;
      const outcome = {
        recipient,
        kind: 'deferred',
        status: '4.0.0',
        host: '',
        text: 'x',
        isReply: false,
        hasDsn: false,
      } as const;
      const { become } = changeFor(outcome, { row, nowMs, schedule: SCHEDULE, random: 0.5 });
      assert.ok(become !== 'ended');
      if (become.state === 'failed') {
        assert.ok(nowMs >= SCHEDULE.giveUpMs - 1000);
        return;
      }
      recipient = { ...recipient, ...become } as typeof recipient;
    }
  });

  it('is told as late once, to who wants to hear', () => {
    const { row } = anOutgoing(2, { email: email(1), createdMs: 0 });
    const late = SCHEDULE.warnMs;
    assert.ok(isDelayTold({ notify: 4, isTold: false }, row, late, SCHEDULE));
    assert.ok(!isDelayTold({ notify: 4, isTold: true }, row, late, SCHEDULE));
    assert.ok(!isDelayTold({ notify: 2, isTold: false }, row, late, SCHEDULE));
    assert.ok(!isDelayTold({ notify: 4, isTold: false }, row, late - 1, SCHEDULE));
    assert.ok(!isDelayTold({ notify: 4, isTold: false }, { ...row, sender: '' }, late, SCHEDULE));
  });
});

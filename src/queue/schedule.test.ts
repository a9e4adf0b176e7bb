import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random, seedOf } from '../../test/crash/random.ts';
import { runs } from '../../test/kit/runs.ts';
import { nextProbeMs, nextTryMs, SCHEDULE } from './schedule.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const HOUR = 3_600_000;

describe('the schedule', () => {
  it('tries twice and more in the first hour, and for days', () => {
    const times: number[] = [];
    for (let at = 0; at < SCHEDULE.giveUpMs; at = nextTryMs(SCHEDULE, times.length, at, 0.5)) times.push(at);
    assert.ok(times.filter((at) => at < HOUR).length >= 3);
    assert.ok(times.length > 30 && times.length < 60, `${times.length} tries`);
  });

  it(`always goes on, never sooner than nine tenths of a gap, never later than eleven (${SEED})`, () => {
    const random = new Random(SEED);
    for (let run = 0; run < runs(2000); run++) {
      const gapsMs = Array.from({ length: random.integer(1, 9) }, () => random.integer(1, 1e8));
      const attempts = random.integer(0, 40);
      const now = random.integer(0, 2e12);
      const next = nextTryMs({ gapsMs }, attempts, now, random.fraction());
      const gap = gapsMs[Math.min(Math.max(attempts, 1), gapsMs.length) - 1] as number;
      assert.ok(next >= Math.floor(now + gap * 0.9) && next <= Math.ceil(now + gap * 1.1));
      const probe = nextProbeMs(attempts, now, random.fraction());
      assert.ok(probe > now + 50_000 && probe <= now + 1.1 * HOUR);
    }
  });
});

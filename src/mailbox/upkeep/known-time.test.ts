import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { KnownTime, type TimeMemory } from './known-time.ts';

const HOUR = 3600_000;
const DAY = 24 * HOUR;

class World {
  wallMs = 1_000 * DAY;
  elapsed = 5;
  readonly warnings: unknown[] = [];

  open(memory?: TimeMemory): KnownTime {
    const log = { ...silentLog, warn: (about: unknown) => void this.warnings.push(about) };
    const clock = { nowMs: () => this.wallMs };
    return new KnownTime({ clock, log: log as typeof silentLog, memory, elapsedMs: () => this.elapsed });
  }

  pass(ms: number): void {
    this.wallMs += ms;
    this.elapsed += ms;
  }
}

describe('the time by which mail is given up', () => {
  it('is the clock while that goes on as time does', () => {
    const world = new World();
    const time = world.open();
    world.pass(40 * DAY);
    assert.equal(time.nowMs(), world.wallMs);
    world.wallMs += 23 * HOUR;
    assert.equal(time.nowMs(), world.wallMs);
    assert.equal(world.warnings.length, 0);
  });

  it('does not jump ahead by a year, and says so once', () => {
    const world = new World();
    const time = world.open();
    const before = time.nowMs();
    world.wallMs += 365 * DAY;
    assert.equal(time.nowMs(), before);
    world.pass(HOUR);
    assert.equal(time.nowMs(), before + HOUR);
    assert.equal(world.warnings.length, 1);
    world.wallMs -= 365 * DAY;
    assert.equal(time.nowMs(), world.wallMs);
    world.pass(2 * DAY);
    assert.equal(time.nowMs(), world.wallMs);
    assert.equal(world.warnings.length, 1);
  });

  it('believes the clock after a day, also over several starts', () => {
    const world = new World();
    const { memory } = world.open();
    world.wallMs += 10 * DAY;
    const second = world.open(memory);
    assert.equal(second.nowMs(), memory.knownMs);
    world.pass(20 * HOUR);
    const third = world.open(second.memory);
    world.pass(3 * HOUR);
    assert.ok(third.nowMs() < world.wallMs - 5 * DAY);
    world.pass(2 * HOUR);
    assert.equal(third.nowMs(), world.wallMs);
    assert.equal(third.memory.waitedMs, 0);
  });

  it('makes nothing older by a jump that it has believed, also after another start', () => {
    const world = new World();
    world.wallMs = 3 * HOUR;
    const early = world.open();
    const putAwayMs = early.nowMs();
    world.pass(HOUR);
    // The clock is right now, and believed a day later.
    world.wallMs = 20_000 * DAY;
    assert.equal(early.nowMs(), 4 * HOUR);
    world.pass(25 * HOUR);
    assert.equal(early.nowMs(), world.wallMs);
    for (const time of [early, world.open(JSON.parse(JSON.stringify(early.memory)))]) {
      const ranMs = 26 * HOUR;
      assert.equal(time.dueMs(putAwayMs, 30 * DAY), world.wallMs - ranMs + 30 * DAY);
      assert.equal(time.dueMs(world.wallMs, 30 * DAY), world.wallMs + 30 * DAY);
      assert.equal(time.dueMs(putAwayMs, HOUR), putAwayMs + HOUR, 'it was over before');
      assert.equal(time.pastMs(30 * DAY), putAwayMs + ranMs - 30 * DAY);
      assert.equal(time.pastMs(26 * HOUR), putAwayMs);
    }
    world.pass(40 * DAY);
    assert.ok(early.dueMs(putAwayMs, 30 * DAY) < early.nowMs());
    assert.equal(early.pastMs(30 * DAY), world.wallMs - 30 * DAY);
    // Too far: it was no such jump.
    world.wallMs = 10_000 * DAY;
    assert.equal(early.nowMs(), world.wallMs);
    assert.deepEqual(
      early.memory.jumps?.map(({ afterMs }) => afterMs),
      [10_000 * DAY],
    );
    world.wallMs = HOUR;
    early.nowMs();
    assert.deepEqual(early.memory.jumps, []);
  });

  it('agrees with itself about what is due, whatever the clock has done', () => {
    let seed = 7;
    const random = (most: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % most;
    };
    const world = new World();
    world.wallMs = DAY;
    const time = world.open();
    const dates: number[] = [];
    for (let n = 0; n < 300; n++) {
      if (random(4) === 0) world.wallMs += random(900) * DAY;
      else world.pass(random(40) * HOUR);
      const nowMs = time.nowMs();
      dates.push(nowMs);
      const ageMs = random(60) * DAY;
      const pastMs = time.pastMs(ageMs);
      for (const date of dates) assert.equal(date <= pastMs, time.dueMs(date, ageMs) <= nowMs, `${n}`);
    }
  });

  it('goes back with the clock at once', () => {
    const world = new World();
    const time = world.open();
    world.wallMs -= 40 * DAY;
    assert.equal(time.nowMs(), world.wallMs);
    world.wallMs += 40 * DAY;
    assert.equal(time.nowMs(), world.wallMs - 40 * DAY);
  });
});

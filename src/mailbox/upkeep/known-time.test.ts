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

  it('goes back with the clock at once', () => {
    const world = new World();
    const time = world.open();
    world.wallMs -= 40 * DAY;
    assert.equal(time.nowMs(), world.wallMs);
    world.wallMs += 40 * DAY;
    assert.equal(time.nowMs(), world.wallMs - 40 * DAY);
  });
});

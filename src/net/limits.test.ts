import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressBlock } from '../base/ip-address.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { Roster } from './roster.ts';
import { Sweep } from './sweep.ts';

describe('counting', () => {
  test('addresses are counted by the block a customer gets, loopback is not', () => {
    const rows = [
      ['192.0.2.1', '192.0.2.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:db8::1', '2001:db8:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['::', '0:0:0:0::/64'],
    ] as const;
    for (const [address, block] of rows) assert.equal(addressBlock(address), block);
    const limits = new ConnectionLimits({ total: 4, perAddress: 1 });
    assert.equal(limits.enter('2001:db8::1'), undefined);
    assert.equal(limits.enter('2001:db8::2'), 'address-full');
    limits.leave('2001:db8::1');
    assert.equal(limits.enter('2001:db8::2'), undefined);
    for (let i = 0; i < 3; i++) assert.equal(limits.enter('127.0.0.1'), undefined);
    assert.equal(limits.enter('::1'), 'server-full');
  });

  test('an account over its limit loses the session that was idle longest', () => {
    const roster = new Roster(2);
    const stopped: number[] = [];
    const member = (lastActiveMs: number) => ({ lastActiveMs, stop: () => void stopped.push(lastActiveMs) });
    const leave = roster.join('alice', member(30));
    roster.join('alice', member(10));
    roster.join('alice', member(20));
    assert.deepEqual(stopped, [10]);
    leave();
    assert.equal(roster.count('alice'), 1);
  });

  test('the sweep asks everybody and stops its timer when nobody is left', () => {
    let now = 5;
    const sweep = new Sweep(1_000_000, () => now);
    const asked: number[] = [];
    const member = { sweep: (ms: number) => void asked.push(ms) };
    sweep.add(member);
    now = 9;
    sweep.tick();
    sweep.remove(member);
    sweep.tick();
    assert.deepEqual(asked, [9]);
    assert.equal(sweep.size, 0);
  });
});

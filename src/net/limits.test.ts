import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressBlock } from '../base/ip-address.ts';
import { Connections } from './connections.ts';
import { Guest, type Peer } from './guest.ts';
import { Roster } from './roster.ts';
import { Sweep } from './sweep.ts';

function peer(remoteAddress: string): Peer {
  return {
    remoteAddress,
    tlsVersion: undefined,
    idleMs: 0,
    bytesRead: 0,
    bytesWritten: 0,
    destroy: () => {},
  };
}

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
    const connections = new Connections({ total: 4, perAddress: 1 });
    const enter = (address: string) => connections.enter('imap', 'imaps', peer(address));
    const first = enter('2001:db8::1');
    assert.ok(first instanceof Guest);
    assert.equal(enter('2001:db8::2'), 'address-full');
    first.leave();
    first.leave();
    assert.ok(enter('2001:db8::2') instanceof Guest);
    for (let i = 0; i < 3; i++) assert.ok(enter('127.0.0.1') instanceof Guest);
    assert.equal(enter('::1'), 'server-full');
  });

  test('a proxy that asks for many is not counted as one address', () => {
    const connections = new Connections({ total: 4, perAddress: 1 });
    const enter = (isOfMany: boolean) =>
      connections.enter('http', 'https', { ...peer('192.0.2.1'), isOfMany });
    assert.ok(enter(true) instanceof Guest && enter(true) instanceof Guest && enter(false) instanceof Guest);
    assert.equal(enter(false), 'address-full');
  });

  test('each service keeps what is reserved for it, whatever the others do', () => {
    const connections = new Connections({
      total: 50,
      perAddress: 50,
      services: {
        imap: { reserved: 5, hasSignIn: false },
        pop3: { reserved: 5, hasSignIn: false },
        lmtp: { reserved: 12, hasSignIn: false },
      },
    });
    const fill = (service: string): Guest[] => {
      const all: Guest[] = [];
      for (;;) {
        const one = connections.enter(service, service, peer('127.0.0.1'));
        if (!(one instanceof Guest)) return all;
        all.push(one);
      }
    };
    const imap = fill('imap');
    assert.equal(imap.length, 33);
    assert.equal(fill('pop3').length, 5);
    assert.equal(fill('lmtp').length, 12);
    assert.equal(connections.total, 50);
    // What is free beyond that is anybody's.
    for (const one of imap.slice(0, 10)) one.leave();
    assert.equal(fill('lmtp').length, 10);
    assert.equal(fill('imap').length, 0);
    for (const one of imap.slice(10)) one.leave();
    assert.equal(fill('pop3').length, 18);
    assert.equal(fill('imap').length, 5);
  });

  test('strangers push out each other, and nobody who has signed in', () => {
    const services = { imap: { reserved: 0, hasSignIn: true } };
    const connections = new Connections({ total: 20, perAddress: 20, services });
    const destroyed: number[] = [];
    const enter = (number: number): Guest => {
      const one = connections.enter('imap', 'imap', {
        ...peer('127.0.0.1'),
        destroy: () => destroyed.push(number),
      });
      assert.ok(one instanceof Guest, String(number));
      return one;
    };
    for (let i = 0; i < 10; i++) enter(i).signedIn(`user${i}@example.com`, 'PLAIN');
    for (let i = 100; i < 115; i++) enter(i);
    assert.deepEqual(destroyed, [100, 101, 102, 103, 104]);
    assert.equal(connections.total, 20);
    assert.equal(connections.list().filter(({ account }) => account !== undefined).length, 10);
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

describe('connections of several processes', () => {
  const [first, second] = ['worker-0', 'worker-1'] as const;
  const people = { reserved: 0, hasSignIn: true };

  /** Each hears the other at once. */
  function two(total: number, perAddress: number) {
    const make = () => new Connections({ total, perAddress, services: { imap: people } });
    const [a, b] = [make(), make()];
    a.onCounted = () => b.hear(first, a.takeTally());
    b.onCounted = () => a.hear(second, b.takeTally());
    a.onWantsPlace = (name, service) => name === second && b.displaceOldest(service);
    b.onWantsPlace = (name, service) => name === first && a.displaceOldest(service);
    return [a, b] as const;
  }

  test('an address has so many at all of them together', () => {
    const [a, b] = two(100, 3);
    const guests = [a, b, a].map((one) => one.enter('imap', 'imap', peer('192.0.2.7')));
    assert.ok(guests.every((guest) => guest instanceof Guest));
    for (const one of [a, b]) assert.equal(one.enter('imap', 'imap', peer('192.0.2.7')), 'address-full');
    assert.ok(a.enter('imap', 'imap', peer('192.0.2.8')) instanceof Guest);
    (guests[1] as Guest).leave();
    assert.ok(a.enter('imap', 'imap', peer('192.0.2.7')) instanceof Guest);
  });

  test('strangers make room for newcomers at any of them', () => {
    const [a, b] = two(8, 100);
    const strangers = Array.from({ length: 4 }, () => a.enter('imap', 'imap', peer('192.0.2.7')) as Guest);
    const newcomer = b.enter('imap', 'imap', peer('192.0.2.8'));
    assert.ok(newcomer instanceof Guest);
    assert.match(strangers[0]?.end ?? '', /^displaced/);
    assert.equal(a.count('imap') + b.count('imap'), 4);
  });

  test('what one that is gone had is free', () => {
    const [a, b] = two(100, 2);
    for (let n = 0; n < 2; n++) b.enter('imap', 'imap', peer('192.0.2.7'));
    assert.equal(a.enter('imap', 'imap', peer('192.0.2.7')), 'address-full');
    a.hear(second, undefined);
    assert.ok(a.enter('imap', 'imap', peer('192.0.2.7')) instanceof Guest);
    a.hear(second, b.takeTally(true));
    assert.equal(a.enter('imap', 'imap', peer('192.0.2.7')), 'address-full');
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../base/secret.ts';
import { DAYS, srsForward, srsReverse } from './srs.ts';

const settings = { secret: new Secret('a secret of ours'), domain: 'ours.example' };
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789+-_=';
const local = fc.string({
  unit: fc.constantFrom(...letters, ...letters.toUpperCase()),
  minLength: 1,
  maxLength: 20,
});
const host = fc.constantFrom('example.org', 'Mail.Example.org', 'a-b.example');

test('the way back leads to the sender, in any case of letters, for seven days', () => {
  fc.assert(
    fc.property(local, host, fc.nat(2_000_000_000_000), fc.nat(30), (name, domain, nowMs, days) => {
      const rewritten = srsForward(`${name}@${domain}`, settings, nowMs);
      assert.ok(rewritten !== undefined && rewritten.length <= 64 + 1 + settings.domain.length);
      const then = nowMs + days * DAY;
      const back = srsReverse(rewritten, settings, then);
      if (days > DAYS) assert.equal(back.kind, 'expired');
      else assert.deepEqual(back, { kind: 'address', address: `${name}@${domain}` });
      const folded = srsReverse(rewritten.toLowerCase(), settings, then);
      assert.equal(folded.kind, back.kind);
    }),
  );
});

test('nobody else makes one, and a changed one is none', () => {
  fc.assert(
    fc.property(local, host, fc.nat(40), fc.constantFrom(...'ABCXYZ27'), (name, domain, at, letter) => {
      const rewritten = srsForward(`${name}@${domain}`, settings, NOW) as string;
      const place = at % rewritten.indexOf('@');
      if (rewritten[place]?.toUpperCase() === letter) return;
      const changed = rewritten.slice(0, place) + letter + rewritten.slice(place + 1);
      assert.notEqual(srsReverse(changed, settings, NOW).kind, 'address');
      const other = { ...settings, secret: new Secret('of another') };
      assert.equal(srsReverse(rewritten, other, NOW).kind, 'forged');
    }),
  );
});

test('what is not rewritten', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['', ''],
    ['anna@ours.example', 'anna@ours.example'],
    ['anna@OURS.example', 'anna@OURS.example'],
    ['anna', undefined],
    ['"two words"@example.org', undefined],
    [`${'a'.repeat(60)}@example.org`, undefined],
  ];
  for (const [sender, expected] of rows) assert.equal(srsForward(sender, settings, NOW), expected, sender);
  for (const recipient of [
    'anna@ours.example',
    'SRS0=a@ours.example',
    'SRS0=AAAAAAAA=AA=b=c@other.example',
    '',
  ])
    assert.deepEqual(srsReverse(recipient, settings, NOW), { kind: 'foreign' });
});

test('one that is passed on twice nests, and unwinds', () => {
  const other = { secret: new Secret('theirs'), domain: 'b.example' };
  const once = srsForward('a@x.example', other, NOW) as string;
  const twice = srsForward(once, settings, NOW) as string;
  assert.deepEqual(srsReverse(twice, settings, NOW), { kind: 'address', address: once });
});

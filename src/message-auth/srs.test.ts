import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
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
      assert.ok(
        rewritten !== undefined &&
          rewritten.length <= 16 + name.length + domain.length + 1 + settings.domain.length,
      );
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
    [`${'a'.repeat(250)}@example.org`, undefined],
  ];
  for (const [sender, expected] of rows) assert.equal(srsForward(sender, settings, NOW), expected, sender);
  for (const recipient of [
    'anna@ours.example',
    'SRS0=a@ours.example',
    'SRS0=AAAAAA=AA=b=c@other.example',
    '',
  ])
    assert.deepEqual(srsReverse(recipient, settings, NOW), { kind: 'foreign' });
});

describe('mail that was passed on before', () => {
  const first = { secret: new Secret('of the first'), domain: 'first.example' };
  const second = { secret: new Secret('of the second'), domain: 'second.example' };

  test('goes back to the first who rewrote it, over any number of hops', () => {
    fc.assert(
      fc.property(local, host, (name, domain) => {
        const once = srsForward(`${name}@${domain}`, first, NOW) as string;
        const twice = srsForward(once, second, NOW) as string;
        const thrice = srsForward(twice, settings, NOW) as string;
        assert.match(thrice, /^SRS1=[A-Z2-7]{6}=first\.example==/);
        assert.equal(thrice.length - settings.domain.length, twice.length - second.domain.length);
        const back = srsReverse(thrice.toLowerCase(), settings, NOW);
        assert.ok(back.kind === 'address');
        assert.equal(back.address.toLowerCase(), once.toLowerCase());
        assert.deepEqual(srsReverse(thrice, settings, NOW), { kind: 'address', address: once });
        assert.deepEqual(srsReverse(once, first, NOW), { kind: 'address', address: `${name}@${domain}` });
        assert.equal(
          srsReverse(thrice.replace('first.example', 'victim.example'), settings, NOW).kind,
          'forged',
        );
      }),
    );
  });

  test('by others, with separators and hashes of their own', () => {
    for (const sender of [
      'SRS0+xY1=AB=example.org=anna@hop.example',
      'srs0-abcd=zz=example.org=a=b@hop.example',
    ]) {
      const rewritten = srsForward(sender, settings, NOW) as string;
      const back = srsReverse(rewritten, settings, NOW);
      assert.ok(back.kind === 'address');
      assert.equal(back.address.toLowerCase(), sender.toLowerCase());
    }
    const again = srsForward(
      'SRS1=zzzz=hop.example==abcd=zz=example.org=anna@third.example',
      settings,
      NOW,
    ) as string;
    assert.match(again, /^SRS1=[A-Z2-7]{6}=hop\.example==abcd=zz=example\.org=anna@ours\.example$/);
  });
});

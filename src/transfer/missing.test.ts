/** What an account lacks of what it had. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Content, missingOf } from './missing.ts';

/** `INBOX:a INBOX:b`: messages in mailboxes, by their octets. */
function contents(text: string): Content[] {
  return text
    .split(' ')
    .filter((one) => one !== '')
    .map((one, n) => {
      const [mailbox = '', digest = ''] = one.split(':');
      return { mailbox, digest, uid: n + 1, bytes: 1 };
    });
}

const text = (all: readonly Content[]): string =>
  all.map(({ mailbox, digest }) => `${mailbox}:${digest}`).join(' ');
const same = (name: string): string => name;

describe('what is missing', () => {
  for (const [then, now, missing] of [
    ['', 'A:a', ''],
    ['A:a', 'A:a', ''],
    ['A:a A:b', 'A:b', 'A:a'],
    ['A:a', 'B:a', ''],
    ['A:a B:a', 'A:a', 'B:a'],
    ['A:a B:a', 'B:a', 'A:a'],
    ['A:a A:a', 'A:a', 'A:a'],
    ['A:a A:a', 'B:a C:a', ''],
    ['A:a B:a', 'C:a', 'B:a'],
    ['A:a', '', 'A:a'],
  ] as const)
    it(`of "${then}" beside "${now}" is "${missing}"`, () =>
      assert.equal(text(missingOf(contents(then), contents(now), same)), missing));

  it('knows a mailbox by the name it has now', () => {
    const nameNow = (name: string): string => (name === 'Sent' ? 'Gesendet' : name);
    assert.equal(text(missingOf(contents('Sent:a A:a'), contents('Gesendet:a'), nameNow)), 'A:a');
  });

  it('brought back is missing no more, and nothing is there more often than it was at one of the two times', () => {
    const one = fc.constantFrom('A:a', 'A:b', 'B:a', 'B:b', 'C:a');
    const some = fc.array(one, { maxLength: 12 }).map((all) => contents(all.join(' ')));
    const count = (all: readonly Content[], digest: string): number =>
      all.filter((content) => content.digest === digest).length;
    fc.assert(
      fc.property(some, some, (then, now) => {
        const after = [...now, ...missingOf(then, now, same)];
        assert.deepEqual(missingOf(then, after, same), []);
        for (const digest of ['a', 'b'])
          assert.equal(count(after, digest), Math.max(count(then, digest), count(now, digest)));
      }),
    );
  });
});

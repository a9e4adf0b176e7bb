/** Which mail was asked to come again, and whether it has, from what stands in the journal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActivityEvent } from '../identity/activity.ts';
import { delayedIn } from './account-delayed.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const ACCOUNT = 'anna@example.com';

function event(what: string, time: string, facts: object = {}): ActivityEvent {
  const about = { from: 'bo@example.org', to: ACCOUNT, remote: '192.0.2.1', ...facts };
  return { time: `2026-11-${time}:00.000Z`, account: ACCOUNT, what, ...about };
}

test('each once, with its tries and when it came; what is older than a day is none', () => {
  const named = { messageId: '<1@example.org>', subject: 'Hej', reason: 'it comes for the first time' };
  const found = delayedIn(
    [
      event('message delayed', '27T11:00', { messageId: '<0@example.org>' }),
      event('message delayed', '28T10:00', named),
      event('delivered', '28T10:20', { messageId: '<1@example.org>' }),
      event('message delayed', '28T10:05', named),
      event('message delayed', '28T11:00', { from: '', reason: 'a list has it' }),
      event('delivered', '28T11:10', { messageId: '<2@example.org>' }),
      event('message refused', '28T11:20', { messageId: '<3@example.org>' }),
    ],
    NOW,
  );
  assert.deepEqual(
    found.map(({ from, subject, tries, cameTime }) => [from, subject, tries, cameTime?.slice(11, 16)]),
    [
      ['bo@example.org', 'Hej', 2, '10:20'],
      ['', undefined, 1, undefined],
    ],
  );
});

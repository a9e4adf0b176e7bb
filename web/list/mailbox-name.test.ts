import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mailbox } from '../sync/model.ts';
import { sv } from '../text/sv.ts';
import { badgeOf, ownMailboxes, roleName, withRole } from './mailbox-name.ts';

const box = (id: string, name: string, rest: Partial<Mailbox> = {}): readonly [string, Mailbox] => [
  id,
  {
    ...{ id, name, parentId: null, role: null, sortOrder: 0, totalEmails: 3, unreadEmails: 2 },
    ...{ totalThreads: 3, unreadThreads: 1, isSubscribed: true, myRights: {} as Mailbox['myRights'] },
    ...rest,
  },
];
const ALL = new Map([
  box('f9', 'Öl'),
  box('f1', 'INBOX', { role: 'inbox' }),
  box('f2', 'Trash', { role: 'trash' }),
  box('f8', 'Zoo'),
  box('f7', '2026', { parentId: 'f6' }),
  box('f6', 'Äldre'),
  box('f5', 'Drafts', { role: 'drafts' }),
  box('f4', 'Under', { parentId: 'f1' }),
  box('f3', '10', { parentId: 'f6' }),
]);

test('those with a role by its name, in their order', () => {
  assert.deepEqual(
    withRole(ALL).map((one) => roleName(one, sv.list)),
    ['Inkorg', 'Utkast', 'Papperskorg'],
  );
});

test('one’s own as a tree, by the rules of the language', () => {
  assert.deepEqual(
    ownMailboxes(ALL, 'sv').map(({ mailbox, depth }) => `${'-'.repeat(depth)}${mailbox.name}`),
    ['Under', 'Zoo', 'Äldre', '-10', '-2026', 'Öl'],
  );
});

test('a badge counts what waits for the person', () => {
  assert.deepEqual([...ALL.values()].filter(({ role }) => role).map(badgeOf), [1, 0, 3]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JmapClient } from '../sync/jmap-client.ts';
import type { Mailbox } from '../sync/model.ts';
import { MailboxChanges, nameFault, possibleParents } from './mailbox-changes.ts';

const box = (id: string, name: string, parentId: string | null = null, role: string | null = null) =>
  [id, { id, name, parentId, role } as Mailbox] as const;
const ALL = new Map([
  box('f1', 'INBOX', null, 'inbox'),
  box('f2', 'Räkningar'),
  box('f3', '2026', 'f2'),
  box('f4', 'Maj', 'f3'),
]);

test('a name that will not do is found before the server is asked', () => {
  for (const [name, parent, own, fault] of [
    ['Resor', null, undefined, undefined],
    ['  ', null, undefined, 'nameBad'],
    ['a/b', null, undefined, 'nameBad'],
    ['räkningar', null, undefined, 'nameTaken'],
    ['Ra\u0308kningar', null, undefined, 'nameTaken'],
    ['Räkningar', 'f2', undefined, undefined],
    ['Räkningar', null, 'f2', undefined],
  ] as const)
    assert.equal(nameFault(name, parent, ALL, own), fault, name);
});

test('a mailbox goes into none that is inside it', () => {
  assert.deepEqual(
    possibleParents(ALL, 'f2').map(({ id }) => id),
    [],
  );
  assert.deepEqual(
    possibleParents(ALL, 'f4').map(({ id }) => id),
    ['f2', 'f3'],
  );
  assert.deepEqual(
    possibleParents(ALL).map(({ id }) => id),
    ['f2', 'f3', 'f4'],
  );
});

/** Answers each call with the next; remembers what was asked. */
function clientOf(...answers: readonly unknown[]) {
  const asked: [string, object][] = [];
  const left = [...answers];
  const client = {
    call: (name: string, args: object) => {
      asked.push([name, args]);
      return { result: Promise.resolve(left.shift() ?? {}), ref: () => ({}) };
    },
  };
  return { changes: new MailboxChanges(client as unknown as JmapClient), asked };
}

test('a mailbox is destroyed when nothing is in it, and made anew with its id told', async () => {
  const { changes, asked } = clientOf({ notDestroyed: { f9: { type: 'mailboxHasEmail' } } }, {});
  assert.equal(await changes.remove('f9'), 'notSaved');
  assert.equal(await changes.remove('f9'), undefined);
  assert.deepEqual(asked.at(-1), ['Mailbox/set', { destroy: ['f9'] }]);
  const again = clientOf({ created: { made: { id: 'f10' } } }).changes;
  assert.equal(await again.makeAnew(ALL.get('f2') as never), 'f10');
});

test('what the server says no to is told in words', async () => {
  for (const [error, fault] of [
    [{ type: 'mailboxHasChild' }, 'hasChildren'],
    [{ type: 'invalidProperties', properties: ['name'] }, 'nameBad'],
    [{ type: 'alreadyExists' }, 'nameTaken'],
    [{ type: 'overQuota' }, 'notSaved'],
  ] as const)
    assert.equal(await clientOf({ notCreated: { made: error } }).changes.create('a', null), fault);
});

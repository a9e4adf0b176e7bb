import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Notice } from '../shell/notices.ts';
import type { Action } from '../sync/actions.ts';
import { MailCache } from '../sync/cache.ts';
import type { Email, Mailbox } from '../sync/model.ts';
import { en } from '../text/en.ts';
import { Deeds } from './deeds.ts';
import { scopeOf } from './scope.ts';
import { Selection } from './selection.ts';
import { moved, pressed, released, STILL } from './swipe.ts';

const ROLES = ['inbox', 'archive', 'trash', 'junk', 'sent', 'drafts'];

function account() {
  const cache = new MailCache();
  const mailbox = (id: string, role: string | null) =>
    [id, { id, name: `named ${id}`, role } as Mailbox] as const;
  cache.setMailboxes(new Map([...ROLES.map((role) => mailbox(role, role)), mailbox('f9', null)]));
  const email = (id: string, mailboxIds: readonly string[], keywords: readonly string[] = []): Email => ({
    ...{
      id,
      threadId: 't1',
      receivedAt: '',
      subject: '',
      from: [],
      to: [],
      preview: '',
      hasAttachment: false,
      size: 1,
    },
    mailboxIds: Object.fromEntries(mailboxIds.map((one) => [one, true])),
    keywords: Object.fromEntries(keywords.map((one) => [one, true])),
  });
  cache.put({
    emails: [
      email('e1', ['inbox'], ['$seen', '$flagged']),
      email('e2', ['sent'], ['$seen']),
      email('e3', ['inbox', 'f9']),
    ],
    threads: [{ id: 't1', emailIds: ['e1', 'e2', 'e3'] }],
  });
  const ran: Action[] = [];
  const shown: Omit<Notice, 'number'>[] = [];
  const deeds = new Deeds({
    cache,
    actions: {
      run: (action) => {
        ran.push(action);
        return { undo: { patches: [] }, done: Promise.resolve() };
      },
    },
    notices: { show: (notice) => void shown.push(notice) },
    texts: () => en.deeds,
  });
  return { cache, deeds, ran, shown };
}

describe('deeds', () => {
  test('archiving takes out of this mailbox what lies in it, and nothing else', () => {
    const { deeds, ran, shown } = account();
    deeds.do('archive', { threads: ['t1'], mailbox: 'inbox' });
    assert.deepEqual(ran[0]?.patches, [
      { id: 'e1', mailboxIds: { inbox: false, archive: true } },
      { id: 'e3', mailboxIds: { inbox: false, archive: true } },
    ]);
    assert.equal(shown[0]?.action?.text, 'Undo');
  });

  test('deleting takes it out of everywhere, and in the Trash for good', () => {
    const { deeds, ran } = account();
    deeds.do('delete', { threads: ['t1'], mailbox: 'f9' });
    assert.deepEqual(ran[0]?.patches, [{ id: 'e3', mailboxIds: { inbox: false, f9: false, trash: true } }]);
    assert.ok(deeds.isFinal('trash') && !deeds.isFinal('inbox') && !deeds.isFinal(undefined));
  });

  test('in a search what one has sent oneself stays', () => {
    const { deeds, ran } = account();
    deeds.do('archive', { threads: ['t1'] });
    assert.deepEqual(
      ran[0]?.patches.map(({ id }) => id),
      ['e1', 'e3'],
    );
  });

  test('read is the whole conversation, unread the newest, a star the newest', () => {
    const { deeds, ran, shown } = account();
    for (const deed of ['read', 'unread', 'star', 'unstar'] as const)
      deeds.do(deed, { threads: ['t1'], mailbox: 'inbox' });
    assert.deepEqual(
      ran.map(({ patches }) => patches),
      [
        [{ id: 'e3', keywords: { $seen: true, $new: false } }],
        [{ id: 'e3', keywords: { $seen: false } }],
        [{ id: 'e3', keywords: { $flagged: true } }],
        [{ id: 'e1', keywords: { $flagged: false } }],
      ],
    );
    assert.equal(shown.length, 2, 'a star says it by itself');
  });

  test('junk is told to the filter, both ways', () => {
    const { deeds, ran } = account();
    deeds.do('junk', { threads: ['t1'], mailbox: 'inbox' });
    assert.deepEqual(ran[0]?.patches[0]?.keywords, { $junk: true, $notjunk: false });
  });

  test('what would do nothing is not offered, and does nothing', () => {
    const { deeds, ran } = account();
    assert.ok(
      !deeds.fits('archive', 'archive') && deeds.fits('archive', 'inbox') && deeds.fits('archive', undefined),
    );
    assert.ok(
      deeds.fits('notJunk', 'junk') && !deeds.fits('notJunk', 'inbox') && deeds.fits('inbox', 'archive'),
    );
    deeds.move({ threads: ['t1'], mailbox: 'inbox' }, 'inbox');
    assert.equal(ran.length, 0);
  });
});

describe('places', () => {
  const { cache } = account();
  const scope = (mailbox: string) => scopeOf({ at: 'mailbox', mailbox }, cache.mailboxes.value, new Date());

  test('a mailbox by its role or its id; what is starred; none', () => {
    assert.deepEqual(scope('inbox')?.filter, { inMailbox: 'inbox' });
    assert.deepEqual(scope('f9')?.mailbox?.id, 'f9');
    assert.deepEqual(scope('starred')?.filter, {
      hasKeyword: '$flagged',
      inMailboxOtherThan: ['trash', 'junk'],
    });
    assert.equal(scope('f77'), undefined);
    assert.equal(scope('sent')?.isOutgoing, true);
    assert.equal(scope('trash')?.hidden.size, 0);
    assert.equal(scope('inbox')?.hidden.size, 2);
  });
});

describe('selection', () => {
  const rows = ['a', 'b', undefined, 'd', 'e'];

  test('one by one, and all between two', () => {
    const selection = new Selection();
    selection.toggle('b');
    selection.extend('e', rows);
    assert.deepEqual([...selection.chosen.value].sort(), ['b', 'd', 'e']);
    selection.toggle('d');
    selection.keep(['a', 'b']);
    assert.deepEqual([...selection.chosen.value], ['b']);
    selection.clear();
    assert.equal(selection.chosen.value.size, 0);
  });

  test('the cursor stays within the list', () => {
    const selection = new Selection();
    assert.equal(selection.step(1, rows), 'a');
    assert.equal(selection.step(-1, rows), 'a');
    assert.equal(selection.step(1, rows), 'b');
    assert.equal(selection.step(9, rows), 'e');
    assert.equal(new Selection().step(1, []), undefined);
  });
});

describe('a finger on a row', () => {
  const both = { left: true, right: true };
  const slide = (x: number, y = 0, sides = both) => moved(pressed({ x: 0, y: 0 }), { x, y }, 390, sides);

  test('scrolls, until it is clear that it does not', () => {
    assert.equal(slide(5, 2).kind, 'undecided');
    assert.equal(slide(20, 30).kind, 'other');
    assert.equal(moved(slide(20, 30), { x: 300, y: 30 }, 390, both).kind, 'other');
    assert.equal(slide(40, 5).kind, 'moving');
    assert.equal(moved(STILL, { x: 90, y: 0 }, 390, both), STILL);
  });

  test('does what the side is for, past the threshold and only then', () => {
    assert.equal(released(slide(100)), undefined);
    assert.equal(released(slide(130)), 'right');
    assert.equal(released(slide(-130)), 'left');
    assert.equal(released(slide(-200, 0, { left: false, right: true })), undefined);
    assert.equal(released(moved(slide(200), { x: 50, y: 0 }, 390, both)), undefined, 'brought back');
  });
});

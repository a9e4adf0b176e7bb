import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mailboxFor, type RoleHolders } from './mailbox-for.ts';
import { decodeFolder } from './maildir-form.ts';

const ROLES: RoleHolders = [
  { name: 'INBOX' },
  { name: 'Archive', role: 'archive' },
  { name: 'Post/Sent', role: 'sent' },
  { name: 'Trash', role: 'trash' },
];

describe('which mailbox a folder becomes', () => {
  const rows: readonly (readonly [folder: string, mailbox: string])[] = [
    ['INBOX', 'INBOX'],
    ['Inbox', 'INBOX'],
    ['Inbox/Work', 'INBOX/Work'],
    ['Archives', 'Archive'],
    ['Archives/2020', 'Archive/2020'],
    ['archives/2020/Spring', 'Archive/2020/Spring'],
    ['Archive/2020', 'Archive/2020'],
    ['Sent Items', 'Post/Sent'],
    ['Sent Items/2019', 'Post/Sent/2019'],
    ['Deleted Messages/Old', 'Trash/Old'],
    ['Work/Archives/2020', 'Work/Archives/2020'],
    ['Archives of Anna/2020', 'Archives of Anna/2020'],
    ['Junk E-mail/x', 'Junk E-mail/x'],
    ['a*b//c%', 'a_b/c_'],
    ['', 'Imported'],
  ];
  for (const [folder, mailbox] of rows) {
    test(`${folder} is ${mailbox}`, () => {
      assert.equal(mailboxFor(folder, { roles: ROLES, below: undefined, isOnly: false }), mailbox);
    });
  }

  test('in every layout of Maildir', () => {
    for (const [name, separator] of [
      ['Archives.2020', '.'],
      ['Archives/2020', '/'],
    ] as const) {
      const folder = decodeFolder(name, separator);
      assert.equal(mailboxFor(folder, { roles: ROLES, below: undefined, isOnly: false }), 'Archive/2020');
    }
  });

  test('below a mailbox that was named, names stay', () => {
    const placed = { roles: ROLES, below: 'Old', isOnly: false };
    assert.equal(mailboxFor('Archives/2020', placed), 'Old/Archives/2020');
    assert.equal(mailboxFor('INBOX', placed), 'Old');
    assert.equal(mailboxFor('x', { ...placed, isOnly: true }), 'Old');
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { asAccountId, asMailboxId, asModSeq } from '../../mailbox/model/model.ts';
import { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { RowReader } from './rows.ts';
import { MAIL_SCHEMA } from './schema/mail.ts';

test('keywords of version 0.1 become rows of their own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'brevduva-migrate-'));
  try {
    const db = new Database(join(directory, 'meta.db'));
    migrate(db, { ...MAIL_SCHEMA, steps: MAIL_SCHEMA.steps.slice(0, 1) }, { mayBeEmpty: true });
    const row = `1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, NULL`;
    db.exec(`
      INSERT INTO mailbox VALUES (4294967297, ${row}, 'INBOX', '["$Junk","été","c,d"]', '[[0],[0,1],[2]]', 7);
      INSERT INTO mailbox VALUES (4294967298, ${row}, 'Sent', '[]', '[]', 0);
    `);
    migrate(db, MAIL_SCHEMA, { mayBeEmpty: false });
    const mailboxes = new RowReader(db, assert.ifError).mailboxes(asAccountId(1));
    assert.deepEqual(
      mailboxes.map(({ name, firstUnseen, keywords }) => ({ name, firstUnseen, keywords })),
      [
        {
          name: 'INBOX',
          firstUnseen: 7,
          keywords: [
            { kind: 'name', number: 0, name: '$Junk' },
            { kind: 'name', number: 1, name: 'été' },
            { kind: 'name', number: 2, name: 'c,d' },
            { kind: 'set', number: 1, members: [0] },
            { kind: 'set', number: 2, members: [0, 1] },
            { kind: 'set', number: 3, members: [2] },
          ],
        },
        { name: 'Sent', firstUnseen: 0, keywords: [] },
      ],
    );
    db.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('expunges of before are history, and what emails there were begins to be known', () => {
  const directory = mkdtempSync(join(tmpdir(), 'brevduva-migrate-'));
  try {
    const db = new Database(join(directory, 'meta.db'));
    migrate(db, { ...MAIL_SCHEMA, steps: MAIL_SCHEMA.steps.slice(0, 4) }, { mayBeEmpty: true });
    const [account, inbox] = [asAccountId(1), 4294967297];
    db.exec(`
      INSERT INTO account VALUES (1, 77, 2, 9, 1, 0, 0, 0, 0, 2);
      INSERT INTO mailbox VALUES (${inbox}, 1, 9, 70, 5, 0, 0, 0, 0, 1, 1, 5, NULL, 'INBOX', 0);
      INSERT INTO expunged VALUES (1, ${inbox}, 60, 1000, 1, x'03000000', NULL);
      INSERT INTO expunged VALUES (2, ${inbox}, 70, 2000, 1, x'0400000005000000', x'00');
    `);
    migrate(db, MAIL_SCHEMA, { mayBeEmpty: false });
    const rows = new RowReader(db, assert.ifError);
    const { modseq, historyFloor, changesFloor, emailModseq, mailboxModseq } = rows.account(account) ?? {};
    assert.deepEqual([modseq, historyFloor, changesFloor, emailModseq, mailboxModseq], [77, 0, 77, 77, 77]);
    assert.deepEqual(
      rows.mailboxes(account).map(({ infoModseq }) => infoModseq),
      [0],
    );
    assert.deepEqual(
      rows.history(account, asModSeq(0), 9).map(({ modseq: at, kind, isHeld }) => [at, kind, isHeld]),
      [
        [60, 'expunged', false],
        [70, 'expunged', true],
      ],
    );
    assert.deepEqual(
      rows.expunged(account, asMailboxId(1), asModSeq(0), 9).map(({ uids }) => uids.length / 4),
      [1, 2],
    );
    db.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

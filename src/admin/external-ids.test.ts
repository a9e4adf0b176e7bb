/** Moving from Dovecot: what POP3 programs know a message by comes along, through the control socket as well. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { localAdminOf, openTestDomain } from '../../test/kit/domain.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import { loadExternalIds } from '../mailbox/reading/external-ids.ts';
import { importSource } from '../transfer/import.ts';
import { openMaildirSource } from '../transfer/maildir-source.ts';
import { ControlClient } from './control-client.ts';
import { ControlServer } from './control-server.ts';
import { controlSocketPath } from './socket-path.ts';

const UID_LIST = `3 V1275660208 N4 G0
1 :1000.a.host,S=30
2 Pbrought-along :2000.b.host
`;

test('the names of messages come along with a Maildir', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-ids-'));
  for (const part of ['cur', 'new', 'tmp', '.Lists/cur', '.Lists/new']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  const files = { 'cur/1000.a.host,S=30:2,S': 'a', 'new/2000.b.host': 'b', 'cur/3000.c.host:2,': 'c' };
  for (const [file, text] of Object.entries({ ...files, '.Lists/cur/1000.a.host,S=30:2,': 'd' })) {
    writeFileSync(join(folder, file), `Subject: ${text}\n\n${text}\n`);
  }
  for (const place of ['', '.Lists']) writeFileSync(join(folder, place, 'dovecot-uidlist'), UID_LIST);
  const kit = await openTestDomain();
  await kit.addAccount('alice@example.com', 'secret');
  const admin = localAdminOf(kit);
  const facts = { pid: process.pid, version: '0', startedMs: 0 };
  const control = await ControlServer.open({ data: kit.data, admin, facts, log: kit.domain.log });
  const client = await ControlClient.connect(controlSocketPath(kit.data));
  assert.ok(client);
  await importSource({
    access: client,
    address: 'alice@example.com',
    source: openMaildirSource(folder),
    onProgress: () => undefined,
    onProblem: (problem) => assert.fail(JSON.stringify(problem)),
  });
  const record = await kit.store.directory.find('alice@example.com');
  assert.ok(record);
  const account = await kit.domain.accounts.open(record.id);
  const subjects = (await kit.messagesOf('alice@example.com')).map((bytes) => bytes.toString().slice(9, 10));
  const ids = await loadExternalIds(kit.domain, account, mailboxOf(account, 'INBOX'));
  assert.deepEqual(
    new Map([...ids].map(([uid, id]) => [subjects[uid - 1], id])),
    new Map([
      ['a', '000000014c0907b0'],
      ['b', 'brought-along'],
    ]),
  );
  assert.equal((await loadExternalIds(kit.domain, account, mailboxOf(account, 'Lists'))).size, 0);
  await client.close();
  await control.close(0);
  await kit.close();
  rmSync(folder, { recursive: true });
});

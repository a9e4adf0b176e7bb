/** `export --all`: every account in a folder of its own, of one process and of several, and each comes back by an import. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startServer } from '../kit/server.ts';
import { furnish, PEOPLE, seenBy } from './house.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-export-all-'));
after(() => rmSync(root, { recursive: true, force: true }));

for (const workers of [1, 3]) {
  test(`the mail of all accounts of ${workers} processes goes into folders`, {
    timeout: 300_000,
  }, async () => {
    const server = await startServer({ workers });
    try {
      await furnish(server);
      for (const format of ['mbox', 'maildir']) {
        const path = join(root, `${format}${workers}`);
        const done = await server.cli(['export', format, path, '--all']);
        assert.equal(done.code, 0, done.stdout + done.stderr);
        assert.match(done.stdout, /^3 accounts, 0 not exported; 27 of 27 messages exported, 0 failed$/m);
        assert.deepEqual(readdirSync(path).sort(), [...PEOPLE]);
        const again = await server.cli(['export', format, path, '--all']);
        assert.equal(again.code, 1);
        assert.match(again.stderr, /is not empty/);
        const newcomer = `${format}@example.com`;
        await server.cli(['account', 'add', newcomer, '--password-stdin'], 'a-pigeon-never-forgets\n');
        const source = join(path, PEOPLE[0]);
        const back = await server.cli(['import', format, source, '--account', newcomer]);
        assert.equal(back.code, 0, back.stderr);
        const hashes = async (person: string): Promise<readonly string[]> =>
          [...(await seenBy(server, person)).values()]
            .flatMap(({ messages }) => messages.map(({ hash }) => hash))
            .sort();
        assert.deepEqual(await hashes(newcomer), await hashes(PEOPLE[0]));
        await server.cli(['account', 'remove', newcomer, '--yes']);
      }
      for (const wrong of [['--all', '--account', PEOPLE[0]], [], ['--all', '--mailbox', 'INBOX']])
        assert.equal(
          (await server.cli(['export', 'mbox', join(root, 'none'), ...wrong])).code,
          2,
          wrong.join(' '),
        );
      const full = join(root, `full${workers}`);
      mkdirSync(full);
      writeFileSync(join(full, 'mine'), 'mine');
      assert.equal((await server.cli(['export', 'mbox', full, '--all'])).code, 1);
      assert.deepEqual(readdirSync(full), ['mine']);
    } finally {
      await server.stop();
    }
  });
}

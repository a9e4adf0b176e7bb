/** `brevduva account share`, `shares` and `unshare`, without a server and beside one. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ImapClient } from '../imap-client.ts';
import { runCommand, startServer } from '../kit/server.ts';

const [ANN, BOB] = ['ann@example.com', 'bob@example.com'];

describe('sharing from the command line', { timeout: 300_000 }, () => {
  it('gives, shows and takes rights, which count at once', async () => {
    const data = await mkdtemp(join(tmpdir(), 'brevduva-share-'));
    const run = (...args: string[]) => runCommand([...args, '--data', data], 'a secret of theirs\n');
    try {
      for (const address of [ANN, BOB])
        assert.equal((await run('account', 'add', address, '--password-stdin')).code, 0);
      const shared = await run('account', 'share', ANN, 'INBOX', 'bob', 'work');
      assert.deepEqual([shared.code, shared.stdout], [0, `INBOX of ${ANN}: bob lrswite\n`], shared.stderr);
      const unknown = await run('account', 'share', ANN, 'INBOX', 'nobody');
      assert.match(unknown.stderr, /neither an account nor a list of that name/);
      assert.match((await run('account', 'share', ANN, 'INBOX', 'bob', 'lq')).stderr, /"q" is no right/);
      const server = await startServer({ data, config: { 'auth.default_domain': 'example.com' } });
      try {
        const client = await ImapClient.connect(server.port('imap'));
        await client.greeting();
        await client.ok(`LOGIN ${BOB} "a secret of theirs"`);
        await client.ok(`SELECT "Other Users/${ANN}/INBOX"`);
        const more = await server.cli(['account', 'share', ANN, 'INBOX', BOB, '+p']);
        assert.match(more.stdout, /lrswipte/, more.stderr);
        assert.match(
          (await server.cli(['account', 'shares', ANN])).stdout,
          /^INBOX +bob@example\.com +lrswipte$/m,
        );
        assert.equal((await server.cli(['account', 'unshare', ANN, 'INBOX', BOB])).code, 0);
        const again = await server.cli(['account', 'unshare', ANN, 'INBOX', BOB]);
        assert.match(again.stdout, /bob@example\.com had no rights of his own, nothing is changed$/m);
        assert.equal((await client.command('NOOP')).status, 'NO');
        assert.match((await client.next()).text, /^BYE The mailbox is not shared with you any more/);
        assert.match((await server.cli(['account', 'shares', ANN])).stdout, /shares nothing/);
        for (const who of ['anyone', BOB]) await server.cli(['account', 'share', ANN, 'INBOX', who]);
        assert.match(
          (await server.cli(['account', 'unshare', ANN, 'INBOX', BOB])).stdout,
          /bob@example\.com has none of his own; lrs by anyone$/m,
        );
        const dash = await server.cli(['account', 'share', ANN, 'INBOX', `-${BOB}`]);
        assert.match(dash.stderr, /-- -bob@example\.com$/m);
        const taken = ['account', 'share', '--data', data, ANN, 'INBOX', '--', `-${BOB}`];
        assert.match((await runCommand(taken, '')).stdout, /: -bob@example\.com lrs$/m);
        const { stdout: activity } = await server.cli(['activity', ANN]);
        assert.equal(activity.match(/rights changed/g)?.length, 7, activity);
        client.close();
      } finally {
        await server.stop();
      }
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

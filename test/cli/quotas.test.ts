/** What an account may have: said of itself, of its domain, or of all; the nearest counts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type CommandResult, runCommand } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-quotas-'));
after(() => rmSync(root, { recursive: true, force: true }));
const ALL = ['--data', root, '--set', 'quota.size=2GiB', '--set', 'quota.mailboxes=50'];
const cli = (args: readonly string[], input = ''): Promise<CommandResult> =>
  runCommand([...args, ...ALL], input);

test('account, domain, all', async () => {
  for (const address of ['anna@example.org', 'ben@example.com'])
    assert.equal((await cli(['account', 'add', address, '--password-stdin'], 'secret-1')).code, 0);
  const unknown = await cli(['domain', 'quota', 'example.org', '1GiB']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /domain add example\.org/);
  assert.equal((await cli(['domain', 'add', 'example.org'])).code, 0);
  const said = await cli([
    'domain',
    'quota',
    'example.org',
    '1GiB',
    '--messages',
    '1000',
    '--mailboxes',
    'none',
  ]);
  assert.match(said.stdout, /each account has 1GiB, 1000 messages, no limit of mailboxes/);
  const limits = async () =>
    (await cli(['account', 'list', '--json'])).stdout
      .trim()
      .split('\n')
      .map((line) => {
        const { quotaBytes, quotaMessages, quotaMailboxes, quotaFrom } = JSON.parse(line);
        return [quotaBytes, quotaMessages, quotaMailboxes, quotaFrom];
      });
  const ofBen = [2 * 2 ** 30, undefined, 50, { bytes: 'default', mailboxes: 'default' }];
  const domain = { bytes: 'domain', messages: 'domain', mailboxes: 'domain' };
  assert.deepEqual(await limits(), [[2 ** 30, 1000, undefined, domain], ofBen]);
  const own = await cli(['account', 'quota', 'anna@example.org', 'none', '--mailboxes', '9']);
  assert.match(
    own.stdout,
    /quota none, 1000 messages \(of the domain\), 9 mailboxes; used 0 B, 0 messages, 6 mailboxes/,
  );
  const mixed = { bytes: 'account', messages: 'domain', mailboxes: 'account' };
  assert.deepEqual(await limits(), [[undefined, 1000, 9, mixed], ofBen]);
  await cli(['domain', 'quota', 'example.org', '3GiB', '--messages', 'default', '--mailboxes', 'default']);
  const back = await cli(['account', 'quota', 'anna@example.org', 'default', '--mailboxes', 'default']);
  assert.match(
    back.stdout,
    /quota 3GiB \(of the domain\), no limit of messages, 50 mailboxes \(of all accounts\)/,
  );
  assert.match((await cli(['domain', 'list'])).stdout, /^example\.org +1 +0 +3GiB /m);
  assert.match(
    (await cli(['account', 'usage', 'anna@example.org'])).stdout,
    /0 % of 3GiB, 12 % of 50 mailboxes/,
  );
});

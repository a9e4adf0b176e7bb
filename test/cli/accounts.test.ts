/** The account verbs as a person types them, beside a running server and without one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCommandLine } from '../../src/cli/program.ts';
import { type CommandResult, runCommand, runProcess, startServer } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-cli-'));
after(() => rmSync(root, { recursive: true, force: true }));

type Cli = (args: readonly string[], input?: string) => Promise<CommandResult>;

async function everyVerb(cli: Cli): Promise<void> {
  const added = await cli(
    ['account', 'add', 'Alice@Example.org', '--password-stdin', '--quota', '10MiB'],
    'secret\n',
  );
  assert.deepEqual(added, { code: 0, stdout: 'added alice@example.org\n', stderr: '' });
  const again = await cli(['account', 'add', 'alice@example.org', '--password-stdin'], 'secret\n');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /there is an account alice@example\.org already/);
  const generated = await cli(['account', 'add', 'bob', '--generate']);
  assert.match(generated.stdout, /^added bob@localhost\npassword [a-z]{4}(?:-[a-z]{4}){4}\n$/);
  const listed = await cli(['account', 'list', '--json']);
  const accounts = listed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    accounts.map(({ address, quotaBytes }) => [address, quotaBytes]),
    [
      ['alice@example.org', 10 * 1024 * 1024],
      ['bob@localhost', undefined],
    ],
  );
  const quota = await cli(['account', 'quota', 'alice@example.org', 'none', '--messages', '5']);
  assert.match(quota.stdout, /quota none, 5 messages/);
  const one = await cli(['account', 'quota', 'alice@example.org', '500MB', '--messages', '1']);
  assert.match(one.stdout, /quota 500MB, 1 message; used 0 B, 0 messages$/m);
  const free = await cli(['account', 'quota', 'alice@example.org', 'none', '--messages', 'none']);
  assert.match(free.stdout, /quota none, no limit of messages; used/);
  assert.equal(
    (await cli(['account', 'passwd', 'alice@example.org', '--password-stdin'], 'other\n')).code,
    0,
  );
  const set = (...args: readonly string[]) => cli(['account', 'set', 'alice@example.org', ...args]);
  assert.equal((await set('pop3.delete', 'trash')).stdout, 'alice@example.org: pop3.delete trash\n');
  assert.match((await set()).stdout, /^pop3\.days +\(default\)\npop3\.delete +trash$/m);
  const misspelt = await set('pop3.delet', 'default');
  assert.deepEqual([misspelt.code, /did you mean pop3\.delete\?/.test(misspelt.stderr)], [2, true]);
  const unknown = await cli(['account', 'passwd', 'nobody@example.org', '--generate']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /there is no account nobody@example\.org/);
  assert.equal((await cli(['account', 'remove', 'bob@localhost'])).code, 2, 'asks before it removes');
  assert.equal(
    (await cli(['account', 'remove', 'bob@localhost', '--yes'])).stdout,
    'removed bob@localhost\n',
  );
  const check = await cli(['check']);
  assert.match(check.stdout, /checked 1 account, .* no problems/);
  assert.equal(check.code, 0);
}

describe('every verb', () => {
  test('without a server', async () => {
    const data = join(root, 'alone');
    const cli: Cli = (args, input) => runCommand([...args, '--data', data], input);
    const added = await cli(['account', 'add', 'alice@example.org', '--password-stdin'], 'secret\n');
    assert.equal(added.stdout, 'added alice@example.org\n');
    assert.match((await cli(['account', 'quota', 'alice@example.org', '1GiB'])).stdout, /quota 1GiB/);
    assert.match((await cli(['account', 'list'])).stdout, /^alice@example\.org +0 +0 B +1GiB/m);
    assert.equal((await cli(['account', 'remove', 'alice@example.org', '--yes'])).code, 0);
    assert.match((await cli(['check'])).stdout, /checked 0 accounts/);
  });
  test('beside a server', async () => {
    const server = await startServer();
    await everyVerb(server.cli);
    assert.equal(await server.stop(), 0);
  });
});

describe('mistakes are named with what was expected', () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['acount', 'list'], /unknown command 'acount'[\s\S]*Did you mean account/],
    [['account', 'lst'], /unknown command 'lst'[\s\S]*Did you mean list/],
    [
      ['account', 'add', 'x@example.org', '--quta', '1'],
      /unknown option '--quta'[\s\S]*Did you mean --quota/,
    ],
    [
      ['account', 'add', 'x@example.org', '--quota', '3parsecs'],
      /'3parsecs' is invalid\. Expected a size such as/,
    ],
    [['account', 'quota', 'x@example.org', 'lots'], /'lots' is invalid.*Expected a size.*or "none"/],
    [
      ['account', 'list', '--data', join(root, 'nowhere')],
      /there is no data folder .*nowhere; name it with --data/,
    ],
    [
      ['account', 'add', 'x@example.org'],
      /no terminal to ask for the password; give --password-stdin or --generate/,
    ],
    [['account', 'add', 'x y@example.org'], /x y@example\.org: this is not a mail address/],
    [['account', 'add', 'x..y@example.org'], /x\.\.y@example\.org: dots stand between/],
    [['import', 'mbx', 'x', '--account', 'a'], /'mbx' is invalid.*mbox, maildir/],
    [['import', 'mbox', join(root, 'nothing'), '--account', 'a'], /there is no .*nothing/],
    [
      [
        'config',
        'check',
        '--set',
        'listen.imapp=1',
        '--set',
        'auth.plaintext=maybe',
        '--set',
        'limits.connections=0',
      ],
      /3 errors:[\s\S]*listen\.imapp is not an option; did you mean listen\.imap\?[\s\S]*auth\.plaintext is "maybe"; expected one of[\s\S]*limits\.connections/,
    ],
  ];
  for (const [args, pattern] of rows) {
    test(args.slice(0, 5).join(' ').replace(root, ''), async (t) => {
      let stderr = '';
      const write = t.mock.method(process.stderr, 'write', (text: string) => {
        stderr += text;
        return true;
      });
      const code = await runCommandLine(args, '0', async () => assert.fail('nothing is served'));
      write.mock.restore();
      assert.match(stderr, pattern);
      assert.equal(code, 2);
    });
  }
});

test('the configuration is printed as it is used', async () => {
  const env = { BREVDUVA_LIMITS_CONNECTIONS: '77' };
  const { code, stdout } = await runProcess(['config', 'print', '--set', 'listen.imap=[::1]:143'], '', env);
  assert.equal(code, 0);
  assert.match(stdout, /^listen\.imap = "\[::1\]:143"$/m);
  assert.match(stdout, /^limits\.connections = 77$/m);
});

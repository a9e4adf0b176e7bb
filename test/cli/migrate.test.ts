/** What `migrate` refuses before anything is done, in words that say what to do and show no secret. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-migrate-'));
after(() => rmSync(root, { recursive: true, force: true }));

const SOURCE = 'imaps://old.example.com';

function table(text: string): string {
  const file = join(root, `${Math.random()}.csv`);
  writeFileSync(file, text);
  return file;
}

for (const [name, args, why] of [
  ['nobody', [], /which account gets the mail/],
  ['one and many', ['--account', 'a@example.com', '--csv', 'x.csv'], /--account is about one account/],
  ['looking and deleting', ['--account', 'a@example.com', '--dry-run', '--delete'], /change nothing/],
  ['two ways of looking', ['--account', 'a@example.com', '--dry-run', '--verify'], /--dry-run counts/],
  ['no password', ['--account', 'a@example.com'], /no terminal to ask for the password of a@example.com/],
  [
    'a file that is not there',
    ['--account', 'a@example.com', '--password-file', join(root, 'none')],
    /there is no file .*none$/m,
  ],
  [
    'a separator of nobody',
    ['--account', 'a@example.com', '--master-separator', '*'],
    /--master, which is missing/,
  ],
  [
    'a token of a master',
    ['--account', 'a@example.com', '--master', 'm', '--token-command', 'true'],
    /a token is of one user/,
  ],
  ['no time', ['--account', 'a@example.com', '--patience', '5'], /Expected a time such as/],
  ['no table', ['--csv', join(root, 'none.csv')], /there is no file .*none\.csv$/m],
  [
    'a table without a heading',
    ['--csv', table('a@example.com,hidden\n')],
    /line 1: the first line is a heading/,
  ],
  ['nobody in the table', ['--csv', table('account\n')], /nobody below it/],
  ['no account in the heading', ['--csv', table('user,password\na,hidden\n')], /the heading has no account/],
  [
    'twice the same',
    ['--csv', table('account,password\na@example.com,hidden\nA@example.com,hidden\n')],
    /line 3: line 2 has the same account/,
  ],
  [
    'a quote that is open',
    ['--csv', table('account,password\na@example.com,"hidden\n')],
    /line 2: a quote is not closed/,
  ],
  [
    'more than the heading has',
    ['--csv', table('account\na@example.com,hidden\n')],
    /line 2: expected account and found 2 fields/,
  ],
  [
    'who has no password',
    ['--csv', table('account,password\na@example.com,hidden\nb@example.com,\n')],
    /some lines of the table have no password/,
  ],
] as const)
  test(name, async () => {
    const { code, stdout, stderr } = await runCommand([
      'migrate',
      SOURCE,
      ...args,
      '--data',
      join(root, 'data'),
    ]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
    assert.doesNotMatch(stdout + stderr, /hidden/);
  });

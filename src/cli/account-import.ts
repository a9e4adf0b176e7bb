/**
 * `brevduva account import`: hundreds of accounts from a table. Each line is an account or a reason; a line that is wrong
 * costs only itself, and running the file again adds what was missing: what is there counts as there.
 */
import type { Command } from 'commander';
import type { AccountToAdd, Admin } from '../admin/admin.ts';
import { isRefusal } from '../transfer/mail-access.ts';
import { readAccountTable, type TableLine } from './account-table.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, ProgressLine, print } from './terminal.ts';

const BATCH = 50;

export function accountImport(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('import')
    .description('add accounts from a table; those that are there stay as they are')
    .argument('<file>', 'CSV in UTF-8: address,password,quota, or in the order that a heading names')
    .addHelpText('after', HELP);
  withCommonOptions(command).action(async (file: string, options: CommonOptions) => {
    const lines = readAccountTable(file);
    const result = await withAdmin(options, (admin) => importLines(admin, lines), { makesData: true });
    const { added, there, failed } = result;
    print(`${added} of ${lines.length} accounts added, ${there} already there, ${failed} failed`);
    if (failed > 0) done(EXIT.failed);
  });
}

const HELP = `
Columns of a heading, in any order: address, password, password_hash, quota, messages.
Where a password is expected, a hash of the old server is recognised ({SHA512-CRYPT}..., $6$..., $2y$...); people keep their
passwords. A password that itself begins so is written with {PLAIN} in front.`;

async function importLines(
  admin: Admin,
  lines: readonly TableLine[],
): Promise<{ added: number; there: number; failed: number }> {
  const progress = new ProgressLine();
  const result = { added: 0, there: 0, failed: 0 };
  const fail = (line: number, what: string, why: string): void => {
    result.failed++;
    progress.clear();
    note(`line ${line}: ${what}: ${why}`);
  };
  for (let at = 0; at < lines.length; at += BATCH) {
    const batch: { line: number; account: AccountToAdd }[] = [];
    for (const { line, address, account } of lines.slice(at, at + BATCH)) {
      if (typeof account === 'string') fail(line, address, account);
      else batch.push({ line, account });
    }
    const outcomes = batch.length === 0 ? [] : await admin.addAccounts(batch.map(({ account }) => account));
    for (const [i, { line, account }] of batch.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined) fail(line, account.address, 'no answer');
      else if (!isRefusal(outcome)) result.added++;
      else if (outcome.refused === 'exists') result.there++;
      else fail(line, account.address, outcome.why);
    }
    progress.show(
      () => `${Math.min(at + BATCH, lines.length)} of ${lines.length} lines, ${result.failed} failed`,
    );
  }
  progress.clear();
  return result;
}

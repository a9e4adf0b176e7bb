/**
 * `brevduva account import`: hundreds of accounts from a table. Each line is an account or a reason; a line that is wrong
 * costs only itself, and running the file again adds what was missing.
 */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { AccountToAdd, Admin } from '../admin/admin.ts';
import { Secret } from '../base/secret.ts';
import { parseSize } from '../config/option.ts';
import { isRefusal } from '../transfer/mail-access.ts';
import { type CsvRecord, parseCsv } from './csv.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, ProgressLine, print } from './terminal.ts';

const BATCH = 50;

export function accountImport(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('import')
    .description('add accounts from a file of lines "address,password,quota"')
    .argument('<file>', 'CSV; the quota may be empty, a first line with these three words is a heading');
  withCommonOptions(command).action(async (file: string, options: CommonOptions) => {
    const records = [...parseCsv(readText(file))];
    if (records[0]?.fields[0]?.trim().toLowerCase() === 'address') records.shift();
    const result = await withAdmin(options, (admin) => importRecords(admin, records), { makesData: true });
    print(`${result.added} of ${records.length} accounts added, ${result.failed} failed`);
    if (result.failed > 0) done(EXIT.failed);
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

async function importRecords(
  admin: Admin,
  records: readonly CsvRecord[],
): Promise<{ added: number; failed: number }> {
  const progress = new ProgressLine();
  let added = 0;
  let failed = 0;
  const fail = (line: number, what: string, why: string): void => {
    failed++;
    progress.clear();
    note(`line ${line}: ${what}: ${why}`);
  };
  for (let at = 0; at < records.length; at += BATCH) {
    const batch: { line: number; account: AccountToAdd }[] = [];
    for (const record of records.slice(at, at + BATCH)) {
      const account = accountOf(record);
      if (typeof account === 'string') fail(record.line, record.fields[0]?.trim() ?? '', account);
      else batch.push({ line: record.line, account });
    }
    const outcomes = batch.length === 0 ? [] : await admin.addAccounts(batch.map(({ account }) => account));
    for (const [i, { line, account }] of batch.entries()) {
      const outcome = outcomes[i];
      if (outcome === undefined || isRefusal(outcome))
        fail(line, account.address, outcome?.why ?? 'no answer');
      else added++;
    }
    progress.show(() => `${at + batch.length} of ${records.length} lines, ${failed} failed`);
  }
  progress.clear();
  return { added, failed };
}

/** The account, or why the line is none. */
function accountOf({ fields, isBroken }: CsvRecord): AccountToAdd | string {
  if (isBroken) return 'a quote is not closed';
  if (fields.length < 2 || fields.length > 3)
    return `expected address,password,quota and found ${fields.length} fields`;
  const [address = '', password = '', quota = ''] = fields;
  if (password === '') return 'the password is empty';
  const limit = quota.trim();
  const account = { address: address.trim(), password: new Secret(password) };
  if (limit === '' || limit === 'none') return account;
  const quotaBytes = parseSize(limit);
  return quotaBytes === undefined
    ? `quota "${limit}" is not a size such as 10GiB`
    : { ...account, quotaBytes };
}

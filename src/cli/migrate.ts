/**
 * `brevduva migrate`: mail from another server over IMAP, of one account or of all of a table. Run again it brings what has come,
 * changed or gone since; killed anywhere, it goes on.
 */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Admin } from '../admin/admin.ts';
import { parseDuration } from '../config/option.ts';
import { unreadable } from '../config/unreadable.ts';
import type { Endpoint } from '../transfer/network/endpoint.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { Migrations, type Wishes } from './migrate-people.ts';
import { type Showing, saveReceipts, showReceipts } from './migrate-receipt.ts';
import { endpointOf, type SourceOptions, whoSignsIn, withSourceOptions } from './migrate-source.ts';
import { readPeople } from './migrate-table.ts';
import { type CommonOptions, countArgument, sizeArgument, withAdmin, withCommonOptions } from './options.ts';

interface MigrateOptions extends CommonOptions, SourceOptions, Wishes, Showing {
  readonly account?: string;
  readonly csv?: string;
  readonly receipt?: string;
}

const HELP = `
Passwords come from --password-file, the table, the environment (BREVDUVA_MIGRATE_PASSWORD) or the terminal, in this order, and
never from the command line, which every user of the machine can read.

The table of --csv is UTF-8 with commas; its heading names the columns, in any order: account, user, password. Who has no
user there signs in by the account's address.

  brevduva migrate imaps://old.example.com --account alice@example.com
  brevduva migrate imaps://old.example.com --csv people.csv --master admin --password-file master.txt --receipt receipt.json`;

export function migrate(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('migrate')
    .description('bring mail from another server over IMAP; run again, it brings what is new')
    .argument(
      '<source>',
      'the old server: imaps://HOST, imap://HOST (with STARTTLS), with :PORT and USER@ if need be',
    )
    .option('--account <address>', 'the account that gets the mail')
    .option('--csv <file>', 'a table of many accounts')
    .option('--mailbox <name>', 'the mailbox below which everything comes')
    .addOption(
      new Option('--skip <folder>', 'a folder there that is left out, with what is below it; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    );
  withSourceOptions(command)
    .option('--delete', 'what was brought and has been deleted there since is deleted here')
    .option('--dry-run', 'count what would be brought, and change nothing')
    .option('--verify', 'fetch everything again and compare it with what is here, and change nothing')
    .option('--parallel <n>', 'accounts at a time', countArgument, 4)
    .option('--rate <size>', 'octets a second that are fetched, of all accounts together', sizeArgument)
    .addOption(
      new Option('--patience <time>', 'for how long the old server may be away, or say that it is too much')
        .argParser(durationArgument)
        .default(3_600_000, '1h'),
    )
    .option('--receipt <file>', 'write what became of every account there, as JSON')
    .option('--json', 'print the receipt as JSON')
    .addHelpText('after', HELP);
  withCommonOptions(command).action(async (source: string, options: MigrateOptions) => {
    done(await run(endpointOf(source, 'imap'), options));
  });
}

async function run(endpoint: Endpoint, options: MigrateOptions): Promise<ExitCode> {
  refuseContradictions(options);
  const people = options.csv === undefined ? [one(options)] : readPeople(options.csv);
  const signIn = await whoSignsIn(endpoint, options, people);
  const pop3 = options.pop3 === undefined ? undefined : endpointOf(options.pop3, 'pop3');
  const trust = {
    isInsecure: options.insecure === true,
    ...(options.ca === undefined ? {} : { ca: readCertificates(options.ca) }),
  };
  const receipts = await withAdmin(options, (admin: Admin) =>
    new Migrations({ target: admin, endpoint, pop3, trust, signIn, wishes: options }).all(people),
  );
  if (options.receipt !== undefined) saveReceipts(options.receipt, receipts);
  return showReceipts(receipts, options);
}

function one({ account }: MigrateOptions) {
  if (account !== undefined) return { account };
  throw new UsageError('say which account gets the mail (--account ADDRESS), or name a table (--csv FILE)');
}

function refuseContradictions(options: MigrateOptions): void {
  const { account, csv, user, dryRun, verify, parallel, rate } = options;
  if (account !== undefined && csv !== undefined)
    throw new UsageError('--account is about one account and --csv about many');
  if (user !== undefined && csv !== undefined)
    throw new UsageError('--user is about one account; a table has a column of that name');
  if (dryRun === true && verify === true)
    throw new UsageError('--dry-run counts what is not here yet, --verify compares what is');
  if (options.delete === true && (dryRun === true || verify === true))
    throw new UsageError('--dry-run and --verify change nothing, and so delete nothing');
  if (parallel < 1 || parallel > 100) throw new UsageError('--parallel is from 1 to 100');
  if (rate !== undefined && rate < 1) throw new UsageError('--rate is at least one octet a second');
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(unreadable(file, error));
  }
}

function collect(one: string, before: readonly string[]): readonly string[] {
  return [...before, one];
}

function durationArgument(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Expected a time such as 30s, 10m or 2h.');
  return ms;
}

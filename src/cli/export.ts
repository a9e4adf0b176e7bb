/** `brevduva export`: mail of one account, or of each, as a tree of mboxes or a Maildir. */
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import type { Admin } from '../admin/admin.ts';
import { type ExportReceipt, exportAccount, makeEmptyDirectory } from '../transfer/export.ts';
import { openMaildirTarget } from '../transfer/maildir-target.ts';
import { openMboxTarget } from '../transfer/mbox-target.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, note, ProgressLine, print, table } from './terminal.ts';

interface ExportOptions extends CommonOptions {
  readonly account?: string;
  readonly all?: boolean;
  readonly mailbox?: string;
}

type Format = 'mbox' | 'maildir';

export function exportMail(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('export')
    .description('write all mail of an account, or of all accounts, into files; nothing is overwritten')
    .addArgument(new Argument('<format>').choices(['mbox', 'maildir']))
    .argument(
      '<path>',
      'a new or empty folder; with --all it gets one for each account, named by its address',
    )
    .option('--account <address>', 'whose mail')
    .option('--all', 'the mail of all accounts')
    .option('--mailbox <name>', 'this mailbox alone');
  withCommonOptions(command).action(async (format: Format, path: string, options: ExportOptions) => {
    const { account, all, mailbox } = options;
    if ((account === undefined) === (all !== true))
      throw new UsageError('whose mail? Give either --account or --all');
    if (all === true && mailbox !== undefined) throw new UsageError('--mailbox goes with --account');
    const run = account === undefined ? exportAll : exportOne;
    done(await withAdmin(options, (admin) => run(admin, { ...options, format, path })));
  });
}

interface Wanted extends Pick<ExportOptions, 'account' | 'mailbox'> {
  readonly format: Format;
  readonly path: string;
}

async function exportOne(admin: Admin, { account = '', ...wanted }: Wanted): Promise<ExitCode> {
  const { address } = await admin.findAccount(account);
  const receipts = await receiptsOf(admin, address, wanted);
  for (const { mailbox, notes } of receipts) for (const text of notes) note(`${mailbox}: ${text}`);
  const rows = receipts.map(({ mailbox, found, exported, failed }) => [
    mailbox,
    ...[found, exported, failed].map(String),
  ]);
  for (const line of table([['MAILBOX', ...HEAD], ...rows])) print(line);
  print(summary(receipts));
  return receipts.some(isFaulty) ? EXIT.failed : EXIT.ok;
}

/** Each account by itself: one that cannot be written, or has gone meanwhile, keeps none of the others. */
async function exportAll(admin: Admin, { path, ...wanted }: Wanted): Promise<ExitCode> {
  const accounts = await admin.listAccounts();
  makeEmptyDirectory(path);
  const rows: string[][] = [];
  const all: ExportReceipt[] = [];
  let missed = 0;
  for (const { address } of accounts) {
    try {
      const receipts = await receiptsOf(admin, address, { ...wanted, path: join(path, folderOf(address)) });
      for (const { mailbox, notes } of receipts)
        for (const text of notes) note(`${address}: ${mailbox}: ${text}`);
      all.push(...receipts);
      rows.push([address, ...COUNTS.map((name) => String(sum(receipts, name)))]);
    } catch (error) {
      missed++;
      note(`not exported: ${address}: ${(error as Error).message}`);
    }
  }
  for (const line of table([['ACCOUNT', ...HEAD], ...rows])) print(line);
  print(`${counted(accounts.length, 'account')}, ${missed} not exported; ${summary(all)}`);
  return missed > 0 || all.some(isFaulty) ? EXIT.failed : EXIT.ok;
}

async function receiptsOf(
  admin: Admin,
  address: string,
  { format, path, mailbox }: Wanted,
): Promise<readonly ExportReceipt[]> {
  const progress = new ProgressLine();
  const receipts = await exportAccount({
    access: admin,
    address,
    target: format === 'mbox' ? openMboxTarget(path) : openMaildirTarget(path),
    ...(mailbox === undefined ? {} : { mailbox }),
    onProgress: (state) => progress.show(() => `${state.mailbox}: ${progress.describe(state)}`),
    onProblem: ({ where, why }) => {
      progress.clear();
      note(`not exported: ${where}: ${why}`);
    },
  });
  progress.clear();
  return receipts;
}

/** As a name of a folder everywhere: what is no letter, digit or one of a few signs is percent-encoded. */
function folderOf(address: string): string {
  return address.replace(/[^\p{L}\p{N}.@+_-]/gu, (sign) => encodeURIComponent(sign).replace(/^[^%]/, hex));
}

const hex = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;

const COUNTS = ['found', 'exported', 'failed'] as const;
const HEAD = ['FOUND', 'EXPORTED', 'FAILED'] as const;

const isFaulty = ({ failed, notes }: ExportReceipt): boolean => failed > 0 || notes.length > 0;

function sum(receipts: readonly ExportReceipt[], name: (typeof COUNTS)[number]): number {
  return receipts.reduce((all, one) => all + one[name], 0);
}

function summary(receipts: readonly ExportReceipt[]): string {
  const [found, exported, failed] = COUNTS.map((name) => sum(receipts, name));
  return `${exported} of ${found} messages exported, ${failed} failed`;
}

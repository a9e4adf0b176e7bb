/** `brevduva export`: an account's mail as a tree of mboxes or a Maildir. */
import { Argument, type Command } from 'commander';
import { exportAccount } from '../transfer/export.ts';
import { openMaildirTarget } from '../transfer/maildir-target.ts';
import { openMboxTarget } from '../transfer/mbox-target.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, ProgressLine, print, table } from './terminal.ts';

interface ExportOptions extends CommonOptions {
  readonly account: string;
  readonly mailbox?: string;
}

export function exportMail(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('export')
    .description('write all mail of an account into files; nothing is overwritten')
    .addArgument(new Argument('<format>').choices(['mbox', 'maildir']))
    .argument('<path>', 'a new or empty folder')
    .requiredOption('--account <address>', 'whose mail')
    .option('--mailbox <name>', 'this mailbox alone');
  withCommonOptions(command).action(
    async (format: 'mbox' | 'maildir', path: string, options: ExportOptions) => {
      done(await run(format, path, options));
    },
  );
}

async function run(format: 'mbox' | 'maildir', path: string, options: ExportOptions): Promise<ExitCode> {
  const progress = new ProgressLine();
  const { mailbox } = options;
  const receipts = await withAdmin(options, async (admin) => {
    const { address } = await admin.findAccount(options.account);
    const target = format === 'mbox' ? openMboxTarget(path) : openMaildirTarget(path);
    return exportAccount({
      access: admin,
      address,
      target,
      ...(mailbox === undefined ? {} : { mailbox }),
      onProgress: (state) => progress.show(() => `${state.mailbox}: ${progress.describe(state)}`),
      onProblem: ({ where, why }) => {
        progress.clear();
        note(`not exported: ${where}: ${why}`);
      },
    });
  });
  progress.clear();
  for (const { mailbox, notes } of receipts) for (const text of notes) note(`${mailbox}: ${text}`);
  const rows = receipts.map(({ mailbox, found, exported, failed }) => [
    mailbox,
    ...[found, exported, failed].map(String),
  ]);
  for (const line of table([HEAD, ...rows])) print(line);
  const total = (name: 'found' | 'exported' | 'failed'): number =>
    receipts.reduce((sum, one) => sum + one[name], 0);
  print(`${total('exported')} of ${total('found')} messages exported, ${total('failed')} failed`);
  return receipts.some(({ failed, notes }) => failed > 0 || notes.length > 0) ? EXIT.failed : EXIT.ok;
}

const HEAD = ['MAILBOX', 'FOUND', 'EXPORTED', 'FAILED'] as const;

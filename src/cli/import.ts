/** `brevduva import`: mail from an mbox, a tree of them, or a Maildir into an account. */
import { statSync } from 'node:fs';
import { Argument, type Command, Option } from 'commander';
import { type FolderReceipt, type ImportProblem, ImportStopped, importSource } from '../transfer/import.ts';
import type { Quoting } from '../transfer/line-form.ts';
import { openMaildirSource } from '../transfer/maildir-source.ts';
import { openMboxSource } from '../transfer/mbox-source.ts';
import type { Source } from '../transfer/source.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, note, ProgressLine, print, table } from './terminal.ts';

interface ImportOptions extends CommonOptions {
  readonly account: string;
  readonly mailbox?: string;
  readonly quoting: Quoting;
}

/** More of the same kind tell nothing new; the receipt counts all. */
const MAX_SHOWN = 200;

export function importMail(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('import')
    .description('import mail; interrupted and run again, it goes on without duplicates')
    .addArgument(new Argument('<format>').choices(['mbox', 'maildir']))
    .argument('<path>', 'an mbox, a folder of mboxes (Thunderbird, mutt), or a Maildir with its folders')
    .requiredOption('--account <address>', 'the account that gets the mail')
    .option('--mailbox <name>', 'the mailbox, or the one below which the folders come')
    .addOption(
      new Option(
        '--quoting <kind>',
        'of ">From " lines in the mbox; messages of proven Content-Length have none',
      )
        .choices(['mboxrd', 'mboxo', 'none'])
        .default('mboxrd'),
    );
  withCommonOptions(command).action(
    async (format: 'mbox' | 'maildir', path: string, options: ImportOptions) => {
      done(await run(format, path, options));
    },
  );
}

async function run(format: 'mbox' | 'maildir', path: string, options: ImportOptions): Promise<ExitCode> {
  const source = openSource(format, path, options.quoting);
  const progress = new ProgressLine();
  const problems = new Problems(progress);
  const { mailbox } = options;
  try {
    const receipts = await withAdmin(options, async (admin) => {
      const { address } = await admin.findAccount(options.account);
      return importSource({
        access: admin,
        address,
        source,
        ...(mailbox === undefined ? {} : { mailbox }),
        onProgress: (state) => progress.show(() => `${state.mailbox}: ${progress.describe(state)}`),
        onProblem: (problem) => problems.add(problem),
      });
    });
    progress.clear();
    problems.sumUp();
    return printReceipt(receipts, problems.count, progress.elapsedMs);
  } catch (error) {
    progress.clear();
    if (!(error instanceof ImportStopped)) throw error;
    note(`brevduva: the import stopped: ${error.message}. Run it again to go on where it was.`);
    return EXIT.failed;
  }
}

/** Each with its place, as far as that helps; then how often each reason came. */
class Problems {
  readonly #progress: ProgressLine;
  readonly #reasons = new Map<string, number>();
  count = 0;

  constructor(progress: ProgressLine) {
    this.#progress = progress;
  }

  add({ where, why }: ImportProblem): void {
    this.#progress.clear();
    if (this.count++ < MAX_SHOWN) note(`not imported: ${where}: ${why}`);
    if (this.#reasons.has(why) || this.#reasons.size < MAX_SHOWN)
      this.#reasons.set(why, (this.#reasons.get(why) ?? 0) + 1);
  }

  sumUp(): void {
    if (this.count > MAX_SHOWN) note(`... and ${this.count - MAX_SHOWN} more`);
    for (const [why, times] of this.#reasons) if (times > 1) note(`${times} times: ${why}`);
  }
}

function openSource(format: 'mbox' | 'maildir', path: string, quoting: Quoting): Source {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`there is no ${path}`);
  if (format === 'maildir' && !stat.isDirectory())
    throw new UsageError(`${path} is a file, and a Maildir is a directory`);
  return format === 'mbox' ? openMboxSource(path, { quoting }) : openMaildirSource(path);
}

function printReceipt(receipts: readonly FolderReceipt[], problems: number, elapsedMs: number): ExitCode {
  const sum = (pick: (receipt: FolderReceipt) => number): number =>
    receipts.reduce((total, receipt) => total + pick(receipt), 0);
  const rows = receipts.map((one) => [
    one.mailbox + (one.isNew ? ' (new)' : ''),
    ...[one.found, one.imported, one.known, one.passedOver, one.refused].map(String),
    one.where,
  ]);
  for (const line of table([HEAD, ...rows])) print(line);
  const found = sum(({ found }) => found);
  const [imported, known, passedOver] = [
    sum((r) => r.imported),
    sum((r) => r.known),
    sum((r) => r.passedOver),
  ];
  const refused = sum((receipt) => receipt.refused);
  const seconds = Math.max(0.001, elapsedMs / 1000);
  const parts = [`${imported} of ${found} messages imported`, `${known} already there`];
  if (passedOver > 0) parts.push(`${passedOver} deleted in the source`);
  parts.push(`${refused} refused`);
  print(`${parts.join(', ')}; ${seconds.toFixed(1)} s, ${Math.round(imported / seconds)}/s`);
  const lost = sum(({ lostKeywords }) => lostKeywords);
  if (lost > 0)
    note(`${counted(lost, 'message')} came in without all keywords: the mailbox has as many as it may have`);
  for (const receipt of receipts) noteUids(receipt);
  return problems > 0 ? EXIT.failed : EXIT.ok;
}

/** Whether clients of the server before keep what they have downloaded. */
function noteUids({ mailbox, uids, lostUids, imported }: FolderReceipt): void {
  if (uids === undefined) return;
  if (uids !== 'kept') {
    if (imported > 0)
      note(`${mailbox}: what was imported has new UIDs, for ${uids.why}; clients download it again`);
  } else if (lostUids > 0) {
    note(`${mailbox}: ${counted(lostUids, 'message')} with new UIDs, for other mail came in between`);
  } else print(`${mailbox}: UIDs and UIDVALIDITY are those of the server before`);
}

const HEAD = ['MAILBOX', 'FOUND', 'IMPORTED', 'THERE', 'DELETED', 'REFUSED', 'FROM'] as const;

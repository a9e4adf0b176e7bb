/** `brevduva check`: whether everything that is stored adds up; `--repair` puts right what can be. */

import type { Command } from 'commander';
import { humanSize } from '../base/bytes.ts';
import type { CheckProblem, CheckVerdict } from '../mailbox/upkeep/check.ts';
import { findOpenData, OPEN_DATA } from '../server/data-modes.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withAdmin, withCommonOptions } from './options.ts';
import { counted, note, ProgressLine, print } from './terminal.ts';

interface CheckOptions extends CommonOptions {
  readonly account?: string;
  readonly repair?: boolean;
}

export function check(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('check')
    .description('read everything and report what does not add up, message by message')
    .option('--account <address>', 'this account alone')
    .option('--repair', 'put right counters, references and what else can be; lost octets stay lost');
  withCommonOptions(command).action(async (options: CheckOptions) => {
    done((await runCheck(options)).code);
  });
}

/** `isSilent`: it says nothing but what is wrong. */
export async function runCheck(
  options: CheckOptions,
  { isSilent = false } = {},
): Promise<{ readonly code: ExitCode; readonly verdict: CheckVerdict | undefined }> {
  const address = options.account === undefined ? {} : { address: options.account };
  const verdict = await withAdmin(
    options,
    async (admin) => {
      const progress = new ProgressLine();
      let last: CheckVerdict | undefined;
      for await (const event of admin.check({ ...address, repair: options.repair === true })) {
        if (event.kind === 'progress') progress.show(() => `${event.account}: ${progress.describe(event)}`);
        if (event.kind !== 'problem') last = event.kind === 'verdict' ? event : last;
        else {
          progress.clear();
          (isSilent ? note : print)(describe(event));
        }
      }
      progress.clear();
      return last;
    },
    { mends: options.repair === true },
  );
  if (!isSilent) await warnOfOpenData(options);
  return { code: report(verdict, isSilent ? note : print), verdict };
}

/** Not a problem of the mail, so the exit code does not count it. */
async function warnOfOpenData(options: CommonOptions): Promise<void> {
  const { config } = configOf(options, { isSilent: true });
  const open = await findOpenData(config.data);
  if (open === undefined) return;
  const more = open.more === 0 ? '' : ` and ${open.more} more`;
  print(`warning: ${OPEN_DATA}: ${open.named.join(', ')}${more}; to mend it: ${open.remedy}`);
}

function describe({ account, mailbox, uid, what, repaired }: CheckProblem): string {
  const place = [account, mailbox, uid === undefined ? undefined : `UID ${uid}`].filter(
    (part) => part !== undefined,
  );
  const where = place.length === 0 ? '' : `${place.join(', ')}: `;
  return `${repaired ? 'repaired' : 'problem'}: ${where}${what}`;
}

function report(verdict: CheckVerdict | undefined, say: (line: string) => void): ExitCode {
  if (verdict === undefined) {
    note('brevduva: the check did not come to its end');
    return EXIT.failed;
  }
  const { accounts, mailboxes, messages, bytes, problems, repaired } = verdict;
  const remaining = problems - repaired;
  const outcome =
    problems === 0
      ? 'no problems'
      : `${counted(problems, 'problem')}, ${repaired} repaired, ${remaining} remain`;
  const parts = [
    counted(accounts, 'account'),
    counted(mailboxes, 'mailbox', 'mailboxes'),
    counted(messages, 'message'),
    humanSize(bytes),
  ];
  say(`checked ${parts.join(', ')}: ${outcome}`);
  return remaining > 0 ? EXIT.failed : EXIT.ok;
}

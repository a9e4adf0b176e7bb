/** `brevduva account retention`: how long mail stays in each mailbox of an account before it is removed by itself. */
import type { Command } from 'commander';
import type { MailboxRetention, RetentionRule } from '../admin/keeping-admin.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, print, table } from './terminal.ts';

const DAY_MS = 24 * 3600_000;
const DEFAULT = 'default';

export function accountRetention(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('retention')
    .description('show or change how long mail stays in mailboxes before it is removed by itself')
    .argument('<address>')
    .argument('[mailbox]', 'without it, all are shown')
    .argument('[time]', `such as 90d, "never", or "${DEFAULT}": as the account has it for Trash and Junk`);
  withCommonOptions(command).action(
    async (
      address: string,
      mailbox: string | undefined,
      time: string | undefined,
      options: CommonOptions,
    ) => {
      if (mailbox !== undefined && time === undefined)
        throw new UsageError(`how long is mail to stay in ${mailbox}? Say 90d, never, or ${DEFAULT}`);
      const rule = time === undefined ? undefined : ruleOf(time);
      const all = await withAdmin(options, async (admin) => {
        if (mailbox !== undefined && rule !== undefined)
          await admin.keeping.setRetention(address, mailbox, rule);
        return admin.keeping.retentionOf(address);
      });
      for (const line of table(all.map((one) => [one.mailbox, stays(one), whose(one)]))) print(line);
    },
  );
}

function ruleOf(time: string): RetentionRule | null {
  if (time === DEFAULT) return null;
  if (time === 'never') return time;
  const days = /^([1-9]\d{0,4}) ?d?$/.exec(time)?.[1];
  if (days === undefined)
    throw new UsageError(`"${time}" is no number of days; say 90d, never, or ${DEFAULT}`);
  return Number(days);
}

function stays({ ms }: MailboxRetention): string {
  return ms === undefined ? 'mail stays' : counted(Math.max(1, Math.round(ms / DAY_MS)), 'day');
}

function whose({ by, ms }: MailboxRetention): string {
  if (by === 'mailbox') return 'set for this mailbox';
  return ms === undefined ? '' : 'as the account has it';
}

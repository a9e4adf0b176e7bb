/** `brevduva account list`: who has an account, how much mail and how much room. */

import type { Command } from 'commander';
import type { AccountSummary } from '../admin/admin.ts';
import { humanSize } from '../base/bytes.ts';
import { isAdmin } from '../identity/role.ts';
import { isClosed } from '../mailbox/model/access.ts';
import type { ExitCode } from './exit.ts';
import { commandName } from './invocation.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, print, quotaText, table } from './terminal.ts';

export function accountList(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('list')
    .description('list the accounts with their mail, quota and standing')
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (options: CommonOptions & { json?: boolean }) => {
    const accounts = await withAdmin(options, (admin) => admin.listAccounts());
    if (options.json) {
      for (const account of accounts) print(JSON.stringify(account));
      return;
    }
    const rows = accounts.map((account) => [
      account.address,
      String(account.usedMessages),
      humanSize(account.usedBytes),
      quotaText(account.quotaBytes),
      account.quotaMessages === undefined ? 'none' : String(account.quotaMessages),
      account.quotaMailboxes === undefined ? 'none' : String(account.quotaMailboxes),
      new Date(account.createdMs).toISOString().slice(0, 10),
      standingOf(account),
    ]);
    if (rows.length === 0) note(`no accounts yet; to add one: ${commandName()} account add ADDRESS`);
    else for (const line of table([HEAD, ...rows])) print(line);
  });
}

const HEAD = [
  'ADDRESS',
  'MESSAGES',
  'SIZE',
  'QUOTA',
  'MESSAGE QUOTA',
  'MAILBOX QUOTA',
  'CREATED',
  'STANDING',
] as const;

function standingOf(account: AccountSummary): string {
  if (isClosed(account)) return 'closed';
  return isAdmin(account) ? 'admin' : '';
}

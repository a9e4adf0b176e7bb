/** `brevduva account`: all there is to do with accounts. */
import type { Command } from 'commander';
import { accountAdd } from './account-add.ts';
import { accountApppass } from './account-apppass.ts';
import { accountDelayed } from './account-delayed.ts';
import { accountDeleted, accountRecover } from './account-deleted.ts';
import { accountImport } from './account-import.ts';
import { accountLink } from './account-link.ts';
import { accountList } from './account-list.ts';
import { accountPasswd } from './account-passwd.ts';
import { accountQuota } from './account-quota.ts';
import { accountRemove } from './account-remove.ts';
import { accountRetention } from './account-retention.ts';
import { accountSecondStep } from './account-second-step.ts';
import { accountSet } from './account-set.ts';
import { accountShare, accountShares, accountUnshare } from './account-share.ts';
import { accountUsage } from './account-usage.ts';
import type { ExitCode } from './exit.ts';

export function account(program: Command, done: (code: ExitCode) => void): void {
  const group = program.command('account').description('add, list, change and remove accounts');
  for (const verb of [
    accountAdd,
    accountList,
    accountPasswd,
    accountLink,
    accountApppass,
    accountSecondStep,
    accountQuota,
    accountUsage,
    accountRetention,
    accountDelayed,
    accountDeleted,
    accountRecover,
    accountSet,
    accountShare,
    accountUnshare,
    accountShares,
    accountRemove,
    accountImport,
  ]) {
    verb(group, done);
  }
}

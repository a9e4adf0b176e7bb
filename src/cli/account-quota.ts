/** `brevduva account quota`: how much room an account has. */
import type { Command } from 'commander';
import type { QuotaChange } from '../admin/admin.ts';
import type { ExitCode } from './exit.ts';
import { changeOf, type LimitOptions, limitsText, usedText, withLimits } from './limits.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { print } from './terminal.ts';

type QuotaOptions = CommonOptions & LimitOptions;

export function accountQuota(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('quota')
    .description('set or remove the limits of an account')
    .argument('<address>');
  withCommonOptions(withLimits(command, 'that of the domain, or of all')).action(
    async (address: string, bytes: NonNullable<QuotaChange['bytes']>, options: QuotaOptions) => {
      const account = await withAdmin(options, (admin) => admin.setQuota(address, changeOf(bytes, options)));
      print(`${account.address}: ${limitsText(account)}; used ${usedText(account)}`);
    },
  );
}

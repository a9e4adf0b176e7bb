/** `brevduva domain quota`: how much room each account of a domain has of which nothing is said itself. */
import type { Command } from 'commander';
import type { QuotaChange } from '../admin/admin.ts';
import type { LimitChoices } from '../mailbox/model/quota.ts';
import type { ExitCode } from './exit.ts';
import { changeOf, type LimitOptions, withLimits } from './limits.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, print, quotaText } from './terminal.ts';

export function domainQuota(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('quota')
    .description('set or remove the limits of each account in a domain that has none of its own')
    .argument('<domain>');
  withCommonOptions(withLimits(command, 'that of all')).action(
    async (name: string, bytes: NonNullable<QuotaChange['bytes']>, options: CommonOptions & LimitOptions) => {
      const domain = await withAdmin(options, (admin) =>
        admin.domains.setQuota(name, changeOf(bytes, options)),
      );
      print(`${domain.name}: each account has ${domainLimits(domain.quota) || 'what all accounts have'}`);
    },
  );
}

/** Empty: nothing is said. */
export function domainLimits({ bytes, messages, mailboxes }: LimitChoices = {}): string {
  const parts = [
    bytes === undefined ? [] : [bytes === 'none' ? 'no limit of size' : quotaText(bytes)],
    messages === undefined
      ? []
      : [messages === 'none' ? 'no limit of messages' : counted(messages, 'message')],
    mailboxes === undefined
      ? []
      : [mailboxes === 'none' ? 'no limit of mailboxes' : counted(mailboxes, 'mailbox', 'mailboxes')],
  ];
  return parts.flat().join(', ');
}

/** `brevduva domain quota`: how much room each account of a domain has of which nothing is said itself, and all of them together. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DomainSummary, QuotaChange } from '../admin/admin.ts';
import { humanSize } from '../base/bytes.ts';
import type { LimitChoices } from '../mailbox/model/quota.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { changeOf, type LimitOptions, withLimits } from './limits.ts';
import { type CommonOptions, countArgument, sizeArgument, withAdmin, withCommonOptions } from './options.ts';
import { counted, print, quotaText } from './terminal.ts';

export function domainQuota(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('quota')
    .description(
      'set or remove the limits of each account in a domain that has none of its own, and of all accounts in it together',
    )
    .argument('<domain>');
  withLimits(command, 'that of all', false)
    .addOption(totalOption('--total <size>', 'room for the mail of all accounts together', sizeArgument))
    .addOption(totalOption('--total-messages <number>', 'messages of all accounts together', countArgument));
  withCommonOptions(command).action(
    async (name: string, bytes: QuotaChange['bytes'], options: CommonOptions & TotalOptions) => {
      const { total, totalMessages } = options;
      const change = changeOf(bytes, options);
      const totals = {
        ...(total === undefined ? {} : { bytes: total }),
        ...(totalMessages === undefined ? {} : { messages: totalMessages }),
      };
      if (Object.keys(change).length + Object.keys(totals).length === 0)
        throw new UsageError(
          'what is to be limited? Say a size, --messages, --mailboxes, --total or --total-messages',
        );
      const domain = await withAdmin(options, (admin) => admin.domains.setQuota(name, change, totals));
      print(`${domain.name}: each account has ${domainLimits(domain.quota) || 'what all accounts have'}`);
      if (domain.total !== undefined) print(`${domain.name}: all together have ${totalText(domain.total)}`);
      else if (Object.keys(totals).length > 0) print(`${domain.name}: no limit of what all have together`);
    },
  );
}

interface TotalOptions extends LimitOptions {
  readonly total?: number | 'none';
  readonly totalMessages?: number | 'none';
}

function totalOption(flags: string, what: string, parse: (text: string) => number): Option {
  return new Option(flags, `${what}, or "none" (no limit)`).argParser((text) => {
    if (text === 'none') return text;
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(`${(error as Error).message.replace(/\.$/, '')}, or "none".`);
    }
  });
}

/** `3.1 GiB of 50 GiB, 1200 of 100000 messages`. */
export function totalText({
  bytes,
  messages,
  usedBytes,
  usedMessages,
}: NonNullable<DomainSummary['total']>): string {
  return [
    ...(bytes === undefined ? [] : [`${humanSize(usedBytes)} of ${quotaText(bytes)}`]),
    ...(messages === undefined ? [] : [`${usedMessages} of ${counted(messages, 'message')}`]),
  ].join(', ');
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

/** Limits of accounts, as people say and read them. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AccountSummary, QuotaChange } from '../admin/admin.ts';
import { humanSize } from '../base/bytes.ts';
import type { LimitChoice } from '../mailbox/model/quota.ts';
import { countArgument, sizeArgument } from './options.ts';
import { counted, quotaText } from './terminal.ts';

type Wanted = LimitChoice | 'default';

export interface LimitOptions {
  readonly messages?: Wanted;
  readonly mailboxes?: Wanted;
}

/** `nearest`: what counts where nothing is said, in words. `isSizeNeeded`: it has to be said in any case. */
export function withLimits(command: Command, nearest: string, isSizeNeeded = true): Command {
  const or = `"none" (no limit) or "default" (${nearest})`;
  return command
    .argument(isSizeNeeded ? '<size>' : '[size]', `room for mail such as 10GiB, ${or}`, (text) =>
      wanted(text, sizeArgument),
    )
    .addOption(countOption('--messages <number>', `number of messages, ${or}`))
    .addOption(countOption('--mailboxes <number>', `number of mailboxes (folders), ${or}`));
}

export function changeOf(bytes: Wanted | undefined, { messages, mailboxes }: LimitOptions): QuotaChange {
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(messages === undefined ? {} : { messages }),
    ...(mailboxes === undefined ? {} : { mailboxes }),
  };
}

function countOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => wanted(text, countArgument));
}

function wanted(text: string, parse: (text: string) => number): Wanted {
  if (text === 'none' || text === 'default') return text;
  try {
    return parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message.replace(/\.$/, '')}, or "none" or "default".`);
  }
}

/** `quota 10 GiB (of its domain), no limit of messages`: what an account may have, and who says so where it is not the account. */
export function limitsText({ quotaBytes, quotaMessages, quotaMailboxes, quotaFrom }: AccountSummary): string {
  const from = (resource: keyof typeof quotaFrom): string => WHO[quotaFrom[resource] ?? 'account'];
  const messages = quotaMessages === undefined ? 'no limit of messages' : counted(quotaMessages, 'message');
  const parts = [`quota ${quotaText(quotaBytes)}${from('bytes')}`, `${messages}${from('messages')}`];
  if (quotaMailboxes !== undefined)
    parts.push(`${counted(quotaMailboxes, 'mailbox', 'mailboxes')}${from('mailboxes')}`);
  return parts.join(', ');
}

const WHO = { account: '', domain: ' (of the domain)', default: ' (of all accounts)' } as const;

export function usedText({ usedBytes, usedMessages, usedMailboxes, quotaMailboxes }: AccountSummary): string {
  const used = `${humanSize(usedBytes)}, ${counted(usedMessages, 'message')}`;
  return quotaMailboxes === undefined ? used : `${used}, ${counted(usedMailboxes, 'mailbox', 'mailboxes')}`;
}

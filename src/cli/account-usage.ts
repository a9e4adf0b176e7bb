/** `brevduva account usage`: what fills an account, and so what to delete. */

import type { Command } from 'commander';
import type { AccountSummary } from '../admin/admin.ts';
import { humanSize } from '../base/bytes.ts';
import type { NamedUsage, Usage } from '../mailbox/reading/usage.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { counted, print, quotaText, table } from './terminal.ts';

interface UsageOptions extends CommonOptions {
  readonly json?: boolean;
}

/** Of each list. */
const SHOWN = 10;
const MS = 1000;

export function accountUsage(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('usage')
    .description('what fills an account: mailboxes, senders, age, attachments and the largest messages')
    .argument('<address>')
    .option('--json', 'one JSON object, for scripts');
  withCommonOptions(command).action(async (address: string, options: UsageOptions) => {
    const [account, usage] = await withAdmin(options, async (admin) => [
      await admin.findAccount(address),
      await admin.usageOf(address),
    ]);
    if (options.json === true) {
      print(JSON.stringify({ address: account.address, ...usage }));
      return;
    }
    const { bytes, messages } = usage.total;
    const limits = sharesOf(account, bytes, messages);
    print(`${account.address}: ${humanSize(bytes)} in ${counted(messages, 'message')}${limits}`);
    for (const line of sections(usage)) print(line);
  });
}

/** `, 84 % of 10 GiB, 12 % of 5000 messages`: of each limit, how much of it is used. */
function sharesOf(account: AccountSummary, bytes: number, messages: number): string {
  const { quotaBytes, quotaMessages, quotaMailboxes, usedMailboxes } = account;
  const shares = [
    quotaBytes && `${share(bytes, quotaBytes)} of ${quotaText(quotaBytes)}`,
    quotaMessages && `${share(messages, quotaMessages)} of ${counted(quotaMessages, 'message')}`,
    quotaMailboxes &&
      `${share(usedMailboxes, quotaMailboxes)} of ${counted(quotaMailboxes, 'mailbox', 'mailboxes')}`,
  ];
  return shares.map((one) => (one ? `, ${one}` : '')).join('');
}

const share = (used: number, limit: number): string => `${Math.round((100 * used) / limit)} %`;

function* sections(usage: Usage): Generator<string> {
  yield* section('Mailboxes', usage.mailboxes);
  yield* section('Senders', usage.senders, '(no sender)');
  yield* section('Age', usage.ages);
  yield* section('Attachments', usage.kinds);
  const { bytes: octets, messages } = usage.recoverable;
  if (messages > 0) {
    yield '';
    yield `Deleted and not counted: ${humanSize(octets)} in ${counted(messages, 'message')} that can be brought back`;
  }
  if (usage.largest.length === 0) return;
  yield '';
  yield 'Largest messages';
  const rows = usage.largest.slice(0, SHOWN).map(({ bytes, mailbox, uid, internalDate, from, subject }) => {
    const day = new Date(internalDate * MS).toISOString().slice(0, 10);
    return ['', humanSize(bytes), day, `${mailbox} ${uid}`, from, subject];
  });
  yield* table(rows);
}

function* section(title: string, parts: readonly NamedUsage[], nameless = ''): Generator<string> {
  const there = parts.filter(({ messages }) => messages > 0).slice(0, SHOWN);
  if (there.length === 0) return;
  yield '';
  yield title;
  const rows = there.map(({ name, bytes, messages }) => [
    ...['', humanSize(bytes), counted(messages, 'message'), name || nameless],
  ]);
  yield* table(rows);
}

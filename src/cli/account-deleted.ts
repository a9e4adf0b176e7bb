/** `brevduva account deleted` and `brevduva account recover`: mail that was deleted, and how it comes back. */
import type { Command } from 'commander';
import type { DeletedFilter, Recovered, RecoverRequest } from '../admin/keeping-admin.ts';
import { humanSize } from '../base/bytes.ts';
import { parseDuration } from '../config/option.ts';
import type { DeletedMailbox, DeletedMessage } from '../mailbox/reading/deleted-mail.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, countArgument, withAdmin, withCommonOptions } from './options.ts';
import { counted, note, print, table } from './terminal.ts';

interface FilterOptions extends CommonOptions {
  readonly mailbox?: string;
  readonly since?: string;
  readonly before?: string;
}

interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly json?: boolean;
}

const SHOWN = 100;

export function accountDeleted(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('deleted')
    .description('mail and mailboxes that were deleted and can be brought back, the last ones first')
    .argument('<address>')
    .option('--limit <number>', `messages at most; ${SHOWN} when absent`, countArgument, SHOWN)
    .option('--json', 'one JSON object, for scripts');
  withFilter(command).action(async (address: string, options: ListOptions) => {
    const page = { position: 0, limit: options.limit };
    const found = await withAdmin(options, (admin) =>
      admin.keeping.listDeleted(address, filterOf(options), page),
    );
    if (options.json === true) {
      print(JSON.stringify(found));
      return;
    }
    const { messages, mailboxes, total } = found;
    for (const line of table([...mailboxes.map(mailboxRow), ...messages.map(messageRow)])) print(line);
    const more = total.messages > messages.length ? `, ${messages.length} of them shown` : '';
    print(`${counted(total.messages, 'message')}, ${humanSize(total.bytes)}${more}`);
  });
}

export function accountRecover(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('recover')
    .description('bring back what was deleted: by id, by mailbox, by time, or all of it')
    .argument('<address>')
    .argument('[ids...]', 'as "account deleted" shows them')
    .option('--all', 'all that can be brought back');
  withFilter(command).action(
    async (address: string, ids: readonly string[], options: FilterOptions & { readonly all?: boolean }) => {
      const filter = filterOf(options);
      if (ids.length === 0 && Object.keys(filter).length === 0 && options.all !== true)
        throw new UsageError('what is to come back? Say ids, --mailbox, --since, --before, or --all');
      const request: RecoverRequest = { ...filter, ...(ids.length > 0 && { ids: [...ids] }) };
      const came = await withAdmin(options, (admin) => admin.keeping.recover(address, request));
      const missing = missingOf(address, request, came);
      if (missing !== undefined) {
        note(missing);
        done(EXIT.failed);
      }
      const { mailboxes, messages, bytes } = came;
      if (missing !== undefined && messages + mailboxes === 0) return;
      const whole = mailboxes === 0 ? '' : `, ${counted(mailboxes, 'mailbox', 'mailboxes')} among them`;
      print(`${counted(messages, 'message')} came back, ${humanSize(bytes)}${whole}`);
    },
  );
}

/** What was named and is not there: never deleted, back already, or gone for ever. */
function missingOf(
  address: string,
  { ids = [], mailbox }: RecoverRequest,
  { messages, mailboxes }: Recovered,
): string | undefined {
  const asked = new Set(ids);
  const whole = [...asked].filter((id) => id.startsWith('f')).length;
  // A mailbox brings messages of its own.
  const missing = whole === 0 ? asked.size - messages : whole - mailboxes;
  const look = `"account deleted ${address}" shows what can be brought back`;
  if (messages + mailboxes > 0)
    return missing > 0
      ? `there is nothing any more of ${missing} of those that were named; ${look}`
      : undefined;
  const named = [...asked].join(', ');
  if (named !== '') return `there is no ${named} among the deleted mail of ${address}; ${look}`;
  if (mailbox === undefined) return undefined;
  return `there is no mailbox ${mailbox} of which mail of ${address} was deleted; ${look}`;
}

function withFilter(command: Command): Command {
  return withCommonOptions(
    command
      .option('--mailbox <name>', 'what was in this mailbox')
      .option('--since <time>', 'deleted since then: "yesterday 14:00", "2026-11-27 14:00", or 3h, 2d ago')
      .option('--before <time>', 'deleted before then'),
  );
}

function filterOf({ mailbox, since, before }: FilterOptions): DeletedFilter {
  return {
    ...(mailbox !== undefined && { mailbox }),
    ...(since !== undefined && { sinceMs: momentOf(since, Date.now()) }),
    ...(before !== undefined && { beforeMs: momentOf(before, Date.now()) }),
  };
}

/** In the time zone of whoever types it. */
export function momentOf(text: string, nowMs: number): number {
  const ago = parseDuration(text);
  if (ago !== undefined && ago > 0) return nowMs - ago;
  const [, day = '', hours = '0', minutes = '0'] =
    /^(today|yesterday|\d{4}-\d\d-\d\d)(?:[ T](\d\d?):(\d\d))?$/.exec(text) ?? [];
  const date = day.includes('-') ? new Date(`${day}T00:00:00`) : new Date(nowMs);
  if (day === 'yesterday') date.setDate(date.getDate() - 1);
  date.setHours(Number(hours), Number(minutes), 0, 0);
  const isGood = day !== '' && Number(hours) < 24 && Number(minutes) < 60 && !Number.isNaN(date.getTime());
  if (!isGood)
    throw new UsageError(`"${text}" is no time; say "yesterday 14:00", "2026-11-27 14:00", 3h or 2d`);
  return date.getTime();
}

function mailboxRow({ id, atMs, mailbox, messages, bytes, service }: DeletedMailbox): string[] {
  return [id, time(atMs), mailbox, humanSize(bytes), service, `the mailbox, ${counted(messages, 'message')}`];
}

function messageRow({ id, atMs, mailbox, bytes, service, from, subject }: DeletedMessage): string[] {
  return [id, time(atMs), mailbox, humanSize(bytes), service, `${from} ${subject}`.trim()];
}

function time(atMs: number): string {
  const date = new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16).replace('T', ' ');
}

/** `brevduva activity ADDRESS`: what happened to an account and who did it, from the journal in the data folder. */
import { type Command, InvalidArgumentError } from 'commander';
import type { ActivityEvent } from '../identity/activity.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

interface ActivityOptions extends CommonOptions {
  readonly limit: number;
  readonly json?: boolean;
}

const MAX_LIMIT = 10_000;

export function activity(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('activity')
    .description('show sign-ins, deliveries, deletions, moves and changes of an account, the newest last')
    .argument('<address>', 'the account, also one that is gone')
    .option('--limit <count>', `at most so many, the newest; ${MAX_LIMIT} are the most`, limitArgument, 100)
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (address: string, options: ActivityOptions) => {
    const events = await withAdmin(options, (admin) => admin.activityOf(address, options.limit));
    if (options.json === true) for (const event of events) print(JSON.stringify(event));
    else if (events.length === 0) note(`nothing is known of ${address}`);
    else for (const event of events) print(lineOf(event));
  });
}

function limitArgument(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_LIMIT}.`);
}

/** `2026-11-27 12:34:56Z  messages deleted  mailbox=INBOX messages=3 remote=192.0.2.1`, in UTC as the log is. */
export function lineOf({ time, what, account: _account, ...facts }: ActivityEvent): string {
  const shown = Object.entries(facts).map(([name, value]) => `${name}=${shownOf(value)}`);
  return `${time.slice(0, 19).replace('T', ' ')}Z  ${what}  ${shown.join(' ')}`.trimEnd();
}

/** What came from outside cannot write lines of its own, nor move the cursor. */
function shownOf(value: unknown): string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : JSON.stringify(value);
}

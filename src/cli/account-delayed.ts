/**
 * `brevduva account delayed ADDRESS`: mail of the last day that was asked to come again, by greylisting, a filter or a DNS that did not answer,
 * and whether it has; not what found the mailbox full. From the journal: the octets of what was not taken are its sender's (decision 53).
 */
import type { Command } from 'commander';
import type { Admin } from '../admin/admin.ts';
import type { ActivityEvent } from '../identity/activity.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, print, table } from './terminal.ts';

const DAY_MS = 86_400_000;
const EVENTS = 10_000;
const CAME: ReadonlySet<string> = new Set(['delivered', 'thrown away', 'passed on', 'kept for later']);
const HEAD = ['FIRST', 'TRIES', 'FROM', 'SUBJECT', 'WHY', 'CAME'] as const;

interface DelayedOptions extends CommonOptions {
  readonly json?: boolean;
}

export interface DelayedMail {
  readonly firstTime: string;
  readonly lastTime: string;
  readonly tries: number;
  readonly from: string;
  readonly to: string;
  readonly remote: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly reason: string;
  /** When it was taken; absent of what has not come again. */
  readonly cameTime?: string;
}

export function accountDelayed(parent: Command, _done: (code: ExitCode) => void): void {
  const command = parent
    .command('delayed')
    .description(
      'list mail of the last 24 hours that was asked to come again by greylisting, a filter or the DNS, and whether it has; not what found the mailbox full',
    )
    .argument('<address>', 'the account')
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (address: string, options: DelayedOptions) => {
    const all = await withAdmin(options, async (admin) => {
      const found = delayedIn(await admin.activityOf(address, EVENTS), Date.now());
      // The journal knows accounts that are gone as well.
      if (found.length === 0) await requireAccount(admin, address);
      return found;
    });
    if (options.json === true) for (const one of all) print(JSON.stringify(one));
    else if (all.length === 0)
      note(
        `no mail for ${address} was asked to come again in the last 24 hours by greylisting, a filter or the DNS; whether the mailbox is full says: account usage ${address}`,
      );
    else for (const line of table([HEAD, ...all.map(rowOf)])) print(line);
  });
}

async function requireAccount(admin: Admin, address: string): Promise<void> {
  try {
    await admin.findAccount(address);
  } catch (error) {
    if (!(error instanceof MailboxError) || error.code !== 'nonexistent') throw error;
    const wanted = address.toLowerCase();
    const alias = (await admin.domains.listAliases()).find((one) => one.address === wanted);
    if (alias === undefined) throw error;
    throw new MailboxError(
      'nonexistent',
      `${alias.address} is no account; its mail goes to ${alias.targets.join(', ')}, so ask for that`,
    );
  }
}

/** Oldest first. The same mail again is known by its Message-ID, or by sender and recipient where it has none. */
export function delayedIn(events: readonly ActivityEvent[], nowMs: number): readonly DelayedMail[] {
  const found = new Map<string, DelayedMail>();
  const inOrder = events
    .filter(({ time }) => Date.parse(time) > nowMs - DAY_MS)
    .toSorted((a, b) => a.time.localeCompare(b.time));
  for (const event of inOrder) {
    const key = keyOf(event);
    const known = found.get(key);
    if (event.what === 'message delayed' && known?.cameTime === undefined)
      found.set(key, delayed(event, known));
    else if (known !== undefined && known.cameTime === undefined && CAME.has(event.what))
      found.set(key, { ...known, cameTime: event.time });
  }
  return [...found.values()];
}

function delayed(event: ActivityEvent, known: DelayedMail | undefined): DelayedMail {
  const { time, subject, messageId } = event;
  return {
    ...{ firstTime: known?.firstTime ?? time, lastTime: time, tries: (known?.tries ?? 0) + 1 },
    ...{ from: textOf(event.from), to: textOf(event.to), remote: textOf(event.remote) },
    ...(typeof subject === 'string' && { subject }),
    ...(typeof messageId === 'string' && { messageId }),
    reason: textOf(event.reason),
  };
}

function keyOf({ messageId, from, to }: ActivityEvent): string {
  return [messageId ?? from, to].map(textOf).join('\n');
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function rowOf({ firstTime, tries, from, subject = '', reason, cameTime }: DelayedMail): string[] {
  const shown = [from === '' ? '<>' : from, subject, reason].map(plain);
  return [timeOf(firstTime), String(tries), ...shown, cameTime === undefined ? 'not yet' : timeOf(cameTime)];
}

const timeOf = (time: string): string => `${time.slice(0, 19).replace('T', ' ')}Z`;

/** What came from outside cannot write lines of its own, nor move the cursor. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, 60);

/**
 * `brevduva message why ADDRESS UID`: how a message came and what was thought of it, from the fields that were put in front of it
 * when it came, and what has happened to it since, from the journal.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { ActivityEvent } from '../identity/activity.ts';
import { HeaderBlock } from '../mail/header.ts';
import { VERDICT_FIELD } from '../message-auth/verdict-field.ts';
import { lineOf } from './activity.ts';
import type { ExitCode } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, print } from './terminal.ts';

interface WhyOptions extends CommonOptions {
  readonly mailbox: string;
}

/** Of the journal, the newest. */
const EVENTS = 10_000;
const OURS: Readonly<Record<string, string>> = {
  'return-path': 'sender',
  'delivered-to': 'recipient',
  'authentication-results': 'checked',
  [VERDICT_FIELD.toLowerCase()]: 'verdict',
  received: 'came',
};

export function messageWhy(parent: Command, _done: (code: ExitCode) => void): void {
  const message = parent.command('message').description('single messages');
  const command = message
    .command('why')
    .description('how a message came, what was found out about it, and what has happened to it since')
    .argument('<address>', 'the account')
    .argument('<uid>', 'of the message, as IMAP and `brevduva activity` have it', uidArgument)
    .option('--mailbox <name>', 'where it is', 'INBOX');
  withCommonOptions(command).action(async (address: string, uid: number, options: WhyOptions) => {
    const [header, events] = await withAdmin(options, async (admin) => [
      await admin.readHeader(address, options.mailbox, uid),
      await admin.activityOf(address, EVENTS),
    ]);
    const fields = traceOf(header);
    if (fields.length === 0) note('it was not delivered here: somebody has uploaded or imported it');
    for (const { what, text } of fields) print(`${`${what}:`.padEnd(11)}${text}`);
    const came = fields.find(({ what }) => what === 'came')?.text ?? '';
    const id = /\sid\s(\S+?);?(?:\s|$)/.exec(came)?.[1];
    const place = { mailbox: options.mailbox, uid };
    for (const event of events) if (isOf(event, id, place)) print(lineOf(event));
  });
}

/** The fields in front that were written here: from Return-Path to the first Received. */
export function traceOf(header: Buffer): { readonly what: string; readonly text: string }[] {
  const block = new HeaderBlock(header);
  const fields: { what: string; text: string }[] = [];
  for (let at = 0; at < block.count; at++) {
    const { start, nameEnd } = block.linesAt(at);
    const name = header.toString('latin1', start, nameEnd).toLowerCase();
    const what = Object.hasOwn(OURS, name) ? OURS[name] : undefined;
    if (what === undefined || (at === 0) !== (name === 'return-path')) break;
    const text = block.valueAt(at).toString('utf8').replace(/\s+/g, ' ').replace(/\p{C}/gu, '?').trim();
    fields.push({ what, text });
    if (name === 'received') break;
  }
  return fields;
}

/** Of that delivery, or of what is in this place. */
function isOf(
  event: ActivityEvent,
  id: string | undefined,
  { mailbox, uid }: { readonly mailbox: string; readonly uid: number },
): boolean {
  return (id !== undefined && event.id === id) || (event.mailbox === mailbox && event.uid === uid);
}

function uidArgument(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected the UID of a message.');
}

/** `brevduva queue ...`: mail that is to leave, what holds it up, and what became of it. */
import type { Command } from 'commander';
import type { QueueAdmin, QueueChange, QueuedMessage } from '../admin/queue-admin.ts';
import { OUTGOING_TEXT } from '../mailbox/model/outgoing.ts';
import { PauseFile } from '../server/pause-file.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, configOf, countArgument, withAdmin, withCommonOptions } from './options.ts';
import {
  changedBesides,
  changedLine,
  messageLines,
  moment,
  unchangedLine,
  until,
  whyOf,
} from './queue-words.ts';
import { counted, note, print, shortDuration, table } from './terminal.ts';

type Done = (code: ExitCode) => void;

interface Chosen extends CommonOptions {
  readonly account?: string;
  readonly domain?: string;
  readonly all?: boolean;
  readonly reason?: string;
  readonly report?: boolean;
  readonly json?: boolean;
}

interface ListOptions extends Chosen {
  readonly limit: number;
}

const PAGE = 1000;

const CAN: Readonly<Record<QueueChange['what'], string>> = {
  retry: 'be tried',
  hold: 'be held',
  release: 'be released, for nothing is held',
  cancel: 'be taken back',
  drop: 'be dropped',
};

export function queue(parent: Command, done: Done): void {
  const verbs = parent.command('queue').description('mail that is to leave');
  list(verbs);
  show(verbs, done);
  change(verbs, done, 'retry', 'try messages now, and servers that were not there');
  change(verbs, done, 'hold', 'keep messages from being tried until they are released');
  change(verbs, done, 'release', 'try messages that were held');
  change(verbs, done, 'cancel', 'take messages back that have not been tried; they are drafts again');
  change(verbs, done, 'drop', 'end messages, which then are not delivered');
  pause(verbs, 'pause', 'begin to send nothing more until "resume", restarts or not; mail is accepted', true);
  pause(verbs, 'resume', 'send again', false);
}

function list(parent: Command): void {
  const command = parent
    .command('list')
    .description('list what waits: who sent it, to whom, when it is tried next and what was said last')
    .option('--account <address>', 'only what this account sends')
    .option('--domain <domain>', 'only what goes to this domain')
    .option('--limit <count>', 'at most so many messages', countArgument, 1000)
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (options: ListOptions) => {
    await withAdmin(options, async ({ queue: admin }) => {
      const messages = await read(admin, options);
      if (options.json === true) {
        for (const message of messages) print(JSON.stringify(message));
        return;
      }
      const state = await admin.state();
      // Without a server nothing else knows of it.
      const isPaused =
        state.isPaused || new PauseFile(configOf(options, { isSilent: true }).config.data).isThere;
      const isPart = options.account !== undefined || options.domain !== undefined;
      if (messages.length > 0) for (const line of table([HEAD, ...messages.flatMap(rowsOf)])) print(line);
      for (const { key, waiting, restsUntilMs } of state.destinations ?? [])
        if (restsUntilMs !== undefined)
          note(`${key}: nothing is brought there for ${until(restsUntilMs)}; ${waiting} wait`);
      const held = messages.flatMap(({ recipients }) => recipients).filter((one) => one.state === 'held');
      const totals = isPart ? { messages: messages.length, held: held.length } : state;
      const more = isPart && messages.length === options.limit ? ' or more' : '';
      note(
        `${counted(totals.messages, 'message')}${more}, ${counted(totals.held, 'recipient')} held${isPaused ? '; sending is paused' : ''}`,
      );
    });
  });
}

async function read(admin: QueueAdmin, { account, domain, limit }: ListOptions): Promise<QueuedMessage[]> {
  const found: QueuedMessage[] = [];
  const filter = {
    ...(account === undefined ? {} : { account }),
    ...(domain === undefined ? {} : { domain }),
  };
  while (found.length < limit) {
    const after = found.at(-1)?.id;
    const most = Math.min(PAGE, limit - found.length);
    const page = await admin.list({ ...filter, limit: most, ...(after === undefined ? {} : { after }) });
    found.push(...page);
    if (page.length < most) break;
  }
  return found;
}

const HEAD = ['ID', 'FROM', 'TO', 'STATE', 'TRIES', 'NEXT', 'AGE', 'LAST'] as const;

function rowsOf(message: QueuedMessage): string[][] {
  const { id, sender, createdMs, recipients } = message;
  return recipients.map((one) => [
    id,
    sender === '' ? '<>' : sender,
    one.address,
    one.state,
    String(one.attempts),
    one.nextMs === undefined ? '-' : until(one.nextMs),
    shortDuration(Date.now() - createdMs),
    whyOf(one, message),
  ]);
}

function show(parent: Command, done: Done): void {
  const command = parent
    .command('show')
    .description(
      'show a message that waits, and what has happened to it; also to one that ended in the last 30 days',
    )
    .argument('<id>', 'of the message, as "queue list" has it')
    .option('--json', 'one JSON object a line, for scripts: the message while it waits, then what happened');
  withCommonOptions(command).action(async (id: string, options: Chosen) => {
    requireId(id);
    const [message, events] = await withAdmin(options, async ({ queue: admin }) => [
      await admin.find(id),
      await admin.events(id),
    ]);
    if (message === undefined && events.length === 0) {
      note(`nothing is known of a message ${id}`);
      return done(EXIT.failed);
    }
    if (options.json === true) {
      for (const line of message === undefined ? events : [message, ...events]) print(JSON.stringify(line));
      return;
    }
    if (message === undefined) note(`${id} is not in the queue any more`);
    else for (const line of messageLines(message)) print(line);
    for (const { atMs, event, address, detail } of events)
      print([moment(atMs), event.padEnd(9), address || '<>', detail].join('  ').trimEnd());
  });
}

function change(parent: Command, done: Done, what: QueueChange['what'], description: string): void {
  const command = parent
    .command(what)
    .description(description)
    .argument('[ids...]', 'of the messages, as "queue list" has them')
    .option('--account <address>', 'all that this account sends')
    .option('--domain <domain>', 'all messages that go to this domain')
    .option('--all', 'all there are');
  if (what === 'hold')
    command.option('--reason <text>', 'why, for "queue show"', 'held by the administrator');
  if (what === 'drop') {
    command.requiredOption('--reason <text>', 'why, for "queue show" and the sender');
    command.option(
      '--report',
      'and tell the senders; without it only people of this server who have sent it',
    );
    command.option('--no-report', 'and tell nobody');
  }
  withCommonOptions(command).action(async (ids: readonly string[], options: Chosen) => {
    const { account, domain, all, reason, report } = options;
    const isFiltered = account !== undefined || domain !== undefined;
    if (ids.length > 0 === (isFiltered || all === true))
      throw new UsageError('name messages by their ids, or all of them by --account, --domain or --all');
    for (const id of ids) requireId(id);
    const filter = {
      ...(account === undefined ? {} : { account }),
      ...(domain === undefined ? {} : { domain }),
    };
    const changed = await withAdmin(options, ({ queue: admin }) =>
      admin.change({
        what,
        ...(ids.length > 0 ? { ids } : { filter }),
        ...(reason === undefined ? {} : { reason }),
        ...(report === undefined ? {} : { isReported: report }),
      }),
    );
    const asked = { what, report };
    for (const one of changed.messages) {
      if (one.recipients > 0) print(changedLine(asked, one));
      else note(unchangedLine(asked, one));
    }
    const named = changed.messages.reduce((sum, { recipients }) => sum + recipients, 0);
    if (changed.recipients > named) print(changedBesides(asked, changed.recipients - named));
    if (changed.recipients === 0 && changed.messages.length === 0)
      note(`nothing that waits can ${CAN[what]}`);
    const isFault = changed.messages.some(({ why }) => why === 'fault');
    done(changed.unchanged > 0 || isFault ? EXIT.failed : EXIT.ok);
  });
}

function pause(parent: Command, name: string, description: string, isPaused: boolean): void {
  const command = parent.command(name).description(description);
  withCommonOptions(command).action(async (options: CommonOptions) => {
    await withAdmin(options, ({ queue: admin }) => admin.setPaused(isPaused));
  });
}

function requireId(id: string): void {
  if (!OUTGOING_TEXT.test(id))
    throw new UsageError(`"${id}" is not the id of a message; they look like 1-23 or 1-s4`);
}

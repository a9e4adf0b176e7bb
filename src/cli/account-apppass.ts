/** `brevduva account apppass`: passwords for one device or program each, that can be taken away by themselves. */
import { type Command, InvalidArgumentError } from 'commander';
import type { AppPasswordSummary, NewAppPassword } from '../admin/admin.ts';
import { parseDuration } from '../config/option.ts';
import { problemWith, SERVICES } from '../identity/app-password.ts';
import { profileFor } from './device-profile.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, withAdmin, withCommonOptions } from './options.ts';
import { note, print, table } from './terminal.ts';

interface AddOptions extends CommonOptions {
  readonly name: string;
  readonly scope?: readonly string[];
  readonly network: readonly string[];
  readonly expires?: number;
  readonly profile?: boolean;
}

const HEAD = ['NUMBER', 'NAME', 'FOR', 'FROM', 'MADE', 'EXPIRES', 'LAST USED'] as const;
const YEAR_MS = 365 * 24 * 3_600_000;

export function accountApppass(parent: Command, _done: (code: ExitCode) => void): void {
  const apppass = parent
    .command('apppass')
    .description('passwords for one device or program each, that can be revoked by themselves');
  withCommonOptions(
    apppass
      .command('add')
      .description('make one and print it, once')
      .argument('<address>')
      .requiredOption('--name <name>', 'what it is for, such as "Phone"')
      .option('--scope <services>', `good for these alone, such as ${SERVICES.join(',')}`, listArgument)
      .option(
        '--network <network>',
        'good from this network alone (192.0.2.0/24); again for more',
        gathered,
        [],
      )
      .option(
        '--profile',
        'write a profile for an iPhone, an iPad or a Mac with it to standard output, instead of printing it',
      )
      .option('--expires <when>', 'good until then: 90d, 1y or a day such as 2027-01-31', momentArgument),
  ).action(add);
  withCommonOptions(
    apppass
      .command('list')
      .description('what there is, and when it was last used')
      .argument('<address>')
      .option('--json', 'one JSON object a line, for scripts'),
  ).action(list);
  withCommonOptions(
    apppass
      .command('revoke')
      .description('take one away; sessions that were opened with it end')
      .argument('<address>')
      .argument('<which>', 'its number or its name'),
  ).action(revoke);
}

async function add(address: string, options: AddOptions): Promise<void> {
  const { name, scope, network, expires } = options;
  const drawn = options.profile === true ? await profileFor(options) : undefined;
  const services = scope ?? drawn?.services;
  const wanted: NewAppPassword = {
    name,
    ...(services === undefined ? {} : { services }),
    ...(network.length === 0 ? {} : { networks: network }),
    ...(expires === undefined ? {} : { expiresMs: expires }),
  };
  const problem = problemWith(wanted);
  if (problem !== undefined) throw new UsageError(problem);
  const { number, password } = await withAdmin(options, (admin) => admin.addAppPassword(address, wanted));
  if (drawn === undefined) {
    note(`made app password ${number}; it is shown this once`);
    print(`password ${password.reveal()}`);
    return;
  }
  const profile = await drawn.make(address, password).catch(async (error: unknown) => {
    await withAdmin(options, (admin) => admin.revokeAppPassword(address, number));
    throw error;
  });
  process.stdout.write(profile);
  note(`made app password ${number}; it is in the profile, which whoever has it can read mail with`);
}

async function list(address: string, options: CommonOptions & { readonly json?: boolean }): Promise<void> {
  const found = await withAdmin(options, (admin) => admin.listAppPasswords(address));
  if (options.json === true) for (const one of found) print(JSON.stringify(one));
  else if (found.length === 0) note('there is none');
  else for (const line of table([HEAD, ...found.map(rowOf)])) print(line);
}

async function revoke(address: string, which: string, options: CommonOptions): Promise<void> {
  await withAdmin(options, async (admin) => {
    const found = await admin.listAppPasswords(address);
    const one =
      found.find(({ name }) => name === which.normalize('NFC')) ??
      found.find(({ number }) => String(number) === which);
    if (one === undefined)
      throw new UsageError(`there is no app password "${which}"; "account apppass list" shows what there is`);
    await admin.revokeAppPassword(address, one.number);
    print(`revoked the app password "${one.name}"`);
  });
}

function rowOf({ number, name = '', services, networks, createdMs, expiresMs, lastUse }: AppPasswordSummary) {
  return [
    String(number),
    name,
    services?.join(',') ?? 'everything',
    networks?.join(',') ?? 'everywhere',
    dayOf(createdMs),
    expiresMs === undefined ? 'never' : dayOf(expiresMs),
    lastUse === undefined ? 'never' : `${dayOf(lastUse.atMs)} ${lastUse.service} from ${lastUse.remote}`,
  ];
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const gathered = (text: string, before: readonly string[]): readonly string[] => [...before, text];

/** What people call sending is taken for it. */
const listArgument = (text: string): readonly string[] =>
  text.split(',').map((one) => one.trim().replace(/^smtp$/i, 'submission'));

function momentArgument(text: string): number {
  const years = /^(\d{1,2})y$/.exec(text);
  const afterMs = years === null ? parseDuration(text) : Number(years[1]) * YEAR_MS;
  const atMs =
    afterMs === undefined ? Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? text : '') : Date.now() + afterMs;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError('Expected 90d, 1y or a day such as 2027-01-31.');
  if (atMs <= Date.now()) throw new InvalidArgumentError('That is over already.');
  return atMs;
}

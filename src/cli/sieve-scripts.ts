/** `brevduva sieve put|list|show|activate|delete|log`: the scripts of accounts, and what they did. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import type { RuleEvent, ScriptName, ScriptRole, ScriptSummary } from '../admin/script-admin.ts';
import { unreadable } from '../config/unreadable.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { quoted } from './invocation.ts';
import { type CommonOptions, countArgument, withAdmin, withCommonOptions } from './options.ts';
import { note, print, table } from './terminal.ts';

type Done = (code: ExitCode) => void;

interface RoleOptions extends CommonOptions {
  readonly role: ScriptRole;
}

interface PutOptions extends RoleOptions {
  readonly name?: string;
  readonly activate?: boolean;
}

interface LogOptions extends CommonOptions {
  readonly limit: number;
  readonly json?: boolean;
}

const ROLES: readonly ScriptRole[] = ['own', 'before', 'after', 'away'];
const MAX_LIMIT = 2000;

export function sieveScripts(parent: Command, done: Done): void {
  for (const verb of [put, list, show, activate, remove, log]) verb(parent, done);
}

function put(parent: Command, done: Done): void {
  const command = parent
    .command('put')
    .description('keep a script for an account, in the place of the one of that name')
    .argument('<address>', 'the account')
    .argument('<file>', 'the script; "-" for standard input')
    .option('--name <name>', 'what to call it; else as the file is called')
    .option('--activate', 'and run it from now on');
  withRole(command).action(async (address: string, file: string, options: PutOptions) => {
    const name = options.name ?? (file === '-' ? undefined : basename(file).replace(/\.sieve$/, ''));
    if (name === undefined && options.role === 'own')
      throw new UsageError('a script from standard input needs --name');
    if (options.activate === true && options.role !== 'own')
      throw new UsageError(`a script of the role "${options.role}" is active when it is there`);
    const script = { role: options.role, name: name ?? options.role };
    const text = await contentOf(file);
    await withAdmin(options, async ({ scripts }) => {
      const { warnings } = await scripts.put(address, script, text);
      for (const warning of warnings) note(`warning: ${warning}`);
      if (options.activate === true) await scripts.activate(address, script.name);
      const kept = (await scripts.list(address)).find(
        ({ role, name: one }) => role === script.role && (role !== 'own' || one === script.name),
      );
      const isRun = kept?.isActive === true;
      print(
        `${script.name} of ${address} is kept, and ${isRun ? 'is run from now on' : `not run; to run it: sieve activate ${address} ${quoted(script.name)}`}`,
      );
    });
    done(EXIT.ok);
  });
}

function list(parent: Command): void {
  const command = parent
    .command('list')
    .description('list the scripts of an account, in the order in which they are run')
    .argument('<address>', 'the account')
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (address: string, options: CommonOptions & { json?: boolean }) => {
    const scripts = await withAdmin(options, (admin) => admin.scripts.list(address));
    if (options.json === true) for (const script of scripts) print(JSON.stringify(script));
    else if (scripts.length === 0) note(`${address} has no scripts`);
    else
      for (const line of table([['NAME', 'ROLE', 'ACTIVE', 'OCTETS', 'CHANGED'], ...scripts.map(rowOf)]))
        print(line);
  });
}

function rowOf({ name, role, isActive, sizeBytes, changedMs }: ScriptSummary): string[] {
  const changed = `${new Date(changedMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  return [name, role, isActive ? 'yes' : 'no', String(sizeBytes), changed];
}

function show(parent: Command): void {
  const command = parent
    .command('show')
    .description('print a script of an account')
    .argument('<address>', 'the account')
    .argument('[name]', 'of the script; with a role of one script it needs none');
  withRole(command).action(async (address: string, name: string | undefined, options: RoleOptions) => {
    const script = named(name, options);
    process.stdout.write(await withAdmin(options, (admin) => admin.scripts.read(address, script)));
  });
}

function activate(parent: Command): void {
  const command = parent
    .command('activate')
    .description('run this script of the account from now on, and not the one before')
    .argument('<address>', 'the account')
    .argument('[name]', 'of the script; none of them when it is left out');
  withCommonOptions(command).action(
    async (address: string, name: string | undefined, options: CommonOptions) => {
      await withAdmin(options, (admin) => admin.scripts.activate(address, name ?? ''));
      print(
        `${address}: ${name === undefined ? 'no script of its own is run any more' : `${name} is run from now on`}`,
      );
    },
  );
}

function remove(parent: Command): void {
  const command = parent
    .command('delete')
    .description('delete a script of an account')
    .argument('<address>', 'the account')
    .argument('[name]', 'of the script; with a role of one script it needs none');
  withRole(command).action(async (address: string, name: string | undefined, options: RoleOptions) => {
    const script = named(name, options);
    await withAdmin(options, (admin) => admin.scripts.remove(address, script));
    print(`deleted ${script.name} of ${address}`);
  });
}

function log(parent: Command): void {
  const command = parent
    .command('log')
    .description('show what rules did to the mail of an account in the last 30 days, the newest last')
    .argument('<address>', 'the account')
    .option(
      '--limit <count>',
      `at most so many messages, the newest; ${MAX_LIMIT} are the most`,
      countArgument,
      100,
    )
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (address: string, options: LogOptions) => {
    const limit = Math.min(Math.max(options.limit, 1), MAX_LIMIT);
    const events = await withAdmin(options, (admin) => admin.scripts.log(address, limit));
    if (options.json === true) for (const event of events) print(JSON.stringify(event));
    else if (events.length === 0) note(`no rule of ${address} has done anything yet`);
    else for (const event of events) for (const line of linesOf(event)) print(line);
  });
}

function linesOf({ atMs, from, to, subject, messageId, did }: RuleEvent): string[] {
  const time = `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const head = `${time}  from <${from}> to <${to}>  "${subject}"  ${messageId ?? ''}`;
  // What came from outside cannot move the cursor.
  return [head, ...did.map((sentence) => `    ${sentence}`)].map((line) =>
    line.replace(/\p{Cc}/gu, ' ').trimEnd(),
  );
}

function withRole(command: Command): Command {
  const role = new Option(
    '--role <role>',
    'whose it is: "own", the owner\'s; "before" and "after", the administrator\'s for this account; "away"',
  );
  return withCommonOptions(command.addOption(role.choices(ROLES).default('own')));
}

function named(name: string | undefined, { role }: RoleOptions): ScriptName {
  if (name === undefined && role === 'own') throw new UsageError('name the script');
  return { role, name: name ?? role };
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : readFileSync(file);
  } catch (error) {
    throw new UsageError(unreadable(file, error));
  }
}

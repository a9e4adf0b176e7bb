/**
 * The command line: one verb a file, put together here. `serve` is passed in, because only `main.ts` knows every part.
 * What is loaded is the verb that is asked for: all of them only to list them, or to name the nearest.
 *
 * A mistake is answered with what was written, what was expected and the nearest thing that exists.
 */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/load.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { commandName } from './invocation.ts';
import { PROXY_VERB, serveAsOwner } from './proxy.ts';
import type { Serve } from './serve.ts';
import { note } from './terminal.ts';

interface Line {
  readonly version: string;
  readonly start: Serve;
  done(code: ExitCode | undefined): void;
}

/** By the word that a command line begins with, in the order of the help. */
const VERBS: Readonly<Record<string, (program: Command, line: Line) => Promise<void>>> = {
  account: async (program, { done }) => (await import('./account.ts')).account(program, done),
  domain: async (program, { done }) => (await import('./domain.ts')).domain(program, done),
  config: async (program, { done }) => (await import('./config.ts')).config(program, done),
  sieve: async (program, { done }) => (await import('./sieve.ts')).sieve(program, done),
  serve: async (program, { start, done }) => (await import('./serve.ts')).serve(program, start, done),
  [PROXY_VERB]: async (program, { version, done }) => {
    program.command(PROXY_VERB, { hidden: true }).action(async () => done(await serveAsOwner(version)));
  },
  alias: async (program, { done }) => (await import('./alias.ts')).alias(program, done),
  who: async (program, { done }) => (await import('./who.ts')).who(program, done),
  activity: async (program, { done }) => (await import('./activity.ts')).activity(program, done),
  message: async (program, { done }) => (await import('./message-why.ts')).messageWhy(program, done),
  health: async (program, { done }) => (await import('./health.ts')).health(program, done),
  import: async (program, { done }) => (await import('./import.ts')).importMail(program, done),
  migrate: async (program, { done }) => (await import('./migrate.ts')).migrate(program, done),
  export: async (program, { done }) => (await import('./export.ts')).exportMail(program, done),
  check: async (program, { done }) => (await import('./check.ts')).check(program, done),
  backup: async (program, { version, done }) => (await import('./backup.ts')).backup(program, done, version),
  restore: async (program, { done }) => (await import('./restore.ts')).restore(program, done),
  compact: async (program, { done }) => (await import('./compact.ts')).compact(program, done),
  reshard: async (program, { done }) => (await import('./reshard.ts')).reshard(program, done),
  queue: async (program, { done }) => (await import('./queue.ts')).queue(program, done),
  doctor: async (program, { version, done }) => (await import('./doctor.ts')).doctor(program, done, version),
};

const EPILOGUE = `
Exit codes: 0 done; 1 failed, or failed in part; 2 the command line or the configuration is wrong, nothing was done.
All commands work beside a running server and without one, but reshard and restore, which want it stopped (restore --account
does not), and who, health, queue pause and queue resume, which ask one that runs.`;

/** Ends with the exit code, or undefined when the server runs and will end the process by itself. */
export async function runCommandLine(
  args: readonly string[],
  version: string,
  start: Serve,
): Promise<ExitCode | undefined> {
  let exitCode: ExitCode | undefined = EXIT.ok;
  const done = (code: ExitCode | undefined): void => {
    exitCode = code;
  };
  const program = new Command(commandName())
    .description('The mail system in which mail stays on the server and every device shows a copy of it.')
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', EPILOGUE)
    .exitOverride();
  for (const define of askedFor(args[0])) await define(program, { version, start, done });
  inheritSettings(program);
  try {
    await program.parseAsync(isUnknown(args[0]) ? args.slice(0, 1) : [...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error);
  }
}

function askedFor(word = ''): readonly (typeof VERBS)[string][] {
  if (word === '--version' || word === '-V') return [];
  const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  return verb === undefined ? Object.values(VERBS) : [verb];
}

/** Whatever stands behind it, `--help` too: there is nothing to show of it. */
function isUnknown(word = '-'): boolean {
  return !word.startsWith('-') && word !== 'help' && !Object.hasOwn(VERBS, word);
}

/** Commander copies these to commands made afterwards only from their direct parent. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}

/** What goes wrong on purpose is a sentence; anything else is a bug and keeps its stack. */
function explain(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    const [, taken] = /^error: unknown option '(-[^-'][^']*)'/.exec(error.message) ?? [];
    if (taken !== undefined) note(`what begins with - is taken for an option; if it is none: -- ${taken}`);
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof UsageError || error instanceof ConfigError) {
    note(`brevduva: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof MailboxError) note(`brevduva: ${error.message}`);
  else if (error instanceof Error && error.name !== 'Bug' && !(error instanceof TypeError))
    note(`brevduva: ${error.message}`);
  else note(`brevduva: ${error instanceof Error ? error.stack : String(error)}`);
  return EXIT.failed;
}

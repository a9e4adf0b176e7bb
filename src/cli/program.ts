/**
 * The command line: one verb a file, put together here. `serve` is passed in, because only `main.ts` knows every part.
 *
 * A mistake is answered with what was written, what was expected and the nearest thing that exists.
 */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/load.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { accountAdd } from './account-add.ts';
import { accountApppass } from './account-apppass.ts';
import { accountImport } from './account-import.ts';
import { accountList } from './account-list.ts';
import { accountPasswd } from './account-passwd.ts';
import { accountQuota } from './account-quota.ts';
import { accountRemove } from './account-remove.ts';
import { accountRetention } from './account-retention.ts';
import { accountSet } from './account-set.ts';
import { accountUsage } from './account-usage.ts';
import { activity } from './activity.ts';
import { alias } from './alias.ts';
import { check } from './check.ts';
import { configCheck } from './config-check.ts';
import { configPrint } from './config-print.ts';
import { doctor } from './doctor.ts';
import { domainAdd } from './domain-add.ts';
import { domainCheck } from './domain-check.ts';
import { domainList } from './domain-list.ts';
import { domainRecords } from './domain-records.ts';
import { domainRemove } from './domain-remove.ts';
import { domainReports } from './domain-reports.ts';
import { domainRotate } from './domain-rotate.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { exportMail } from './export.ts';
import { health } from './health.ts';
import { importMail } from './import.ts';
import { commandName } from './invocation.ts';
import { messageWhy } from './message-why.ts';
import { PROXY_VERB, serveAsOwner } from './proxy.ts';
import { queue } from './queue.ts';
import { reshard } from './reshard.ts';
import { type Serve, serve } from './serve.ts';
import { sieveScripts } from './sieve-scripts.ts';
import { sieveTest } from './sieve-test.ts';
import { note } from './terminal.ts';
import { who } from './who.ts';

const EPILOGUE = `
Exit codes: 0 done; 1 failed, or failed in part; 2 the command line or the configuration is wrong, nothing was done.
All commands work beside a running server and without one, but reshard, which wants it stopped; who and health ask one
that runs.`;

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
  const account = program.command('account').description('add, list, change and remove accounts');
  const domain = program.command('domain').description('domains whose mail comes here, and their records');
  const config = program.command('config').description('look at the configuration');
  const sieve = program.command('sieve').description('the scripts that sort mail');
  serve(program, start, done);
  program.command(PROXY_VERB, { hidden: true }).action(async () => done(await serveAsOwner(version)));
  for (const verb of [
    accountAdd,
    accountList,
    accountPasswd,
    accountApppass,
    accountQuota,
    accountUsage,
    accountRetention,
    accountSet,
    accountRemove,
    accountImport,
  ]) {
    verb(account, done);
  }
  for (const verb of [
    ...[domainAdd, domainList, domainRecords, domainCheck, domainReports],
    ...[domainRotate, domainRemove],
  ])
    verb(domain, done);
  alias(program, done);
  for (const verb of [who, activity, messageWhy, health, importMail, exportMail, check, reshard])
    verb(program, done);
  queue(program, done);
  doctor(program, done, version);
  for (const verb of [configPrint, configCheck]) verb(config, done);
  sieveScripts(sieve, done);
  sieveTest(sieve, done);
  inheritSettings(program);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error);
  }
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
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
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

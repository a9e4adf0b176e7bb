/** `brevduva restore`: a data folder out of a backup, proven by reading every message in it. */
import type { Command } from 'commander';
import { dataOwner, isOurs, isRoot, ownerAbove } from '../admin/data-owner.ts';
import type { RestoreReport } from '../backup/restore.ts';
import { humanSize } from '../base/bytes.ts';
import type { Config } from '../config/options.ts';
import { pace, shownProgress, WHERE, withPlace } from './backup-place.ts';
import { runCheck } from './check.ts';
import type { ExitCode } from './exit.ts';
import { UsageError } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { othersData } from './preflight.ts';
import type { AccountOptions } from './restore-account.ts';
import { runningServer } from './running-server.ts';
import { counted, print } from './terminal.ts';

interface RestoreOptions extends CommonOptions, Partial<AccountOptions> {}

export function restore(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('restore')
    .description(
      'make a data folder out of a backup, where none or an empty one is, and check it; UIDs and modseqs jump ahead, and mail that waited to leave is held. With --account: bring back what one account has lost',
    )
    .argument('<where>', WHERE)
    .option(
      '--at <time>',
      'the newest snapshot of this time (UTC) or before, or the one of this name; else the newest',
    )
    .option(
      '--account <address>',
      'only this account, beside the running server: what it had then and has no more comes back; nothing that is there is changed',
    )
    .option('--as <address>', 'with --account: into this account instead')
    .option('--mailbox <name>', 'with --account: only what was in this mailbox')
    .option('--into <mailbox>', 'with --account: everything comes below this mailbox')
    .option('--dry-run', 'with --account: say what is missing, and change nothing')
    .option('--json', 'one JSON object, for scripts');
  withCommonOptions(command).action(async (where: string, options: RestoreOptions) => {
    const { account } = options;
    if (account !== undefined) {
      done(await runAccount(where, { ...options, account }));
      return;
    }
    const alone = (['as', 'mailbox', 'into', 'dryRun'] as const).find((name) => options[name] !== undefined);
    if (alone !== undefined)
      throw new UsageError(`--${alone === 'dryRun' ? 'dry-run' : alone} goes with --account`);
    const { config, hint } = configOf(options);
    const owner = await ownerOf(config);
    const { restoreBackup } = await import('../backup/restore.ts');
    const progress = shownProgress();
    const at = options.at === undefined ? {} : { at: options.at };
    const report = await withPlace(
      where,
      () => config,
      (place) =>
        restoreBackup({ place, data: config.data, ...at, ...owner, onProgress: progress.onProgress }),
    ).finally(() => progress.clear());
    const { seconds } = progress;
    if (options.json !== true) for (const line of described(report, seconds, hint)) print(line);
    const isJson = options.json === true;
    const { code, verdict } = await runCheck(options, { isSilent: isJson });
    if (isJson) print(JSON.stringify({ ...report, seconds, check: verdict }));
    done(code);
  });
}

async function runAccount(where: string, options: AccountOptions & CommonOptions): Promise<ExitCode> {
  const { config } = configOf(options);
  const { restoreAccount } = await import('./restore-account.ts');
  return withPlace(
    where,
    () => config,
    (place) => restoreAccount(place, config, options),
  );
}

/** Whom the folder is to belong to, where that is somebody else. Throws where it cannot be restored into. */
async function ownerOf(config: Config): Promise<{ readonly owner?: { uid: number; gid: number } }> {
  const client = await runningServer(config).catch(() => undefined);
  await client?.close();
  if (client !== undefined)
    throw new UsageError(
      `a server runs on the data folder ${config.data}; stop it first, or bring back one account beside it with --account ADDRESS, or restore into another folder with --data FOLDER`,
    );
  const owner = dataOwner(config.data) ?? ownerAbove(config.data);
  if (isOurs(owner)) return {};
  if (isRoot()) return { owner };
  throw new UsageError(othersData(config.data, owner.name));
}

function* described(
  report: RestoreReport,
  seconds: number,
  hint: (verb: string) => string,
): Generator<string> {
  const { id, createdMs, files, bytes, accounts, held } = report;
  yield `restored ${id}, made at ${new Date(createdMs).toISOString()}: ${counted(accounts, 'account')}, ${counted(files, 'file')}, ${humanSize(bytes)}; ${pace(bytes, seconds)}`;
  yield 'passwords, settings and flags are as they were then; programs compare, and download only what they do not have';
  if (held > 0)
    yield `${counted(held, 'recipient')} of mail that waited to leave ${held === 1 ? 'is' : 'are'} held, for it may have left since: "${hint('queue list')}", then "${hint('queue release --all')}" or "${hint('queue drop --all --reason WHY')}"`;
}

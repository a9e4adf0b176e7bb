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
import { runningServer } from './running-server.ts';
import { counted, print } from './terminal.ts';

interface RestoreOptions extends CommonOptions {
  readonly at?: string;
  readonly json?: boolean;
}

export function restore(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('restore')
    .description(
      'make a data folder out of a backup, where none or an empty one is, and check it; UIDs and modseqs jump ahead, and mail that waited to leave is held',
    )
    .argument('<where>', WHERE)
    .option(
      '--at <time>',
      'the newest snapshot of this time (UTC) or before, or the one of this name; else the newest',
    )
    .option('--json', 'one JSON object, for scripts');
  withCommonOptions(command).action(async (where: string, options: RestoreOptions) => {
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

/** Whom the folder is to belong to, where that is somebody else. Throws where it cannot be restored into. */
async function ownerOf(config: Config): Promise<{ readonly owner?: { uid: number; gid: number } }> {
  const client = await runningServer(config).catch(() => undefined);
  await client?.close();
  if (client !== undefined) throw new UsageError('a server runs on this data folder; stop it first');
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

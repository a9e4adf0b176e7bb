/** `brevduva backup`: everything that is kept, copied beside the running server; what a backup has already is not copied again. */
import { type Command, InvalidArgumentError } from 'commander';
import type { BackupReport } from '../backup/make-backup.ts';
import type { Manifest } from '../backup/manifest.ts';
import type { Place } from '../backup/place.ts';
import { humanSize } from '../base/bytes.ts';
import { assertOutside, pace, shownProgress, WHERE, withPlace } from './backup-place.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { counted, note, print, table } from './terminal.ts';

interface BackupOptions extends CommonOptions {
  readonly keep?: number;
  readonly reread?: boolean;
  readonly verify?: boolean;
  readonly list?: boolean;
  readonly at?: string;
  readonly json?: boolean;
}

export function backup(parent: Command, done: (code: ExitCode) => void, version: string): void {
  const command = parent
    .command('backup')
    .description(
      'copy everything that is kept, as of now, beside the running server; only what is new since the last time is copied, and it can be interrupted',
    )
    .argument('<where>', WHERE)
    .option('--keep <count>', 'afterwards remove all but so many of the newest snapshots', keepArgument)
    .option('--reread', 'read also what looks as it did when it was copied')
    .option('--verify', 'copy nothing; read all that is there and report what is not what was put there')
    .option('--list', 'copy nothing; list the snapshots that are there')
    .option(
      '--at <time>',
      'with --verify: only the newest snapshot of this time (UTC), or the one of this name',
    )
    .option('--json', 'one JSON object, for scripts');
  withCommonOptions(command).action(async (where: string, options: BackupOptions) => {
    const { keep, reread, verify, list, at } = options;
    if ((verify === true || list === true) && (keep !== undefined || reread === true))
      throw new UsageError('--keep and --reread are about a new snapshot; --verify and --list make none');
    if (at !== undefined && verify !== true) throw new UsageError('--at goes with --verify');
    done(
      await withPlace(
        where,
        () => configOf(options, { isSilent: true }).config,
        async (place) => {
          if (verify === true) return await runVerify(place, options);
          if (list === true) return await runList(place, options);
          assertOutside(where, configOf(options, { isSilent: true }).config.data);
          return await runBackup(place, options, version);
        },
      ),
    );
  });
}

async function runBackup(place: Place, options: BackupOptions, version: string): Promise<ExitCode> {
  const { config } = configOf(options);
  const [{ openAdmin }, { makeBackup }] = await Promise.all([
    import('./open-admin.ts'),
    import('../backup/make-backup.ts'),
  ]);
  const admin = await openAdmin(config, {});
  const progress = shownProgress();
  try {
    const report = await makeBackup({
      ...{ data: config.data, place, snapshots: admin.snapshots, version },
      ...(options.keep === undefined ? {} : { keep: options.keep }),
      readsAll: options.reread === true,
      onProgress: progress.onProgress,
    });
    progress.clear();
    if (options.json === true) print(JSON.stringify({ ...report, seconds: progress.seconds }));
    else for (const line of described(report, progress.seconds)) print(line);
    for (const problem of report.problems) note(`problem: ${problem}`);
    return report.problems.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    progress.clear();
    await admin.close();
  }
}

function* described(report: BackupReport, seconds: number): Generator<string> {
  const { id, files, bytes, copiedObjects, copiedBytes } = report;
  yield `snapshot ${id}: ${counted(files, 'file')}, ${humanSize(bytes)}`;
  yield `copied ${counted(copiedObjects, 'object')}, ${humanSize(copiedBytes)}; ${pace(copiedBytes, seconds)}`;
  const { keptSnapshots, removedSnapshots, removedObjects, removedBytes } = report;
  if (removedSnapshots + removedObjects > 0)
    yield `removed ${counted(removedSnapshots, 'snapshot')} and ${counted(removedObjects, 'object')}, ${humanSize(removedBytes)}`;
  yield `there ${keptSnapshots === 1 ? 'is' : 'are'} ${counted(keptSnapshots, 'snapshot')}`;
}

async function runVerify(place: Place, { at, json }: BackupOptions): Promise<ExitCode> {
  const [{ BackupSet }, { verifySet }] = await Promise.all([
    import('../backup/backup-set.ts'),
    import('../backup/verify.ts'),
  ]);
  const set = await BackupSet.open(place);
  const progress = shownProgress();
  const one = at === undefined ? {} : { id: await set.find(at) };
  const report = await verifySet({ set, ...one, onProgress: progress.onProgress });
  progress.clear();
  const { snapshots, objects, bytes, problems } = report;
  if (json === true) print(JSON.stringify({ ...report, seconds: progress.seconds }));
  else {
    for (const problem of problems) print(`problem: ${problem}`);
    const outcome = problems.length === 0 ? 'no problems' : counted(problems.length, 'problem');
    const amount = [counted(snapshots, 'snapshot'), counted(objects, 'object'), humanSize(bytes)].join(', ');
    print(`read ${amount}; ${pace(bytes, progress.seconds)}: ${outcome}`);
  }
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
}

interface Listed {
  readonly id: string;
  readonly createdMs?: number;
  readonly version?: string;
  readonly files?: number;
  readonly bytes?: number;
  readonly problem?: string;
}

async function runList(place: Place, { json }: BackupOptions): Promise<ExitCode> {
  const { BackupSet } = await import('../backup/backup-set.ts');
  const set = await BackupSet.open(place);
  const listed: Listed[] = [];
  for (const id of await set.ids()) {
    listed.push(
      await set.manifest(id).then(summary, (error: Error): Listed => ({ id, problem: error.message })),
    );
  }
  if (json === true) print(JSON.stringify({ snapshots: listed }));
  else {
    const rows = listed.map(({ id, createdMs, files, bytes, version, problem }) =>
      createdMs === undefined
        ? [id, problem ?? '']
        : [id, new Date(createdMs).toISOString(), String(files), humanSize(bytes ?? 0), version ?? ''],
    );
    for (const line of table([['SNAPSHOT', 'MADE', 'FILES', 'SIZE', 'VERSION'], ...rows])) print(line);
  }
  return listed.some(({ problem }) => problem !== undefined) ? EXIT.failed : EXIT.ok;
}

function summary({ id, createdMs, version, files }: Manifest): Listed {
  return {
    id,
    createdMs,
    version,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  };
}

function keepArgument(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a number from 1 to 99999.');
}

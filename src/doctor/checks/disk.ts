/** Room on the disk of the data folder, and whether it is a disk that keeps what it was given. */
import { formatSize } from '../../config/option.ts';
import { fail, type Outcome, ok, warn } from '../finding.ts';
import type { Check, Disk } from '../world.ts';

/** As the store has it: below it, or 5 % of a smaller disk, new mail is refused. */
const MIN_FREE_SHARE = 0.05;
/** Below it large messages do not fit, whatever is configured. */
const LEAST_BYTES = 64 * 1024 * 1024;
const MIN_FREE_FILES_SHARE = 0.02;

export const disk: Check = {
  name: 'disk',
  async run({ config, machine }) {
    const subject = config.data;
    try {
      return judge(subject, await machine.disk(subject), config.store.minFree);
    } catch (error) {
      const seen = (error as Error).message;
      return [
        fail({
          subject,
          expected: 'a disk that can be read',
          seen,
          remedy: 'see to the disk, or to where `data` is',
        }),
      ];
    }
  },
};

export function judge(subject: string, it: Disk, minFreeBytes: number): readonly Outcome[] {
  const refusedBelow = Math.max(LEAST_BYTES, Math.min(minFreeBytes, it.totalBytes * MIN_FREE_SHARE));
  const expected = `more than ${rounded(2 * refusedBelow)} free; below ${rounded(refusedBelow)} new mail is refused`;
  const seen = `${rounded(it.freeBytes)} of ${rounded(it.totalBytes)} free`;
  const found = { subject, expected, seen };
  const remedy = 'make room, or give the data folder a larger disk';
  const room =
    it.freeBytes < refusedBelow
      ? fail({ ...found, remedy })
      : it.freeBytes < 2 * refusedBelow
        ? warn({ ...found, remedy })
        : ok(found);
  return [room, ...files(subject, it), ...kind(subject, it)];
}

function files(subject: string, { freeFiles, totalFiles }: Disk): Outcome[] {
  if (totalFiles === 0 || freeFiles > totalFiles * MIN_FREE_FILES_SHARE) return [];
  return [
    warn({
      ...{
        subject,
        expected: 'room for more files',
        seen: `room for ${freeFiles} more files, of ${totalFiles}`,
      },
      remedy: 'remove files that nobody needs; large messages are a file each',
    }),
  ];
}

function kind(subject: string, { doubtful }: Disk): Outcome[] {
  if (doubtful === undefined) return [];
  return [
    warn({
      ...{ subject, expected: 'a disk of this machine', seen: `the file system is ${doubtful}` },
      remedy:
        'move the data folder to one: locks and syncs here are not to be trusted, and "OK" would not mean "on disk"',
    }),
  ];
}

function rounded(bytes: number): string {
  const mebibytes = Math.floor(bytes / 1024 ** 2);
  return mebibytes >= 10_240 ? `${Math.floor(mebibytes / 1024)}GiB` : formatSize(mebibytes * 1024 ** 2);
}

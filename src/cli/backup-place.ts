/** Where a backup lies, as a command line names it. */
import { resolve } from 'node:path';
import { BackupError } from '../backup/backup-error.ts';
import { FolderPlace } from '../backup/folder-place.ts';
import type { Progress } from '../backup/make-backup.ts';
import type { Place } from '../backup/place.ts';
import { humanSize } from '../base/bytes.ts';
import { UsageError } from './exit.ts';
import { ProgressLine } from './terminal.ts';

export const WHERE = 'a folder';

/** What cannot be meant ends the command as a mistake in it. */
export async function withPlace<T>(where: string, run: (place: Place) => Promise<T>): Promise<T> {
  const place = new FolderPlace(resolve(where));
  try {
    return await run(place);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'usage') throw new UsageError(error.message);
    throw error;
  } finally {
    await place.close();
  }
}

export interface ShownProgress {
  readonly onProgress: (progress: Progress) => void;
  /** Before anything else is written. */
  clear(): void;
  readonly seconds: number;
}

export function shownProgress(): ShownProgress {
  const line = new ProgressLine();
  return {
    onProgress: ({ path, bytes, totalBytes }) =>
      line.show(() => `${path}: ${humanSize(bytes)} of ${humanSize(totalBytes)}`),
    clear: () => line.clear(),
    get seconds() {
      return line.elapsedMs / 1000;
    },
  };
}

/** `12.3 s, 410 MB/s`. */
export function pace(bytes: number, seconds: number): string {
  const rate = seconds < 0.1 ? '' : `, ${Math.round(bytes / 1e6 / seconds)} MB/s`;
  return `${seconds.toFixed(1)} s${rate}`;
}

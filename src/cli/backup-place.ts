/** Where a backup lies, as a command line names it. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { BackupError } from '../backup/backup-error.ts';
import { FolderPlace } from '../backup/folder-place.ts';
import type { Progress } from '../backup/make-backup.ts';
import type { Place } from '../backup/place.ts';
import { humanSize } from '../base/bytes.ts';
import { Secret } from '../base/secret.ts';
import type { Config } from '../config/options.ts';
import { isWithin } from '../transfer/reach.ts';
import { UsageError } from './exit.ts';
import { ProgressLine } from './terminal.ts';

export const WHERE = 'a folder, or s3://BUCKET/PREFIX; see "backup" in the configuration';

const isBucket = (where: string): boolean => where.startsWith('s3:');

/** A set in the data folder would be lost with it. Throws UsageError. */
export function assertOutside(where: string, data: string): void {
  if (isBucket(where) || !isWithin(realPath(resolve(where)), realPath(resolve(data)))) return;
  throw new UsageError(
    `${where} is inside the data folder ${data}, and a backup in there is lost with it; name a folder elsewhere, best on another disk`,
  );
}

/** Of what is not there yet, as far as it is. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}

/** What cannot be meant ends the command as a mistake in it. */
export async function withPlace<T>(
  where: string,
  config: () => Config,
  run: (place: Place) => Promise<T>,
): Promise<T> {
  const place = isBucket(where) ? await bucketOf(where, config()) : new FolderPlace(resolve(where));
  try {
    return await run(place);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'usage') throw new UsageError(error.message);
    throw error;
  } finally {
    await place.close();
  }
}

/** Keys come from the configuration, or all of them from the environment, where other programs look for them. */
async function bucketOf(where: string, { backup }: Config): Promise<Place> {
  const [, bucket, prefix = ''] =
    /^s3:\/\/([a-z0-9][\w.-]{1,62})(?:\/([\w!.*'()/-]{0,500}))?$/i.exec(where) ?? [];
  if (bucket === undefined)
    throw new UsageError(`"${where}" is no bucket; they look like s3://bucket/prefix`);
  const { env } = process;
  const isOurs = backup.s3AccessKey !== '';
  const accessKey = isOurs ? backup.s3AccessKey : (env.AWS_ACCESS_KEY_ID ?? '');
  const secretKey = isOurs ? backup.s3SecretKey : secretIn(env.AWS_SECRET_ACCESS_KEY);
  if (accessKey === '' || secretKey === undefined)
    throw new UsageError(
      'the keys to the bucket are missing: backup.s3_access_key and backup.s3_secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  const sessionToken = isOurs ? undefined : secretIn(env.AWS_SESSION_TOKEN);
  const region = backup.s3Region || env.AWS_REGION || 'us-east-1';
  const endpoint = backup.s3Endpoint || env.AWS_ENDPOINT_URL || `https://s3.${region}.amazonaws.com`;
  const { S3Place } = await import('../backup/s3-place.ts');
  return new S3Place({
    ...{ bucket, prefix: prefix.replace(/^\/+|\/+$/g, ''), endpoint: endpoint.replace(/\/+$/, '') },
    ...{ region, accessKey, secretKey },
    ...(sessionToken && { sessionToken }),
  });
}

function secretIn(value: string | undefined): Secret | undefined {
  return value === undefined || value === '' ? undefined : new Secret(value);
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

/**
 * What a snapshot in a set is made of: a file of lines of JSON, the first about all of it, one for each file, and the last with the checksum of
 * those before it. It is written when everything it names is there, so what has no manifest is no snapshot, and one that was cut or
 * changed is known.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BackupError } from './backup-error.ts';

const FORMAT = 1;
/** Enough for ten thousand terabytes of mail. */
const MAX_BYTES = 512 * 1024 * 1024;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.int().min(0);
const HeaderSchema = z.strictObject({
  format: z.int(),
  id: z.string().regex(/^\d{8}T\d{6}Z(-\d+)?$/),
  createdMs: bytes,
  /** Of the program that made it. */
  version: z.string().max(100),
});
const FileSchema = z.strictObject({
  path: z.string().max(500).refine(isSafePath),
  bytes,
  sha256: hash,
  /** When it was changed last where it was copied from: what is as old and as large has not changed since. */
  mtimeMs: z.number(),
  object: z.strictObject({ sha256: hash, bytes, codec: z.enum(['raw', 'zstd']) }),
});
const EndSchema = z.strictObject({ files: z.int(), sha256: hash });

export type ManifestFile = z.infer<typeof FileSchema>;
export interface Manifest extends Omit<z.infer<typeof HeaderSchema>, 'format'> {
  readonly files: readonly ManifestFile[];
}

/** The second of a moment, as snapshots are named: `20261128T061838Z`. */
export function idAt(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Whether it is named after its own second, and not behind one that was there. */
export function isOfItsOwnTime(id: string): boolean {
  return !id.includes('-');
}

/**
 * How a set names its next snapshot: `20261128T061838Z`. `ids`: those that are there, ascending. The newest has to be the last whatever the
 * clock says, and also when others of its second are gone; so behind one of the same second, or of a later one, when the clock was put back, it
 * is `20261128T061838Z-2`, named after that.
 */
export function nextId(ids: readonly string[], ms: number): string {
  const now = idAt(ms);
  const [second = '', number = '1'] = ids.at(-1)?.split('-') ?? [];
  return second < now ? now : `${second}-${Number(number) + 1}`;
}

export function encodeManifest({ files, ...about }: Manifest): Buffer {
  const lines = [{ format: FORMAT, ...about }, ...files].map((line) => `${JSON.stringify(line)}\n`).join('');
  const end = { files: files.length, sha256: createHash('sha256').update(lines).digest('hex') };
  return Buffer.from(`${lines}${JSON.stringify(end)}\n`);
}

/** Throws BackupError. */
export function decodeManifest(octets: Buffer, name: string): Manifest {
  const broken = (why: string): BackupError =>
    new BackupError('damaged', `the snapshot ${name} cannot be read: ${why}`);
  if (octets.length > MAX_BYTES) throw broken('it is too long');
  const text = octets.toString('utf8');
  const lastAt = text.lastIndexOf('\n', text.length - 2) + 1;
  const end = EndSchema.safeParse(jsonOf(text.slice(lastAt)));
  if (!end.success) throw broken('its end is missing');
  if (createHash('sha256').update(text.slice(0, lastAt)).digest('hex') !== end.data.sha256)
    throw broken('it does not match its checksum');
  const [first = '', ...rest] = text.slice(0, lastAt).split('\n').slice(0, -1);
  const format = z.looseObject({ format: z.int() }).safeParse(jsonOf(first));
  if (format.success && format.data.format !== FORMAT)
    throw new BackupError('newer', `the snapshot ${name} was made by another version of this program`);
  const header = HeaderSchema.safeParse(jsonOf(first));
  if (!header.success || rest.length !== end.data.files) throw broken('it makes no sense');
  const files = rest.map((line) => {
    const file = FileSchema.safeParse(jsonOf(line));
    if (!file.success) throw broken('it names a file that cannot be');
    return file.data;
  });
  const { format: _, ...about } = header.data;
  return { ...about, files };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Below the folder that it is put into, whatever a set says. */
function isSafePath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && !part.startsWith('.') && !/[\0\\]/.test(part));
}

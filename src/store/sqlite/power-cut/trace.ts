/**
 * A disk that remembers what was synced. It plays the record of `recorder.c` forward and, at any point, shows what may be
 * found after the power was cut there: all that was synced, and of everything later nothing, everything, a random part,
 * or parts torn at 512-byte sectors. Entries of directories count as synced only by a sync of the directory.
 *
 * Harsher than real file systems (which keep some order), so what survives here survives there.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const CUT_MODES = ['nothing', 'everything', 'some', 'torn'] as const;
export type CutMode = (typeof CUT_MODES)[number];

const SECTOR = 512;
const HEAD_BYTES = 24;
const KINDS = [
  '',
  'open',
  'write',
  'truncate',
  'sync-begin',
  'sync-end',
  'unlink',
  'rename',
  'mkdir',
  'ack',
] as const;

export interface TraceEvent {
  readonly kind: (typeof KINDS)[number];
  readonly handle: number;
  /** Of a write; the size for a truncation; 1 when an open created the file; the number of a sync. */
  readonly offset: number;
  readonly bytes: Buffer;
}

export function parseTrace(trace: Buffer): readonly TraceEvent[] {
  const events: TraceEvent[] = [];
  for (let at = 0; at + HEAD_BYTES <= trace.length; ) {
    const length = trace.readUInt32LE(at + 16);
    events.push({
      kind: KINDS[trace.readUInt32LE(at)] ?? '',
      handle: trace.readUInt32LE(at + 4),
      offset: Number(trace.readBigUInt64LE(at + 8)),
      bytes: trace.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length),
    });
    at += HEAD_BYTES + length;
  }
  return events;
}

/** What a pending change does to the bytes of a file; `bytes` absent means truncation to `offset`. */
interface Pending {
  readonly seq: number;
  readonly offset: number;
  readonly bytes: Buffer | undefined;
}

class Image {
  #bytes: Buffer = Buffer.alloc(0);
  size = 0;

  static copyOf(image: Image): Image {
    const copy = new Image();
    copy.#bytes = Buffer.from(image.bytes);
    copy.size = image.size;
    return copy;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.size);
  }

  apply({ offset, bytes }: Omit<Pending, 'seq'>): void {
    const end = bytes === undefined ? offset : Math.max(this.size, offset + bytes.length);
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      this.bytes.copy(larger);
      this.#bytes = larger;
    }
    if (bytes === undefined && end < this.size) this.#bytes.fill(0, end, this.size);
    this.size = end;
    bytes?.copy(this.#bytes, offset);
  }
}

interface File {
  readonly isDirectory: boolean;
  readonly synced: Image;
  pending: Pending[];
}

/** A name that appeared (with its file) or went. */
interface NameChange {
  readonly seq: number;
  readonly directory: string;
  readonly path: string;
  readonly file: File | undefined;
}

const newFile = (isDirectory: boolean): File => ({ isDirectory, synced: new Image(), pending: [] });

export class Disk {
  readonly #root: string;
  /** As the running process sees them, and as they would be found after a cut. */
  readonly #names = new Map<string, File>();
  readonly #syncedNames = new Map<string, File>();
  #pendingNames: NameChange[] = [];
  readonly #handles = new Map<number, { readonly path: string; readonly file: File }>();
  readonly #syncs = new Map<number, number>();
  #seq = 0;

  constructor(root: string) {
    this.#root = root;
    this.#names.set(root, newFile(true));
    this.#syncedNames.set(root, this.#names.get(root) as File);
  }

  play(event: TraceEvent): void {
    const seq = this.#seq++;
    const { kind, handle, offset, bytes } = event;
    const file = this.#handles.get(handle)?.file;
    if (kind === 'open') this.#open(handle, bytes.toString(), offset === 1);
    else if (kind === 'write') file?.pending.push({ seq, offset, bytes });
    else if (kind === 'truncate') file?.pending.push({ seq, offset, bytes: undefined });
    else if (kind === 'sync-begin') this.#syncs.set(offset, seq);
    else if (kind === 'sync-end') this.#sync(handle, this.#syncs.get(offset) ?? 0);
    else if (kind === 'unlink') this.#name(bytes.toString(), undefined);
    else if (kind === 'mkdir') this.#name(bytes.toString(), newFile(true));
    else if (kind === 'rename') this.#rename(bytes.toString().split('\0'));
  }

  /** Writes what may be found after a cut at this point. */
  cut(mode: CutMode, random: () => number, directory: string): void {
    const keeps = () => (mode === 'nothing' ? false : mode === 'everything' || random() < 0.5);
    const names = new Map(this.#syncedNames);
    for (const change of this.#pendingNames) {
      if (!keeps()) continue;
      if (change.file) names.set(change.path, change.file);
      else names.delete(change.path);
    }
    const paths = [...names.keys()].sort((a, b) => a.length - b.length);
    for (const path of paths) {
      if (path !== this.#root && !names.has(dirname(path))) {
        names.delete(path);
        continue;
      }
      const file = names.get(path) as File;
      const target = join(directory, relative(this.#root, path));
      if (file.isDirectory) mkdirSync(target, { recursive: true });
      else writeFileSync(target, survivors(file, mode, keeps, random));
    }
  }

  #open(handle: number, path: string, isNew: boolean): void {
    let file = this.#names.get(path);
    if (file === undefined || isNew) {
      file = newFile(false);
      this.#name(path, file);
    }
    this.#handles.set(handle, { path, file });
  }

  #name(path: string, file: File | undefined): void {
    if (file) this.#names.set(path, file);
    else this.#names.delete(path);
    this.#pendingNames.push({ seq: this.#seq, directory: dirname(path), path, file });
  }

  #rename([from, to]: readonly string[]): void {
    const file = this.#names.get(from ?? '');
    if (file === undefined) return;
    this.#name(from as string, undefined);
    this.#name(to as string, file);
  }

  #sync(handle: number, begin: number): void {
    const opened = this.#handles.get(handle);
    if (opened === undefined) return;
    const { file, path } = opened;
    file.pending = file.pending.filter((change) => {
      if (change.seq > begin) return true;
      file.synced.apply(change);
      return false;
    });
    if (!file.isDirectory) return;
    this.#pendingNames = this.#pendingNames.filter((change) => {
      if (change.directory !== path || change.seq > begin) return true;
      if (change.file) this.#syncedNames.set(change.path, change.file);
      else this.#syncedNames.delete(change.path);
      return false;
    });
  }
}

function survivors(file: File, mode: CutMode, keeps: () => boolean, random: () => number): Buffer {
  const image = Image.copyOf(file.synced);
  for (const change of file.pending) {
    if (mode !== 'torn' || change.bytes === undefined) {
      if (keeps()) image.apply(change);
      continue;
    }
    const { bytes, offset } = change;
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR));
      if (random() < 0.5) image.apply({ offset: offset + at, bytes: bytes.subarray(at, end) });
      at = end;
    }
  }
  return image.bytes;
}

/**
 * `data/witness`: how far each database had come when something was last acknowledged, kept outside the databases, so
 * that the next start sees when one of them is older: a copy that was put back, a log that was lost or damaged.
 *
 *     folder      <inode and birth of `data/installation`>       checksum
 *     accounts    <how far> <second of the note>                 checksum
 *     shard-00    <how far> <second of the note>                 checksum
 *
 * A note is one write of 64 octets into the page cache before anybody is answered, after the database was synced: it
 * survives a killed process, and it never claims more than is on the disk. The file itself is synced at opening and closing
 * only, so after a power cut it may claim less, which is harmless.
 *
 * A folder that is a copy as a whole has a witness that agrees with it. It is known by `data/installation`, a file that is
 * never written again: that of a copy is another file, with another inode and birth than the witness names.
 */
import {
  type BigIntStats,
  closeSync,
  fdatasync,
  fdatasyncSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { storeError } from './database.ts';
import { syncDirectory } from './wal-sync.ts';

const LINE_BYTES = 64;
const NAME_BYTES = 11;
const SUM_BYTES = 8;
const TEXT_BYTES = LINE_BYTES - NAME_BYTES - SUM_BYTES - 3;
const FOLDER = 'folder';

export interface WitnessRecord {
  /** Only grows; what it counts is the database's own business. */
  readonly progress: number;
  readonly atMs: number;
}

/** What an earlier run left. */
export class Testimony {
  readonly #records: ReadonlyMap<string, string>;
  /** The folder is a copy of the one that the witness was written in. */
  readonly isCopy: boolean;

  private constructor(records: ReadonlyMap<string, string>, isCopy: boolean) {
    this.#records = records;
    this.isCopy = isCopy;
  }

  static read(directory: string): Testimony {
    const records = new Map<string, string>();
    for (const line of linesIn(join(directory, 'witness'))) {
      const sum = line.slice(-SUM_BYTES);
      const body = line.slice(0, -SUM_BYTES - 1);
      if (checksum(body) === sum)
        records.set(body.slice(0, NAME_BYTES).trim(), body.slice(NAME_BYTES).trim());
    }
    const folder = records.get(FOLDER);
    return new Testimony(records, folder !== undefined && folder !== folderOf(directory));
  }

  /** Undefined when there is none, or none that can be read. */
  of(name: string): WitnessRecord | undefined {
    const [, progress, seconds] = /^(\d+) (\d+)$/.exec(this.#records.get(name) ?? '') ?? [];
    if (progress === undefined) return undefined;
    return { progress: Number(progress), atMs: Number(seconds) * 1000 };
  }
}

export class Witness {
  readonly #fd: number;
  readonly #names: readonly string[];

  private constructor(fd: number, names: readonly string[]) {
    this.#fd = fd;
    this.#names = names;
  }

  /** Begins anew with what the databases have come to; durable when it returns. */
  static begin(directory: string, installation: string, progress: ReadonlyMap<string, number>): Witness {
    const path = join(directory, 'witness');
    try {
      makeInstallationFile(directory, installation);
      const fd = openSync(path, 'a+', 0o600);
      closeSync(fd);
      const witness = new Witness(openSync(path, 'r+'), [FOLDER, ...progress.keys()]);
      const lines = [...progress].map(([name, value]) => lineOf(name, noteOf(value)));
      writeSync(witness.#fd, [lineOf(FOLDER, folderOf(directory)), ...lines].join(''), 0, 'latin1');
      fdatasyncSync(witness.#fd);
      syncDirectory(directory);
      return witness;
    } catch (error) {
      throw storeError(error, `writing ${path}`);
    }
  }

  /** Beside others that write in it: only what is known of these. They were in it when it was begun. */
  static join(directory: string, progress: ReadonlyMap<string, number>): Witness {
    const path = join(directory, 'witness');
    try {
      const names = linesIn(path).map((line) => line.slice(0, NAME_BYTES).trim());
      const witness = new Witness(openSync(path, 'r+'), names);
      for (const [name, value] of progress) witness.noteFor(name)(value);
      fdatasyncSync(witness.#fd);
      return witness;
    } catch (error) {
      throw storeError(error, `writing ${path}`);
    }
  }

  /** To be called with what is on the disk, before it is acknowledged. */
  noteFor(name: string): (progress: number) => void {
    const at = this.#names.indexOf(name) * LINE_BYTES;
    return (progress) => {
      try {
        writeSync(this.#fd, lineOf(name, noteOf(progress)), at, 'latin1');
      } catch {
        // It says less than it could, which is harmless: a full disk of the copying kind is no reason to refuse.
      }
    };
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      fdatasync(this.#fd, () => {
        closeSync(this.#fd);
        resolve();
      });
    });
  }
}

/** Written once: its inode and birth tell this folder from a copy of it. The number in it is for people. */
function makeInstallationFile(directory: string, installation: string): void {
  const path = join(directory, 'installation');
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  writeFileSync(path, `${installation}\n`, { mode: 0o400, flush: true });
}

/** Undefined when there is none yet. */
export function installationIn(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, 'installation'), 'latin1').trim();
  } catch {
    return undefined;
  }
}

function folderOf(directory: string): string {
  const stat: BigIntStats | undefined = statSync(join(directory, 'installation'), {
    bigint: true,
    throwIfNoEntry: false,
  });
  if (stat === undefined) return 'none';
  // A file system without births: the file is never changed, so its change of status is as good.
  const birthNs = stat.birthtimeNs > 0n ? stat.birthtimeNs : stat.ctimeNs;
  return `${stat.ino.toString(36)}-${birthNs.toString(36)}`;
}

function linesIn(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return [];
  }
  const count = Math.floor(text.length / LINE_BYTES);
  return Array.from({ length: count }, (_, i) => text.slice(i * LINE_BYTES, (i + 1) * LINE_BYTES - 1));
}

function noteOf(progress: number): string {
  return `${String(progress).padStart(16, '0')} ${Math.floor(Date.now() / 1000)}`;
}

function lineOf(name: string, text: string): string {
  const body = `${name.padEnd(NAME_BYTES)} ${text.padEnd(TEXT_BYTES)}`;
  return `${body} ${checksum(body)}\n`;
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(SUM_BYTES, '0');
}

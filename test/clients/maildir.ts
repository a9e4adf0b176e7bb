/**
 * A tree of Maildirs as mbsync keeps it with `SubFolders Verbatim`: a folder `a/b` is the directory `a/b` with `cur`, `new`
 * and `tmp` in it. What a person does in a local mail program, the tests do with these.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LocalMessage {
  readonly path: string;
  /** Maildir letters in order: D draft, F flagged, P passed on, R replied, S seen, T trashed. */
  readonly flags: string;
  readonly bytes: Buffer;
}

export class Maildir {
  readonly root: string;
  #serial = 0;

  constructor(root: string) {
    this.root = root;
    mkdirSync(root, { recursive: true });
  }

  /** All folders, as paths below the root. */
  folders(): string[] {
    const found: string[] = [];
    const look = (path: string): void => {
      for (const entry of readdirSync(join(this.root, path), { withFileTypes: true })) {
        if (!entry.isDirectory()) continue;
        const inner = path === '' ? entry.name : `${path}/${entry.name}`;
        if (entry.name === 'cur') found.push(path);
        else if (entry.name !== 'new' && entry.name !== 'tmp') look(inner);
      }
    };
    look('');
    return found.sort();
  }

  messages(folder: string): LocalMessage[] {
    return ['cur', 'new'].flatMap((part) => {
      const directory = join(this.root, folder, part);
      if (!existsSync(directory)) return [];
      return readdirSync(directory)
        .filter((name) => !name.startsWith('.'))
        .map((name) => {
          const path = join(directory, name);
          return { path, flags: /:2,([A-Z]*)$/.exec(name)?.[1] ?? '', bytes: readFileSync(path) };
        });
    });
  }

  /** How many messages there are, without reading them. */
  count(folder: string): number {
    return ['cur', 'new']
      .map((part) => join(this.root, folder, part))
      .reduce((sum, path) => sum + (existsSync(path) ? readdirSync(path).length : 0), 0);
  }

  createFolder(folder: string): void {
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(this.root, folder, part), { recursive: true });
  }

  /** With all that is in it. */
  removeFolder(folder: string): void {
    rmSync(join(this.root, folder), { recursive: true });
  }

  add(folder: string, bytes: Buffer, flags = ''): void {
    this.createFolder(folder);
    const name = `1700000000.${++this.#serial}_${process.pid}.example.com:2,${flags}`;
    writeFileSync(join(this.root, folder, 'cur', name), bytes);
  }

  setFlags(message: LocalMessage, flags: string): void {
    const [base] = message.path.split(':2,');
    renameSync(message.path, `${base?.replace('/new/', '/cur/')}:2,${flags}`);
  }

  remove(message: LocalMessage): void {
    rmSync(message.path);
  }
}

/** What a message is when mbsync has done with it what it does: no CR anywhere, and a header field X-TUID for itself. */
export function asSynced(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll('\r', '')
    .replace(/^X-TUID: [^\n]*\n/m, '');
}

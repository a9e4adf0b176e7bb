/**
 * What of a tree of mail may be read: files and folders below it. Its owner decides what stands there, and it is read by
 * somebody who may read more: a link to the database of the server or to somebody's key would bring that into a mailbox.
 * So a link is followed when it leads to a place within the tree, and everything else is named: pipes, devices, links that
 * lead out or in a circle.
 */
import { lstatSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Skipped } from './source.ts';

export const LEADS_OUT = 'it is a link that leads out of what is imported; import what it leads to by itself';
/** Links to folders, each of which may be the whole tree once more. */
const MAX_FOLLOWED = 100;

/** A list of a million messages has 100 MB; a string has room for 512 MiB. */
const MAX_LIST_BYTES = 256 * 1024 * 1024;

export class Reach {
  readonly #root: string;
  readonly #path: string;
  readonly #followed = new Set<string>();
  readonly #skipped: Skipped[];

  /** `skipped` gets what is named. */
  constructor(root: string, skipped: Skipped[]) {
    this.#path = root;
    this.#root = realpathSync(root);
    this.#skipped = skipped;
  }

  /** Throws when it is not there. */
  leadsOut(path: string): boolean {
    return !isWithin(realpathSync(path), this.#root);
  }

  /** Undefined for what is not there, or named. */
  file(path: string): Stats | undefined {
    try {
      const own = lstatSync(path, { throwIfNoEntry: false });
      if (own === undefined) return undefined;
      const isLink = own.isSymbolicLink();
      const stat = isLink ? followed(path) : own;
      if (stat === undefined) return this.#name(path, 'it is a link to nothing');
      if (stat.isDirectory()) return undefined;
      if (!stat.isFile()) return this.#name(path, 'it is neither a file nor a folder');
      return isLink && this.leadsOut(path) ? this.#name(path, LEADS_OUT) : stat;
    } catch (error) {
      return this.#name(path, (error as Error).message);
    }
  }

  /** Links to what is no folder are not named: a Maildir has scripts for sieve and locks beside it. */
  isFolder(path: string): boolean {
    try {
      if (followed(path)?.isDirectory() !== true) return false;
      const real = realpathSync(path);
      const why = isWithin(real, this.#root) ? this.#whyNotFollowed(path, real) : LEADS_OUT;
      if (why === undefined) return true;
      this.#name(path, why);
    } catch (error) {
      this.#name(path, (error as Error).message);
    }
    return false;
  }

  /** Folders that hold each other by links would never end, and a few of them that hold each other twice not in a life. */
  #whyNotFollowed(path: string, real: string): string | undefined {
    if (!lstatSync(path).isSymbolicLink() || this.#followed.has(path)) return undefined;
    const parent = realpathSync(dirname(path));
    if (isWithin(parent, real)) return 'it is a link to a folder that it stands in';
    if (parent !== join(this.#root, relative(this.#path, dirname(path))))
      return 'it is a link in a folder that a link led to';
    if (this.#followed.size === MAX_FOLLOWED)
      return `there are more than ${MAX_FOLLOWED} links to folders beside it`;
    this.#followed.add(path);
    return undefined;
  }

  /** In the order of their names; nothing when it cannot be read. */
  namesIn(folder: string): string[] {
    try {
      return readdirSync(folder).sort((a, b) => (a < b ? -1 : 1));
    } catch (error) {
      this.#name(folder, (error as Error).message);
      return [];
    }
  }

  /** A file that says something of the messages, such as `subscriptions`; without it they are read all the same. */
  textOf(folder: string, name: string, encoding: 'utf8' | 'latin1'): string | undefined {
    const path = join(folder, name);
    const stat = this.file(path);
    if (stat === undefined) return undefined;
    if (stat.size > MAX_LIST_BYTES) return this.#name(path, 'it is larger than 256 MiB');
    try {
      return readFileSync(path, encoding);
    } catch (error) {
      return this.#name(path, (error as Error).message);
    }
  }

  #name(where: string, why: string): undefined {
    if (!this.#skipped.some((one) => one.where === where)) this.#skipped.push({ where, why });
  }
}

/** Also for the folder itself. Both are real paths. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.replace(/\/?$/, sep));

/** Undefined for what is gone, and for links that lead nowhere. */
function followed(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}

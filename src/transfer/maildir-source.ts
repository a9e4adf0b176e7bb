/**
 * A Maildir with its folders as a source: Maildir++ (`.Parent.Child`, Dovecot and Courier) and plain directories (`fs`
 * layout). The date of a message is its file's modification time, which is where Dovecot keeps INTERNALDATE.
 *
 * A Maildir may be in use while it is read: a file that another program renames (its flags changed) is looked for again
 * by its unique part.
 */
import { type Dirent, existsSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decodeFolder, KEYWORDS_FILE, parseKeywords, parseSubscriptions, readMarks } from './maildir-form.ts';
import { maildirOctets } from './maildir-octets.ts';
import type { LoadedMessage, OpenFolder, Skipped, Source, SourceFolder, SourceMessage } from './source.ts';
import { UnreadableMessage } from './source.ts';
import { parseUidList, UID_LIST_FILE, type UidList } from './uid-list.ts';

const MAX_DEPTH = 32;

export function openMaildirSource(path: string): Source {
  const found: { path: string; name: string }[] = [];
  const skipped: Skipped[] = [];
  const isItself = isMaildir(path);
  if (isItself) found.push({ path, name: 'INBOX' });
  collect(path, '', { found, skipped }, 0);
  if (found.length === 0)
    skipped.push({ where: path, why: 'no Maildir (a directory with "cur" and "new") in it' });
  const subscriptions = readSubscriptions(path);
  const folders = found.map(({ path, name }) => maildirFolder(path, name, { subscriptions, skipped }));
  return { folders, skipped };
}

interface Collected {
  readonly found: { path: string; name: string }[];
  readonly skipped: Skipped[];
}

function collect(directory: string, above: string, into: Collected, depth: number): void {
  if (depth > MAX_DEPTH) {
    into.skipped.push({ where: directory, why: `more than ${MAX_DEPTH} levels deep` });
    return;
  }
  const entries = readdirSync(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (['cur', 'new', 'tmp'].includes(entry.name) || !isDirectory(entry, path)) continue;
    const isDotted = entry.name.startsWith('.');
    if (isDotted && !isMaildir(path)) continue;
    const name = above + (isDotted ? decodeFolder(entry.name.slice(1), '.') : decodeFolder(entry.name, '/'));
    if (isMaildir(path)) into.found.push({ path, name: name.normalize('NFC') });
    if (!isDotted) collect(path, `${name}/`, into, depth + 1);
  }
}

function isDirectory(entry: Dirent, path: string): boolean {
  return entry.isDirectory() || (entry.isSymbolicLink() && statOf(path)?.isDirectory() === true);
}

function isMaildir(path: string): boolean {
  return existsSync(join(path, 'cur')) && statSync(join(path, 'cur')).isDirectory();
}

function readSubscriptions(path: string): ReadonlySet<string> | undefined {
  for (const file of ['subscriptions', 'courierimapsubscribed']) {
    if (existsSync(join(path, file))) return parseSubscriptions(readFileSync(join(path, file), 'utf8'));
  }
  return undefined;
}

interface MaildirFile {
  readonly directory: 'cur' | 'new';
  readonly file: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

interface AroundFolder {
  readonly subscriptions: ReadonlySet<string> | undefined;
  readonly skipped: Skipped[];
}

function maildirFolder(path: string, name: string, { subscriptions, skipped }: AroundFolder): SourceFolder {
  const files = listFiles(path, skipped);
  return {
    where: path,
    name,
    identity: `maildir\0${name}`,
    isSubscribed: subscriptions?.has(name),
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    open: () => openFolder(path, name, files),
  };
}

/** A link to nothing stands for a message that was there once: it is named, like everything that is not imported. */
function listFiles(path: string, skipped: Skipped[]): MaildirFile[] {
  const files: MaildirFile[] = [];
  for (const directory of ['cur', 'new'] as const) {
    if (!existsSync(join(path, directory))) continue;
    for (const entry of readdirSync(join(path, directory), { withFileTypes: true })) {
      const file = entry.name;
      if (file.startsWith('.')) continue;
      const where = join(path, directory, file);
      const stat = statOf(where);
      if (stat?.isFile()) files.push({ directory, file, sizeBytes: stat.size, mtimeMs: stat.mtimeMs });
      else if (stat === undefined && entry.isSymbolicLink())
        skipped.push({ where, why: 'it is a link to nothing' });
    }
  }
  return files.sort((a, b) => a.mtimeMs - b.mtimeMs || compareNames(a.file, b.file));
}

/** Undefined for what is gone, and for links that lead nowhere. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}

/** Unique names begin with the second and often the microsecond of delivery: numbers in them compare as numbers. */
const byNumbers = new Intl.Collator('en', { numeric: true });
function compareNames(a: string, b: string): number {
  return byNumbers.compare(a, b);
}

function openFolder(path: string, name: string, files: readonly MaildirFile[]): OpenFolder {
  const keywordsFile = join(path, KEYWORDS_FILE);
  const names = existsSync(keywordsFile) ? parseKeywords(readFileSync(keywordsFile, 'utf8')) : [];
  const uidFile = join(path, UID_LIST_FILE);
  const uids = existsSync(uidFile) ? parseUidList(readFileSync(uidFile, 'latin1')) : undefined;
  return {
    uids,
    messages: files.map((file) => new MaildirMessage(path, file, { names, uids, isInbox: name === 'INBOX' })),
    close: () => undefined,
  };
}

/** What other files of the folder say of its messages. */
interface BesideFiles {
  /** Keywords by letter. */
  readonly names: readonly (string | undefined)[];
  readonly uids: UidList | undefined;
  readonly isInbox: boolean;
}

class MaildirMessage implements SourceMessage {
  readonly #path: string;
  readonly #file: MaildirFile;
  readonly #beside: BesideFiles;

  constructor(path: string, file: MaildirFile, beside: BesideFiles) {
    this.#path = path;
    this.#file = file;
    this.#beside = beside;
  }

  get where(): string {
    return join(this.#path, this.#file.directory, this.#file.file);
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  get uid(): number | undefined {
    return this.#beside.uids?.find(this.#file.file)?.uid;
  }

  load(): LoadedMessage {
    const path = this.#find();
    const name = basename(path);
    const marks = readMarks(name, this.#beside.names);
    // POP3 shows INBOX alone; nobody knows the messages of another folder by such a name.
    const externalId = this.#beside.isInbox ? this.#beside.uids?.find(name)?.externalId : undefined;
    return {
      flags: marks.flags,
      keywords: marks.keywords,
      internalDate: Math.floor(this.#file.mtimeMs / 1000),
      ...(externalId === undefined ? {} : { externalId }),
      chunks: maildirOctets(path),
    };
  }

  #find(): string {
    if (existsSync(this.where)) return this.where;
    const unique = uniquePart(this.#file.file) || this.#file.file;
    for (const directory of ['cur', 'new']) {
      const found = readdirSync(join(this.#path, directory)).find((file) => file.startsWith(unique));
      if (found !== undefined) return join(this.#path, directory, found);
    }
    throw new UnreadableMessage('the file has gone');
  }
}

function uniquePart(file: string): string {
  return file.split(/[:;!]2,/)[0] as string;
}

/**
 * A Maildir with its folders as a source: Maildir++ (`.Parent.Child`, Dovecot and Courier) and plain directories (`fs`
 * layout). The date of a message is its file's modification time, which is where Dovecot keeps INTERNALDATE.
 *
 * A Maildir may be in use while it is read: a file that another program renames (its flags changed) is looked for again
 * by its unique part.
 */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { decodeFolder, KEYWORDS_FILE, parseKeywords, parseSubscriptions, readMarks } from './maildir-form.ts';
import { maildirOctets } from './maildir-octets.ts';
import { LEADS_OUT, Reach } from './reach.ts';
import type { LoadedMessage, OpenFolder, Skipped, Source, SourceFolder, SourceMessage } from './source.ts';
import { UnreadableMessage } from './source.ts';
import { parseUidList, UID_LIST_FILE, type UidList } from './uid-list.ts';

const MAX_DEPTH = 32;
const SUBSCRIPTIONS_FILES = ['subscriptions', 'courierimapsubscribed'];
const NO_FOLDERS = new Set(['cur', 'new', 'tmp', KEYWORDS_FILE, UID_LIST_FILE, ...SUBSCRIPTIONS_FILES]);

export function openMaildirSource(path: string): Source {
  const found: { path: string; name: string }[] = [];
  const skipped: Skipped[] = [];
  const reach = new Reach(path, skipped);
  if (isMaildir(path, reach)) found.push({ path, name: 'INBOX' });
  collect(path, '', { found, skipped, reach }, 0);
  if (found.length === 0)
    skipped.push({ where: path, why: 'no Maildir (a directory with "cur" and "new") in it' });
  const subscriptions = readSubscriptions(path, reach);
  const folders = found.map(({ path, name }) => maildirFolder(path, name, { subscriptions, reach }));
  return { folders, skipped };
}

interface Collected {
  readonly found: { path: string; name: string }[];
  readonly skipped: Skipped[];
  readonly reach: Reach;
}

function collect(directory: string, above: string, into: Collected, depth: number): void {
  if (depth > MAX_DEPTH) {
    into.skipped.push({ where: directory, why: `more than ${MAX_DEPTH} levels deep` });
    return;
  }
  for (const entry of into.reach.namesIn(directory)) {
    const path = join(directory, entry);
    if (NO_FOLDERS.has(entry) || !into.reach.isFolder(path)) continue;
    const isDotted = entry.startsWith('.');
    const isMailFolder = isMaildir(path, into.reach);
    if (isDotted && !isMailFolder) continue;
    const name = above + (isDotted ? decodeFolder(entry.slice(1), '.') : decodeFolder(entry, '/'));
    if (isMailFolder) into.found.push({ path, name: name.normalize('NFC') });
    if (!isDotted) collect(path, `${name}/`, into, depth + 1);
  }
}

function isMaildir(path: string, reach: Reach): boolean {
  return reach.isFolder(join(path, 'cur'));
}

function readSubscriptions(path: string, reach: Reach): ReadonlySet<string> | undefined {
  for (const file of SUBSCRIPTIONS_FILES) {
    const text = reach.textOf(path, file, 'utf8');
    if (text !== undefined) return parseSubscriptions(text);
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
  readonly reach: Reach;
}

function maildirFolder(path: string, name: string, { subscriptions, reach }: AroundFolder): SourceFolder {
  const files = listFiles(path, reach);
  return {
    where: path,
    name,
    identity: `maildir\0${name}`,
    isSubscribed: subscriptions?.has(name),
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    open: () => openFolder(path, name, files, reach),
  };
}

/** A link to nothing stands for a message that was there once: it is named, like everything that is not imported. */
function listFiles(path: string, reach: Reach): MaildirFile[] {
  const files: MaildirFile[] = [];
  for (const directory of ['cur', 'new'] as const) {
    if (!reach.isFolder(join(path, directory))) continue;
    for (const file of reach.namesIn(join(path, directory))) {
      if (file.startsWith('.')) continue;
      const stat = reach.file(join(path, directory, file));
      if (stat !== undefined) files.push({ directory, file, sizeBytes: stat.size, mtimeMs: stat.mtimeMs });
    }
  }
  return files.sort((a, b) => a.mtimeMs - b.mtimeMs || compareNames(a.file, b.file));
}

/** Unique names begin with the second and often the microsecond of delivery: numbers in them compare as numbers. */
const byNumbers = new Intl.Collator('en', { numeric: true });
function compareNames(a: string, b: string): number {
  return byNumbers.compare(a, b);
}

function openFolder(path: string, name: string, files: readonly MaildirFile[], reach: Reach): OpenFolder {
  const names = parseKeywords(reach.textOf(path, KEYWORDS_FILE, 'utf8') ?? '');
  const list = reach.textOf(path, UID_LIST_FILE, 'latin1');
  const uids = list === undefined ? undefined : parseUidList(list);
  const beside = { names, uids, reach, isInbox: name === 'INBOX' };
  return {
    uids,
    messages: files.map((file) => new MaildirMessage(path, file, beside)),
    close: () => undefined,
  };
}

/** What other files of the folder say of its messages. */
interface BesideFiles {
  /** Keywords by letter. */
  readonly names: readonly (string | undefined)[];
  readonly uids: UidList | undefined;
  readonly reach: Reach;
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
    // It may be another one than was listed.
    if (lstatSync(path).isSymbolicLink() && this.#beside.reach.leadsOut(path))
      throw new UnreadableMessage(LEADS_OUT);
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

/**
 * An mbox file, or a tree of them, as a source: Thunderbird's profile (`Inbox`, `Inbox.sbd/Work`), mutt's folders, our own
 * exports. Index files of mail programs are passed over, other files that are no mbox are reported.
 */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { headerEnd, readBookkeeping } from './bookkeeping.ts';
import { FileWindow } from './file-window.ts';
import { LineReader, type Quoting } from './line-form.ts';
import { MAX_HEADER_BYTES, type MboxEntry, scanMbox, whyNoMbox } from './mbox-scan.ts';
import { Reach } from './reach.ts';
import type { LoadedMessage, OpenFolder, Skipped, Source, SourceFolder, SourceMessage } from './source.ts';
import { UnreadableMessage } from './source.ts';

export interface MboxOptions {
  readonly quoting: Quoting;
}

const MAX_DEPTH = 32;
/** Files that mail programs keep beside their mboxes. */
const NOT_MAIL =
  /\.(?:msf|dat|html|json|sqlite|sqlite-wal|sqlite-shm|lock|idx|cmeta|ev-summary|toc|summary)$/i;

export function openMboxSource(path: string, options: MboxOptions): Source {
  const folders: SourceFolder[] = [];
  const skipped: Skipped[] = [];
  const look = lookAt(path);
  if (look.kind === 'other') skipped.push({ where: path, why: look.why });
  else if (look.kind === 'directory')
    collect(path, '', { folders, skipped, options, reach: new Reach(path, skipped) }, 0);
  else folders.push(mboxFolder(path, folderName(basename(path)), '', options));
  return { folders, skipped };
}

type Look =
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'other'; readonly why: string };

/** What stands in a folder may be anything: a link to nothing ends no import, and a pipe is not waited for. */
function lookAt(path: string): Look {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { kind: 'directory' };
    return stat.isFile() ? { kind: 'file' } : { kind: 'other', why: 'it is neither a file nor a folder' };
  } catch (error) {
    const isDangling = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { kind: 'other', why: isDangling ? 'it is a link to nothing' : (error as Error).message };
  }
}

interface Collected {
  readonly folders: SourceFolder[];
  readonly skipped: Skipped[];
  readonly options: MboxOptions;
  readonly reach: Reach;
}

function collect(directory: string, above: string, into: Collected, depth: number): void {
  if (depth > MAX_DEPTH) {
    into.skipped.push({ where: directory, why: `more than ${MAX_DEPTH} levels deep` });
    return;
  }
  for (const entry of into.reach.namesIn(directory)) {
    if (entry.startsWith('.') || NOT_MAIL.test(entry)) continue;
    const path = join(directory, entry);
    if (into.reach.isFolder(path)) {
      collect(path, `${above}${folderName(entry.replace(/\.sbd$/, ''))}/`, into, depth + 1);
      continue;
    }
    if (into.reach.file(path) === undefined) continue;
    const why = whyNotRead(path);
    const name = above + folderName(entry);
    if (why === undefined) into.folders.push(mboxFolder(path, name, name, into.options));
    else into.skipped.push({ where: path, why });
  }
}

/** `archive.mbox` is the folder "archive"; what our export wrote as `%2E` or `%25` is read back. */
function folderName(file: string): string {
  return file
    .normalize('NFC')
    .replace(/\.(?:mbox|mbx)$/i, '')
    .replace(/%2[E5]/g, (code) => (code === '%2E' ? '.' : '%'));
}

/** At a first look; undefined when it may be an mbox. */
function whyNotRead(path: string): string | undefined {
  let file: FileWindow;
  try {
    file = new FileWindow(path);
  } catch (error) {
    return (error as Error).message;
  }
  try {
    const isLike = /^(?:\xef\xbb\xbf)?[\r\n]{0,16}From /.test(file.view(0, 64).toString('latin1'));
    return file.sizeBytes === 0 || isLike ? undefined : whyNoMbox(file);
  } finally {
    file.close();
  }
}

function mboxFolder(path: string, name: string, identity: string, options: MboxOptions): SourceFolder {
  return {
    where: path,
    name,
    identity: `mbox\0${identity}`,
    isSubscribed: undefined,
    sizeBytes: statSync(path).size,
    open: () => openMbox(path, options),
  };
}

function openMbox(path: string, options: MboxOptions): OpenFolder {
  const file = new FileWindow(path);
  try {
    const entries = byDate(scanMbox(file));
    return {
      messages: entries.map((entry) => new MboxMessage(path, file, entry, options)),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Stable; a message without any date stays behind the one before it. */
function byDate(entries: readonly MboxEntry[]): MboxEntry[] {
  let last = Number.NEGATIVE_INFINITY;
  const dated = entries.map((entry) => {
    last = entry.date ?? last;
    return { entry, date: last };
  });
  return dated.sort((a, b) => (a.date === b.date ? 0 : a.date - b.date)).map(({ entry }) => entry);
}

class MboxMessage implements SourceMessage {
  readonly #path: string;
  readonly #file: FileWindow;
  readonly #entry: MboxEntry;
  readonly #options: MboxOptions;

  constructor(path: string, file: FileWindow, entry: MboxEntry, options: MboxOptions) {
    this.#path = path;
    this.#file = file;
    this.#entry = entry;
    this.#options = options;
  }

  get where(): string {
    return `${this.#path}, at byte ${this.#entry.offset}`;
  }

  get sizeBytes(): number {
    return this.#entry.end - this.#entry.offset;
  }

  load(): LoadedMessage | undefined {
    const { start, end, date } = this.#entry;
    const head = this.#file.read(start, Math.min(end, start + MAX_HEADER_BYTES));
    if (head.length === 0) throw new UnreadableMessage('it is empty');
    const bodyStart = headerEnd(head);
    const notes = readBookkeeping(head.subarray(0, bodyStart));
    if (notes.isExpunged || notes.isInternal) return undefined;
    const first = Buffer.concat([notes.header, head.subarray(bodyStart)]);
    const chunks = (): Iterable<Buffer> => this.#chunks(first, notes.marker);
    return { flags: notes.flags, keywords: notes.keywords, internalDate: date, chunks };
  }

  *#chunks(first: Buffer, marker: ReturnType<typeof readBookkeeping>['marker']): Generator<Buffer> {
    const { start, end, isLengthProven } = this.#entry;
    const quoting = marker !== undefined ? 'mboxrd' : isLengthProven ? 'none' : this.#options.quoting;
    const reader = new LineReader({ quoting, wantsCrlf: marker?.isRaw !== true });
    const trim = marker?.lacksEnd === true ? new LastLineEnd() : undefined;
    const pass = (chunk: Buffer): Buffer => trim?.push(chunk) ?? chunk;
    yield pass(reader.push(first));
    for (const slice of this.#file.slices(start + MAX_HEADER_BYTES, end)) yield pass(reader.push(slice));
    yield pass(reader.end());
  }
}

/** Drops the line end that an export added behind a message without one. */
class LastLineEnd {
  #held: Buffer = Buffer.alloc(0);

  /** Everything but the last two octets, which are never given back: they are the line end. */
  push(chunk: Buffer): Buffer {
    const all = Buffer.concat([this.#held, chunk]);
    const cut = Math.max(0, all.length - 2);
    this.#held = Buffer.from(all.subarray(cut));
    return all.subarray(0, cut);
  }
}

/**
 * Export as Maildir++: INBOX in the directory itself, other mailboxes as `.Parent.Child`, flags in the file names, keywords
 * explained by `dovecot-keywords`, the date as the files' modification time, `subscriptions` beside. Dovecot, Courier, mutt
 * and the importer read it.
 *
 * Files have LF; a message in which CR and LF do not always come as a pair is written as it is and marked in its name.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { foldKeyword } from '../mail/flags.ts';
import {
  type ExportMessage,
  type ExportTarget,
  type MarkedMessage,
  makeEmptyDirectory,
  type TargetFolder,
} from './export.ts';
import { CrlfProbe, LineWriter } from './line-form.ts';
import type { MailboxSummary } from './mail-access.ts';
import { encodeFolder, hasOwnLetter, KEYWORDS_FILE, MAX_KEYWORDS, writeMarks } from './maildir-form.ts';
import { RAW_MARK } from './maildir-octets.ts';

const MAX_FILE_NAME_BYTES = 255;

export function openMaildirTarget(path: string): ExportTarget {
  makeEmptyDirectory(path);
  const subscribed: string[] = [];
  return {
    folder({ name, isSubscribed }: MailboxSummary): TargetFolder {
      const encoded = encodeFolder(name);
      if (encoded.length + 1 > MAX_FILE_NAME_BYTES) {
        throw new Error(`the name is too long for a Maildir folder; export it as mbox or rename it`);
      }
      if (isSubscribed) subscribed.push(encoded);
      return new MaildirWriter(name === 'INBOX' ? path : join(path, `.${encoded}`), name === 'INBOX');
    },
    finish() {
      writeFileSync(join(path, 'subscriptions'), subscribed.map((name) => `${name}\n`).join(''));
    },
  };
}

class MaildirWriter implements TargetFolder {
  readonly #path: string;
  readonly #keywords: string[] = [];
  #lost = 0;

  constructor(path: string, isInbox: boolean) {
    this.#path = path;
    for (const directory of ['cur', 'new', 'tmp'])
      mkdirSync(join(path, directory), { recursive: true, mode: 0o700 });
    if (!isInbox) writeFileSync(join(path, 'maildirfolder'), '');
  }

  write(message: ExportMessage): void {
    const probe = new CrlfProbe();
    probe.push(message.bytes);
    const isRaw = !probe.isCanonical;
    const writer = new LineWriter({ quotes: false, wantsLf: !isRaw });
    const bytes = isRaw ? message.bytes : Buffer.concat([writer.push(message.bytes), writer.end()]);
    const sizes = `,S=${bytes.length},W=${message.bytes.length}${isRaw ? RAW_MARK : ''}`;
    const path = this.#pathOf(message, sizes);
    writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
    stamp(path, message);
  }

  async stream(marks: MarkedMessage, chunks: AsyncIterable<Buffer>): Promise<void> {
    const path = this.#pathOf(marks, RAW_MARK);
    const file = openSync(path, 'wx', 0o600);
    try {
      for await (const chunk of chunks) writeSync(file, chunk);
      fsyncSync(file);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    stamp(path, marks);
  }

  close(): readonly string[] {
    const lines = this.#keywords.map((name, index) => `${index} ${name}\n`);
    if (lines.length > 0) writeFileSync(join(this.#path, KEYWORDS_FILE), lines.join(''));
    if (this.#lost === 0) return [];
    return [
      `messages with keywords beyond the ${MAX_KEYWORDS} that a Maildir folder can hold: ${this.#lost}; mbox holds all`,
    ];
  }

  #pathOf(message: MarkedMessage, sizes: string): string {
    let isLost = false;
    for (const keyword of message.keywords) {
      const isKnown = this.#keywords.some((name) => foldKeyword(name) === foldKeyword(keyword));
      if (isKnown || hasOwnLetter(keyword)) continue;
      if (this.#keywords.length < MAX_KEYWORDS) this.#keywords.push(keyword);
      else isLost = true;
    }
    if (isLost) this.#lost++;
    const unique = `${Math.max(0, message.internalDate ?? 0)}.U${message.uid}.brevduva`;
    return join(this.#path, 'cur', `${unique}${sizes}${writeMarks(message, this.#keywords)}`);
  }
}

function stamp(path: string, { internalDate }: MarkedMessage): void {
  if (internalDate !== undefined) utimesSync(path, internalDate, internalDate);
}

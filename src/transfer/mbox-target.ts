/**
 * Export as a tree of mboxes in Thunderbird's layout: mailbox `Work/2024` is the file `Work.sbd/2024`. Format mboxrd: every
 * line that begins with `>*From ` gets one `>`. Flags, keywords and the date are where mutt, Dovecot and Pine look for
 * them: the `From ` line, Status, X-Status, X-Keywords. See `bookkeeping.ts` for the field that leads them.
 *
 * Lines end with LF as Unix programs expect; a message in which CR and LF do not always come as a pair is written as it
 * is (`body=raw`), because LF alone could not be turned back into it.
 */
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FLAG } from '../mail/flags.ts';
import { markerLine } from './bookkeeping.ts';
import {
  type ExportMessage,
  type ExportTarget,
  type MarkedMessage,
  makeEmptyDirectory,
  type TargetFolder,
} from './export.ts';
import { CrlfProbe, LineWriter } from './line-form.ts';
import type { MailboxSummary } from './mail-access.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const X_STATUS: readonly (readonly [string, number])[] = [
  ['A', FLAG.Answered],
  ['F', FLAG.Flagged],
  ['T', FLAG.Draft],
  ['D', FLAG.Deleted],
];
const WRITE_BYTES = 1024 * 1024;

export function openMboxTarget(path: string): ExportTarget {
  makeEmptyDirectory(path);
  return {
    folder: (mailbox: MailboxSummary) => new MboxWriter(join(path, fileOf(mailbox.name))),
    finish: () => undefined,
  };
}

/** Names that the importer or a mail program would take for something else get their dot percent-encoded. */
function fileOf(name: string): string {
  const levels = name.split('/').map((level) =>
    level
      .replaceAll('%', '%25')
      .replace(/^\./, '%2E')
      .replace(
        /\.(?=(?:sbd|mbox|mbx|msf|dat|html|json|sqlite|sqlite-wal|sqlite-shm|lock|idx|cmeta|ev-summary|toc|summary)$)/i,
        '%2E',
      ),
  );
  const file = levels.pop() as string;
  return join(...levels.map((level) => `${level}.sbd`), file);
}

class MboxWriter implements TargetFolder {
  readonly #file: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #written = 0;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, 'wx', 0o600);
  }

  write(message: ExportMessage): void {
    const probe = new CrlfProbe();
    probe.push(message.bytes);
    const isRaw = !probe.isCanonical;
    const lacksEnd = !probe.endsWithLf;
    const writer = new LineWriter({ quotes: true, wantsLf: !isRaw });
    this.#put(headOf(message, { isRaw, lacksEnd }));
    this.#put(writer.push(message.bytes));
    this.#put(writer.end());
    this.#put(Buffer.from(lacksEnd ? (isRaw ? '\r\n\n' : '\n\n') : '\n'));
  }

  async stream(marks: MarkedMessage, chunks: AsyncIterable<Buffer>): Promise<void> {
    this.#flush();
    const before = this.#written;
    try {
      const writer = new LineWriter({ quotes: true, wantsLf: false });
      this.#put(headOf(marks, { isRaw: true, lacksEnd: true }));
      for await (const chunk of chunks) this.#put(writer.push(chunk));
      this.#put(writer.end());
      this.#put(Buffer.from('\r\n\n'));
    } catch (error) {
      // Half a message is none.
      this.#waiting = [];
      this.#waitingBytes = 0;
      ftruncateSync(this.#file, before);
      this.#written = before;
      throw error;
    }
  }

  close(): readonly string[] {
    try {
      this.#flush();
      fsyncSync(this.#file);
    } finally {
      closeSync(this.#file);
    }
    return [];
  }

  #put(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= WRITE_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (let at = 0; at < bytes.length; )
      at += writeSync(this.#file, bytes, at, bytes.length - at, this.#written + at);
    this.#written += bytes.length;
  }
}

function headOf(
  message: MarkedMessage,
  form: { readonly isRaw: boolean; readonly lacksEnd: boolean },
): Buffer {
  const fields = [`Status: ${message.flags & FLAG.Seen ? 'RO' : 'O'}`];
  const letters = X_STATUS.filter(([, bit]) => (message.flags & bit) !== 0).map(([letter]) => letter);
  if (letters.length > 0) fields.push(`X-Status: ${letters.join('')}`);
  if (message.keywords.length > 0) fields.push(`X-Keywords: ${message.keywords.join(' ')}`);
  const marker = markerLine({ ...form, lines: fields.length + 1 });
  const separator = `From MAILER-DAEMON ${asctime(message.internalDate ?? 0)}`;
  return Buffer.from(`${[separator, marker, ...fields].join('\n')}\n`);
}

/** `Tue Nov  3 20:47:47 2026`, in UTC. */
function asctime(seconds: number): string {
  const d = new Date(seconds * 1000);
  const day = String(d.getUTCDate()).padStart(2, ' ');
  const time = d.toISOString().slice(-13, -5);
  const year = String(d.getUTCFullYear()).padStart(4, '0');
  return `${DAYS[d.getUTCDay()]} ${MONTHS[d.getUTCMonth()]} ${day} ${time} ${year}`;
}

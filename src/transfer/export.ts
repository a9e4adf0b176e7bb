/**
 * An account's mail into files: every mailbox, every message with date, flags and keywords, in a form that the importer
 * reads back without loss and other programs read as they read each other's.
 *
 * It writes into a new or empty directory only, never over anything. A message or mailbox that cannot be read or written is
 * reported and the rest goes on.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import type { MailAccess, MailboxSummary, MessageMarks } from './mail-access.ts';

export interface ExportTarget {
  /** Throws, with the reason, when the mailbox's name does not fit the format. */
  folder(mailbox: MailboxSummary): TargetFolder;
  /** After the last folder. */
  finish(): void;
}

export interface TargetFolder {
  write(message: ExportMessage): void;
  /** Large messages, as they come. */
  stream(marks: MarkedMessage, chunks: AsyncIterable<Buffer>): Promise<void>;
  /** Syncs; gives notes about what the format could not hold. */
  close(): readonly string[];
}

export interface MarkedMessage extends MessageMarks {
  readonly uid: number;
}

export interface ExportMessage extends MarkedMessage {
  readonly bytes: Buffer;
}

export interface ExportOptions {
  readonly access: MailAccess;
  readonly address: string;
  readonly target: ExportTarget;
  /** One mailbox instead of all. */
  readonly mailbox?: string;
  onProgress(progress: {
    readonly mailbox: string;
    readonly messages: number;
    readonly bytes: number;
    readonly totalBytes: number;
  }): void;
  onProblem(problem: { readonly where: string; readonly why: string }): void;
}

export interface ExportReceipt {
  readonly mailbox: string;
  readonly found: number;
  readonly exported: number;
  readonly failed: number;
  readonly notes: readonly string[];
}

/** From here on a message is written as it comes and not looked at as a whole first. */
export const STREAMED_BYTES = 32 * 1024 * 1024;

/** Throws when there is something in the way. */
export function makeEmptyDirectory(path: string): void {
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new Error(`${path} is not empty; an export goes into a new directory and overwrites nothing`);
  }
  mkdirSync(path, { recursive: true });
}

export async function exportAccount(options: ExportOptions): Promise<readonly ExportReceipt[]> {
  const { access, address, target } = options;
  const all = await access.listMailboxes(address);
  const mailboxes = options.mailbox === undefined ? all : all.filter(({ name }) => name === options.mailbox);
  if (mailboxes.length === 0) throw new Error(`there is no mailbox "${options.mailbox}"`);
  const state = { messages: 0, bytes: 0, totalBytes: mailboxes.reduce((sum, { bytes }) => sum + bytes, 0) };
  const receipts: ExportReceipt[] = [];
  for (const mailbox of mailboxes) receipts.push(await exportMailbox(options, mailbox, state));
  target.finish();
  return receipts;
}

async function exportMailbox(
  options: ExportOptions,
  mailbox: MailboxSummary,
  state: { messages: number; bytes: number; readonly totalBytes: number },
): Promise<ExportReceipt> {
  const { access, address, target } = options;
  const { name } = mailbox;
  const counts = { found: 0, exported: 0, failed: 0 };
  let folder: TargetFolder;
  try {
    folder = target.folder(mailbox);
  } catch (error) {
    options.onProblem({ where: name, why: (error as Error).message });
    return { mailbox: name, found: mailbox.exists, exported: 0, failed: mailbox.exists, notes: [] };
  }
  let notes: readonly string[] = [];
  try {
    for await (const { uid, flags, keywords, internalDate, sizeBytes, chunks } of access.readMessages(
      address,
      name,
    )) {
      const marks = { uid, flags, keywords, internalDate };
      counts.found++;
      try {
        if (sizeBytes >= STREAMED_BYTES) await folder.stream(marks, asAsync(chunks()));
        else folder.write({ ...marks, bytes: await gather(chunks()) });
        counts.exported++;
      } catch (error) {
        if (isDiskFull(error)) throw error;
        counts.failed++;
        options.onProblem({ where: `${name}, UID ${uid}`, why: (error as Error).message });
      }
      state.messages++;
      state.bytes += sizeBytes;
      options.onProgress({ mailbox: name, ...state });
    }
  } finally {
    notes = folder.close();
  }
  return { mailbox: name, ...counts, notes };
}

async function gather(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

async function* asAsync(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
}

function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS';
}

/**
 * What an importer reads, whatever the format: folders with messages, each message as it will be stored.
 *
 * Promises: `chunks()` gives the same octets every time it is called, so a large message is hashed in one pass and sent in
 * a second one and is never whole in memory. Files are read synchronously: readers run in the command's own process,
 * never in the server's.
 */
import type { ForeignUids } from '../mailbox/operations/take-over-uids.ts';

export interface Source {
  readonly folders: readonly SourceFolder[];
  /** Files and folders that were found and are no mail, with the reason. */
  readonly skipped: readonly Skipped[];
}

export interface Skipped {
  readonly where: string;
  readonly why: string;
}

export interface SourceFolder {
  /** Where it is, for the report. */
  readonly where: string;
  /** The name of its mailbox: UTF-8, `/` between levels. */
  readonly name: string;
  /** Part of the import keys: the same folder read again from another place has the same identity. */
  readonly identity: string;
  /** From the source's list of subscriptions; undefined when it has none. */
  readonly isSubscribed: boolean | undefined;
  /** Octets in the source, for the progress. */
  readonly sizeBytes: number;
  open(): OpenFolder;
}

export interface OpenFolder {
  /** Known from the server it comes from; then messages have a `uid`, all but those it has not seen yet. */
  readonly uids?: ForeignUids | undefined;
  /** Oldest first: clients that keep the newest n messages take the highest UIDs for the newest. */
  readonly messages: readonly SourceMessage[];
  close(): void;
}

export interface SourceMessage {
  /** For the report: file and offset. */
  readonly where: string;
  readonly sizeBytes: number;
  readonly uid?: number | undefined;
  /** Throws UnreadableMessage with the reason; undefined: the source holds it as deleted, or it is no mail at all. */
  load(): LoadedMessage | undefined;
}

export interface LoadedMessage {
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Seconds since 1970; undefined when nothing tells. */
  readonly internalDate: number | undefined;
  /** The name by which programs know it from the server it comes from. */
  readonly externalId?: string;
  chunks(): Iterable<Buffer>;
}

/** One message that cannot be read; the import reports it and goes on. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
}

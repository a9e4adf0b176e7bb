/**
 * Octets that people have sent and not yet made mail of (RFC 8620 §6.1): attachments of a draft, messages to import. They belong to an
 * account, are no part of its quota, and go after a day; what is used later in one request is there that long at least.
 */
import type { AccountId } from '../model/model.ts';

export interface UploadLimits {
  /** Of one account. When there is no room, the oldest go, if they are old enough. */
  readonly accountBytes: number;
  readonly accountPieces: number;
  /** None younger than this goes. */
  readonly leastMs: number;
  /** None older than this is kept. */
  readonly mostMs: number;
}

export interface UploadWriter {
  /** Back-pressure: await it. Throws MailboxError `unavailable`, `too-big`. */
  write(piece: Buffer): Promise<void>;
  /** On disk when it resolves. */
  finish(): Promise<KeptUpload>;
  /** Nothing of it stays; may be called at any moment. */
  abort(): Promise<void>;
}

export interface KeptUpload {
  /** `u` and 128 random bits: who does not know it does not find it. */
  readonly id: string;
  readonly sizeBytes: number;
  /** Octets `[start, end)`, as often as it is asked for. */
  open(start?: number, end?: number): AsyncIterable<Buffer>;
}

export interface Uploads {
  /** For at most so many octets. Throws MailboxError `limit` when the account has no room, `unavailable`. */
  begin(account: AccountId, mostBytes: number): Promise<UploadWriter>;
  /** Undefined when the account has none of that name. */
  find(account: AccountId, id: string): Promise<KeptUpload | undefined>;
}

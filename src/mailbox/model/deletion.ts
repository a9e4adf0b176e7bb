/**
 * What is remembered of mail that was deleted, so that it can be brought back: in which mailbox it was and by what the mailbox
 * called its keywords, for their numbers are given anew. The store keeps it as octets.
 */
import type { MailboxId, Role } from './model.ts';

export interface Deletion {
  readonly mailbox: string;
  readonly role?: Role;
  /** Over which protocol, as an author has it. */
  readonly service: string;
  /** What the client said it is. */
  readonly client?: string;
  /** The names in each set of keywords, by its number. */
  readonly keywords: Readonly<Record<string, readonly string[]>>;
}

/** Of a mailbox that was deleted whole. */
export interface MailboxDeletion extends Deletion {
  /** Somebody has asked for it. */
  readonly subscribed: boolean;
  readonly sortOrder: number;
  /** What is still in it. */
  readonly messages: number;
  readonly bytes: number;
  /** Where a recovery that was broken off has begun to put it. */
  readonly into?: MailboxId;
}

/** Beside its octets a message takes rows, so the shortest is counted as this much where it is asked how much is kept. */
const LEAST_BYTES = 4096;

/** What messages that can be brought back count as. */
export function recoverableBytes(messages: readonly { readonly size: number }[]): number {
  return messages.reduce((sum, { size }) => sum + Math.max(size, LEAST_BYTES), 0);
}

/** The same of a mailbox that was deleted. */
export function recoverableBytesOf({ messages, bytes }: Pick<MailboxDeletion, 'messages' | 'bytes'>): number {
  return Math.max(bytes, messages * LEAST_BYTES);
}

export function packDeletion(deletion: Deletion | MailboxDeletion): Buffer {
  return Buffer.from(JSON.stringify(deletion), 'utf8');
}

/** Undefined for what makes no sense. */
export function unpackDeletion(octets: Uint8Array): Deletion | undefined {
  try {
    const value = JSON.parse(Buffer.from(octets).toString('utf8')) as Deletion | null;
    const isWhole = typeof value?.mailbox === 'string' && typeof value.keywords === 'object';
    return isWhole ? value : undefined;
  } catch {
    return undefined;
  }
}

export function unpackMailboxDeletion(octets: Uint8Array): MailboxDeletion | undefined {
  const value = unpackDeletion(octets) as MailboxDeletion | undefined;
  return typeof value?.messages === 'number' ? value : undefined;
}

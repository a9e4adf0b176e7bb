/** What the page keeps of mail: of each email as much as a list shows and actions need (RFC 8621 §2 to §4). */
import type { Mailbox } from '../../src/jmap/types/mailbox.ts';

export type { Mailbox };
export type Id = string;

export interface Address {
  readonly name: string | null;
  readonly email: string;
}

export interface Email {
  readonly id: Id;
  readonly threadId: Id;
  readonly mailboxIds: Readonly<Record<Id, true>>;
  readonly keywords: Readonly<Record<string, true>>;
  /** UTC, ISO 8601. */
  readonly receivedAt: string;
  readonly subject: string | null;
  readonly from: readonly Address[] | null;
  readonly to: readonly Address[] | null;
  readonly preview: string;
  readonly hasAttachment: boolean;
  readonly size: number;
  /** By which a copy is known: mail to oneself is there as it was sent and as it came. */
  readonly messageId?: readonly string[] | null;
}

/** What is asked of each email that is kept. */
export const EMAIL_PROPERTIES = [
  ...['id', 'threadId', 'mailboxIds', 'keywords', 'receivedAt', 'subject', 'from', 'to'],
  ...['preview', 'hasAttachment', 'size', 'messageId'],
] as const;

export interface Thread {
  readonly id: Id;
  /** Oldest first; a draft behind what it answers. */
  readonly emailIds: readonly Id[];
}

/** A condition or an operator over several (RFC 8621 §4.4.1). */
export type Filter =
  | { readonly operator: 'AND' | 'OR' | 'NOT'; readonly conditions: readonly Filter[] }
  | Readonly<Record<string, string | number | boolean | readonly string[]>>;

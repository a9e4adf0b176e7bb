/** Emails and threads on the wire (RFC 8621 §3, §4.1). */

export interface EmailAddress {
  readonly name: string | null;
  readonly email: string;
}

export interface EmailAddressGroup {
  readonly name: string | null;
  readonly addresses: readonly EmailAddress[];
}

export interface EmailHeader {
  readonly name: string;
  readonly value: string;
}

/** Those that were asked for; with properties of header fields, `header:...`, besides. */
export interface EmailBodyPart {
  readonly partId?: string | null;
  readonly blobId?: string | null;
  readonly size?: number;
  readonly headers?: readonly EmailHeader[];
  readonly name?: string | null;
  readonly type?: string;
  readonly charset?: string | null;
  readonly disposition?: string | null;
  readonly cid?: string | null;
  readonly language?: readonly string[] | null;
  readonly location?: string | null;
  readonly subParts?: readonly EmailBodyPart[] | null;
}

export interface EmailBodyValue {
  readonly value: string;
  readonly isEncodingProblem: boolean;
  readonly isTruncated: boolean;
}

/** Those that were asked for; with properties of header fields, `header:...`, besides. */
export interface Email {
  readonly id?: string | null;
  readonly blobId?: string;
  readonly threadId?: string | null;
  readonly mailboxIds?: Readonly<Record<string, true>> | null;
  readonly keywords?: Readonly<Record<string, true>> | null;
  readonly size?: number;
  /** UTCDate. */
  readonly receivedAt?: string | null;
  readonly messageId?: readonly string[] | null;
  readonly inReplyTo?: readonly string[] | null;
  readonly references?: readonly string[] | null;
  readonly sender?: readonly EmailAddress[] | null;
  readonly from?: readonly EmailAddress[] | null;
  readonly to?: readonly EmailAddress[] | null;
  readonly cc?: readonly EmailAddress[] | null;
  readonly bcc?: readonly EmailAddress[] | null;
  readonly replyTo?: readonly EmailAddress[] | null;
  readonly subject?: string | null;
  /** Date, in the zone of the sender. */
  readonly sentAt?: string | null;
  readonly headers?: readonly EmailHeader[];
  readonly bodyStructure?: EmailBodyPart;
  readonly bodyValues?: Readonly<Record<string, EmailBodyValue>>;
  readonly textBody?: readonly EmailBodyPart[];
  readonly htmlBody?: readonly EmailBodyPart[];
  readonly attachments?: readonly EmailBodyPart[];
  readonly hasAttachment?: boolean;
  readonly preview?: string;
  /** Our own: it was the first from its address when it was delivered; see `docs/JMAP.md`. */
  readonly firstContact?: 'stranger' | 'namesake' | null;
}

export interface Thread {
  readonly id: string;
  readonly emailIds: readonly string[];
}

export interface SearchSnippet {
  readonly emailId: string;
  readonly subject: string | null;
  readonly preview: string | null;
}

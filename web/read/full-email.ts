/** A mail with all that is shown of it when it is open (RFC 8621 §4.1), as the server gives it. */
import type { FilePart } from './attached-files.ts';
import type { Person } from './trust.ts';

export interface BodyPart extends FilePart {
  readonly charset: string | null;
  /** The whole Content-Type field, for its parameters. */
  readonly 'header:Content-Type:asText'?: string | null;
}

export interface FullEmail {
  readonly id: string;
  readonly blobId: string;
  readonly threadId: string;
  readonly mailboxIds: Readonly<Record<string, true>>;
  readonly keywords: Readonly<Record<string, true>>;
  readonly size: number;
  readonly receivedAt: string;
  readonly sentAt: string | null;
  readonly subject: string | null;
  readonly messageId: readonly string[] | null;
  readonly references: readonly string[] | null;
  readonly from: readonly Person[] | null;
  readonly to: readonly Person[] | null;
  readonly cc: readonly Person[] | null;
  readonly bcc: readonly Person[] | null;
  readonly replyTo: readonly Person[] | null;
  readonly preview: string;
  /** Our server's own (`docs/JMAP.md`): it was the first from its address. */
  readonly firstContact: 'stranger' | 'namesake' | null;
  readonly textBody: readonly BodyPart[];
  readonly htmlBody: readonly BodyPart[];
  readonly attachments: readonly BodyPart[];
  readonly bodyValues: Readonly<Record<string, { readonly value: string; readonly isTruncated: boolean }>>;
  readonly 'header:Authentication-Results:asText:all': readonly string[] | null;
  /** It came by a list that one can leave. */
  readonly 'header:List-Unsubscribe:asURLs': readonly string[] | null;
}

export const FULL_PROPERTIES = [
  ...[
    'id',
    'blobId',
    'threadId',
    'mailboxIds',
    'keywords',
    'size',
    'receivedAt',
    'sentAt',
    'subject',
    'messageId',
  ],
  ...['references', 'from', 'to', 'cc', 'bcc', 'replyTo', 'preview', 'textBody', 'htmlBody', 'attachments'],
  ...[
    'firstContact',
    'bodyValues',
    'header:Authentication-Results:asText:all',
    'header:List-Unsubscribe:asURLs',
  ],
];

const PART_PROPERTIES = ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid'];

/** For Email/get. A text that is longer is shown as far as that, and can be had whole as a file. */
export const FULL_ARGUMENTS = {
  properties: FULL_PROPERTIES,
  bodyProperties: [...PART_PROPERTIES, 'header:Content-Type:asText'],
  fetchTextBodyValues: true,
  fetchHTMLBodyValues: true,
  maxBodyValueBytes: 1_048_576,
};

/** What is shown of a mail, in the order in which it stands there. */
export type BodyPiece =
  | { readonly kind: 'html'; readonly html: string; readonly isCut: boolean }
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly format: string | undefined;
      readonly delsp: string | undefined;
      readonly isCut: boolean;
    }
  | { readonly kind: 'picture'; readonly part: BodyPart };

/** `wantsText`: the plain text, where there is one. */
export function bodyOf(email: FullEmail, wantsText = false): BodyPiece[] {
  const parts = wantsText ? email.textBody : email.htmlBody;
  return parts.flatMap((part): BodyPiece[] => {
    const body = email.bodyValues[part.partId ?? ''];
    if (part.type === 'text/html' && body !== undefined)
      return [{ kind: 'html', html: body.value, isCut: body.isTruncated }];
    if (part.type.startsWith('text/') && body !== undefined) {
      const type = part['header:Content-Type:asText'] ?? '';
      const [format, delsp] = [parameterOf(type, 'format'), parameterOf(type, 'delsp')];
      return [{ kind: 'text', text: body.value, format, delsp, isCut: body.isTruncated }];
    }
    return part.type.startsWith('image/') ? [{ kind: 'picture', part }] : [];
  });
}

/** RFC 2045 §5.1, for two parameters whose values are words. */
function parameterOf(field: string, name: string): string | undefined {
  return new RegExp(`;\\s*${name}\\s*=\\s*"?([a-z]+)`, 'i').exec(field)?.[1]?.toLowerCase();
}

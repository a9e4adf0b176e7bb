/**
 * A message that is to be written, as a value: its fields with what they say, its parts with what they hold. Whoever makes one has
 * asked `fieldFault` about each field; `writer.ts` makes octets of it.
 */

/** A person in a list of addresses. */
export interface DraftAddress {
  readonly name: string | null;
  /** Of a draft that is half done it may be no address yet. */
  readonly email: string;
}

/** Addresses with one name for all of them, or without one. */
export interface DraftGroup {
  readonly name: string | null;
  readonly addresses: readonly DraftAddress[];
}

/** What a field says, in the forms of RFC 8621 §4.1.2. */
export type FieldValue =
  /** All that follows the colon; lines of it may be folded. */
  | { readonly form: 'raw'; readonly text: string }
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'addresses'; readonly addresses: readonly DraftAddress[] }
  | { readonly form: 'groups'; readonly groups: readonly DraftGroup[] }
  /** Without their angle brackets. */
  | { readonly form: 'ids'; readonly ids: readonly string[] }
  /** A moment, seconds since 1970, as a clock shows it that is so many minutes before UTC. */
  | { readonly form: 'date'; readonly seconds: number; readonly zoneMinutes: number }
  | { readonly form: 'urls'; readonly urls: readonly string[] };

export interface DraftField {
  readonly name: string;
  readonly value: FieldValue;
}

/** Octets that stand elsewhere: an upload, a part of another message. */
export interface DraftBlob {
  /** From its beginning, as often as it is asked for. */
  open(): AsyncIterable<Buffer>;
  readonly sizeBytes: number;
}

export type DraftContent =
  /** Lines end as they like. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'blob'; readonly blob: DraftBlob }
  | { readonly kind: 'parts'; readonly parts: readonly DraftPart[] };

export interface DraftPart {
  /** `text/plain`, lower case, without parameters. */
  readonly type: string;
  /** In the place of type, name and charset: all that Content-Type is to say. */
  readonly contentType?: string;
  /** As said of a blob; text is written in UTF-8. */
  readonly charset?: string;
  readonly name?: string;
  /** `attachment`, `inline`. */
  readonly disposition?: string;
  /** Without angle brackets. */
  readonly cid?: string;
  readonly language?: readonly string[];
  readonly location?: string;
  /** All others. */
  readonly fields: readonly DraftField[];
  readonly content: DraftContent;
}

export interface Draft {
  /** Of the message, none of them about its content. */
  readonly fields: readonly DraftField[];
  readonly body: DraftPart;
}

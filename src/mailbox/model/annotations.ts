/**
 * Annotations (RFC 5464 calls them metadata): values that programs keep with a mailbox or with the account itself, by name.
 * In memory there are names and sizes; values stay in the store until they are asked for.
 *
 * Accounts share no mailboxes, so `/shared` and `/private` differ in their names alone.
 */
import { asMailboxId, type MailboxId } from './model.ts';

/** In the place of a mailbox: what is said of the server, for this account. */
export const NO_MAILBOX: MailboxId = asMailboxId(0);

export interface AnnotationPlace {
  /** Of the account; `NO_MAILBOX` for the server's. */
  readonly mailbox: MailboxId;
  /** In lower case. */
  readonly name: string;
}

export interface AnnotationRow extends AnnotationPlace {
  /** Octets of its value, which may be none. */
  readonly sizeBytes: number;
}

/** Of several places, in their order; undefined where there is none. */
export type AnnotationValues = readonly (Buffer | undefined)[];

export const ANNOTATION_LIMITS = Object.freeze({
  valueBytes: 64 * 1024,
  /** Of one mailbox, and of the server. */
  perMailbox: 100,
  perAccount: 5000,
});

/** By this name an account keeps how many octets all of its values may have, where somebody has said it (`DomainLimits.annotationBytes`). */
export const ANNOTATION_BYTES = 'quota.annotations';
/** Nobody can say more. */
export const MOST_ANNOTATION_BYTES = 64 * 1024 * 1024;

/** Names begin with a slash, so a key is read in one way. */
export function annotationKey({ mailbox, name }: AnnotationPlace): string {
  return `${mailbox}${name}`;
}

/**
 * Names of blobs that are mail (RFC 8620 §6, RFC 8621 §4.1.1, §4.1.4): `b12` is the message of email 12, `b12-1-2` its part 1.2 with its
 * transfer encoding taken off. Letters, digits and `-` alone, as an id must be (RFC 8620 §1.2).
 */

const FORM = /^b([1-9]\d{0,9})((?:-[1-9]\d{0,4}){0,100})$/;
const MAX_U32 = 0xffff_ffff;

export interface MailBlobName {
  /** Its number in the account. */
  readonly email: number;
  /** The number of a part, as IMAP has it (RFC 9051 §6.4.5.1); empty: the message itself. */
  readonly path: readonly number[];
}

export const mailBlobId = (email: number, path: readonly number[] = []): string =>
  [`b${email}`, ...path].join('-');

/** Undefined when it is none that there could be. */
export function mailBlobIn(id: string): MailBlobName | undefined {
  const [, number, parts = ''] = FORM.exec(id) ?? [];
  const email = Number(number);
  if (number === undefined || email > MAX_U32) return undefined;
  return { email, path: parts.split('-').slice(1).map(Number) };
}

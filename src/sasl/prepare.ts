import saslprep from '@mongodb-js/saslprep';

/**
 * One spelling for what people type: the same name or password entered on a Mac (decomposed) and on a PC (composed)
 * must compare equal, so both go through SASLprep (RFC 4013), whose normal form is NFKC. It is used for stored
 * passwords too; whoever stores one calls the same function.
 *
 * A password that SASLprep prohibits (a control character, mixed writing directions) is taken in NFC, since refusing it
 * at sign-in would lock out somebody whose password another system accepted. A name gets no such grace.
 */
export function preparePassword(password: string): string {
  return prepared(password) ?? password.normalize('NFC');
}

/** Undefined when the name has characters no account name may have. */
export function prepareName(name: string): string | undefined {
  return isProhibited(name) ? undefined : prepared(name);
}

/**
 * Whether the text has a character that SASLprep prohibits (RFC 4013 §2.3) and does not map to something else first:
 * controls, private use, noncharacters, surrogates, what has no place in plain text, and what turns or tags it.
 */
export function isProhibited(text: string): boolean {
  return PROHIBITED.test(text);
}

const PROHIBITED = new RegExp(
  '[\\p{Cc}\\p{Co}\\p{Cs}\\p{Noncharacter_Code_Point}\\u06dd\\u070f\\u180e\\u200e\\u200f\\u2028-\\u202e' +
    '\\u2061-\\u2063\\u206a-\\u206f\\u2ff0-\\u2ffb\\ufff9-\\ufffd\\u{1d173}-\\u{1d17a}\\u{e0001}\\u{e0020}-\\u{e007f}]',
  'u',
);

function prepared(text: string): string | undefined {
  // Printable ASCII is its own preparation; nearly every sign-in ends here.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  try {
    return saslprep(text, { allowUnassigned: true });
  } catch {
    return undefined;
  }
}

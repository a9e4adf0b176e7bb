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
  return prepared(name);
}

function prepared(text: string): string | undefined {
  // Printable ASCII is its own preparation; nearly every sign-in ends here.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  try {
    return saslprep(text, { allowUnassigned: true });
  } catch {
    return undefined;
  }
}

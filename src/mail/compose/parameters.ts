/**
 * Parameters as they are written (RFC 2045 §5.1), those beyond ASCII and long ones in the form of RFC 2231 §3 and §4, which every
 * reader of today knows: `filename*=utf-8''R%C3%A4kning.pdf`. Encoded words have no place there (RFC 2047 §5).
 */

const TOKEN = /^[!#$%&'*+.^_`{|}~A-Za-z0-9-]+$/;
/** Of one section, so that a line with it is a short one. */
const SECTION = 60;
/** Of a name, in octets: file systems have no longer ones. */
export const MAX_PARAMETER_BYTES = 2048;

/** With the semicolon in front, ready to be folded at its blanks. ASCII. */
export function parameter(name: string, value: string): string {
  const text = value.normalize('NFC').toWellFormed();
  if (TOKEN.test(text) && text.length <= SECTION) return `; ${name}=${text}`;
  // Blanks at the ends and in runs do not outlive folding.
  const isPlain = /^[\x20-\x7e]*$/.test(text) && !/ {2}|^ | $|=\?/.test(text);
  if (isPlain && text.length <= SECTION) return `; ${name}="${text.replace(/["\\]/g, '\\$&')}"`;
  const encoded = `utf-8''${percentEncoded(text)}`;
  if (encoded.length <= SECTION) return `; ${name}*=${encoded}`;
  let out = '';
  for (let at = 0, n = 0; at < encoded.length; n++) {
    const end = sectionEnd(encoded, at + SECTION);
    out += `; ${name}*${n}*=${encoded.slice(at, end)}`;
    at = end;
  }
  return out;
}

/** All but `attribute-char` of RFC 2231 §7. */
function percentEncoded(text: string): string {
  let out = '';
  for (const octet of Buffer.from(text)) {
    const letter = String.fromCharCode(octet);
    out += /[A-Za-z0-9!#$&+.^_`{|}~-]/.test(letter)
      ? letter
      : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** Not inside a `%XX`. */
function sectionEnd(encoded: string, end: number): number {
  if (end >= encoded.length) return encoded.length;
  if (encoded.charAt(end - 1) === '%') return end - 1;
  return encoded.charAt(end - 2) === '%' ? end - 2 : end;
}

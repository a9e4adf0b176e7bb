/**
 * Modified UTF-7, the form of mailbox names for IMAP clients that have not enabled UTF-8 (RFC 3501 §5.1.3) and in
 * Maildirs.
 *
 * Promises: decode(encode(name)) is the name for every well-formed string, and encode gives the one canonical form.
 * Decoding refuses what has no meaning (stray `&`, bits left over, half a surrogate pair, 8-bit octets) and takes what
 * has one although it is not canonical (printable ASCII in base64, two shifts in a row), as other servers do: such
 * names stand in the subscription files of old clients.
 */

const AMPERSAND = 0x26;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,';
const VALUES: Readonly<Int8Array> = buildValues();

export function encodeModifiedUtf7(name: string): string {
  let out = '';
  for (let i = 0; i < name.length; ) {
    const unit = name.charCodeAt(i);
    if (unit === AMPERSAND) {
      out += '&-';
      i++;
    } else if (isDirect(unit)) {
      out += name.charAt(i++);
    } else {
      let runEnd = i + 1;
      while (runEnd < name.length && !isDirect(name.charCodeAt(runEnd))) runEnd++;
      out += `&${encodeRun(name, i, runEnd)}-`;
      i = runEnd;
    }
  }
  return out;
}

/** Undefined when it is none. */
export function decodeModifiedUtf7(text: string): string | undefined {
  let out = '';
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7e) return undefined;
    if (unit !== AMPERSAND) {
      out += text.charAt(i++);
      continue;
    }
    const close = text.indexOf('-', i + 1);
    const run = close < 0 ? undefined : close === i + 1 ? '&' : decodeRun(text, i + 1, close);
    if (run === undefined) return undefined;
    out += run;
    i = close + 1;
  }
  return out;
}

function encodeRun(name: string, start: number, end: number): string {
  let out = '';
  let bits = 0;
  let count = 0;
  for (let i = start; i < end; i++) {
    bits = (bits << 16) | name.charCodeAt(i);
    for (count += 16; count >= 6; ) {
      count -= 6;
      out += ALPHABET.charAt((bits >>> count) & 63);
    }
    bits &= (1 << count) - 1;
  }
  return count === 0 ? out : out + ALPHABET.charAt((bits << (6 - count)) & 63);
}

function decodeRun(text: string, start: number, end: number): string | undefined {
  let out = '';
  let bits = 0;
  let count = 0;
  for (let i = start; i < end; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? -1;
    if (value < 0) return undefined;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 16) continue;
    count -= 16;
    out += String.fromCharCode((bits >>> count) & 0xffff);
    bits &= (1 << count) - 1;
  }
  // Less than one sextet may be left, and it must be zero; a whole one would be a second spelling of the name.
  return count >= 6 || bits !== 0 || !out.isWellFormed() ? undefined : out;
}

function isDirect(unit: number): boolean {
  return unit >= 0x20 && unit <= 0x7e;
}

function buildValues(): Int8Array {
  const values = new Int8Array(128).fill(-1);
  for (let i = 0; i < ALPHABET.length; i++) values[ALPHABET.charCodeAt(i)] = i;
  return values;
}

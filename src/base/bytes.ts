/**
 * Searching and comparing octets without turning them into strings, and saying how many they are. Mail is bytes; the fast paths stay bytes.
 */
export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;

export const CRLF: Buffer = Buffer.from('\r\n');
export const EMPTY: Buffer = Buffer.alloc(0);

/** Octets as they are, one char per byte: the only lossless view of mail as a string. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
}

/** True when `bytes[at..]` begins with `word`, ASCII letters compared without case. `word` must be lower case. */
export function startsWithFolded(bytes: Uint8Array, at: number, word: string): boolean {
  if (at + word.length > bytes.length) return false;
  for (let i = 0; i < word.length; i++) {
    let c = bytes[at + i] as number;
    if (c >= 0x41 && c <= 0x5a) c |= 0x20;
    if (c !== word.charCodeAt(i)) return false;
  }
  return true;
}

/** `3.4 GiB`; exact when it is a round number of units. */
export function humanSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return unit === 0 ? `${bytes} B` : `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

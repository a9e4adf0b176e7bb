/**
 * What kind of picture these octets are, by how they begin (WHATWG MIME Sniffing §6.1); what a server says they are counts for nothing.
 * Raster pictures only: all else that a browser takes for a picture is a document.
 */

const LONGEST = 32;

export function pictureType(octets: Uint8Array): string | undefined {
  const head = Buffer.from(octets.subarray(0, LONGEST)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8, 14) === 'WEBPVP') return 'image/webp';
  if (head.slice(4, 8) === 'ftyp' && /avi[fs]/.test(head.slice(8))) return 'image/avif';
  return undefined;
}

/** A QR code as the outline of its dark squares (the `d` of an SVG path), by `uqr`: the page draws it in the colours that cameras want. */
import { encode } from 'uqr';

export interface QrPath {
  /** Squares on each side, the quiet ones around it among them. */
  readonly size: number;
  readonly path: string;
}

/** ISO/IEC 18004 §9.1. */
const QUIET = 4;

export function qrPath(text: string): QrPath {
  const { size, data } = encode(text, { ecc: 'M', border: QUIET });
  const rows = data.map((row, y) => rowPath(row, y));
  return { size, path: rows.join('') };
}

/** Squares beside each other are one rectangle. */
function rowPath(row: readonly boolean[], y: number): string {
  let path = '';
  for (let x = 0; x < row.length; x++) {
    if (row[x] !== true) continue;
    const from = x;
    while (row[x + 1] === true) x++;
    path += `M${from} ${y}h${x + 1 - from}v1H${from}z`;
  }
  return path;
}

/**
 * Decoding a body that comes in pieces: what `decodeTransfer` does to a whole one, for bodies too large to hold.
 *
 * Promises: the pieces joined are exactly `decodeTransfer` of the input joined, however it was cut. Holds less than one group
 * (base64) or the white space and the `=` at the end of a piece (quoted-printable), however long a line is; time linear.
 */
import { EMPTY } from '../base/bytes.ts';
import { Base64Reader, QuotedPrintableReader, type TransferEncoding } from './transfer-encoding.ts';

export interface TransferDecoder {
  write(chunk: Buffer): Buffer;
  end(): Buffer;
}

/** Undefined when nobody knows how. */
export function transferDecoder(encoding: TransferEncoding): TransferDecoder | undefined {
  switch (encoding) {
    case 'identity':
      return { write: (chunk) => chunk, end: () => EMPTY };
    case 'base64':
      return base64Decoder();
    case 'quoted-printable':
      return quotedPrintableDecoder();
    default:
      return undefined;
  }
}

function base64Decoder(): TransferDecoder {
  const reader = new Base64Reader();
  return {
    write(chunk) {
      const out = Buffer.allocUnsafe(Math.ceil((chunk.length * 3) / 4) + 2);
      return out.subarray(0, reader.read(chunk, out));
    },
    end() {
      const out = Buffer.allocUnsafe(2);
      return out.subarray(0, reader.end(out, 0));
    },
  };
}

function quotedPrintableDecoder(): TransferDecoder {
  const reader = new QuotedPrintableReader();
  return { write: (chunk) => reader.read(chunk), end: () => reader.end() };
}

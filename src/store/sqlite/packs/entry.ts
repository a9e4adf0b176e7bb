/**
 * What a pack keeps of a blob: a number of recipes (2 octets), the recipes (16 each), and the octets with the parts cut out that
 * the recipes put in again. A recipe says where, which part, how many octets of text it makes, and how its base64 is laid
 * out: octets in a line, and which line end. Most entries have none; a part itself never has.
 */
import { StoreError } from '../../../mailbox/port/store.ts';

export const ENTRY_HEAD_BYTES = 2;
export const RECIPE_BYTES = 16;
/** Messages of more parts keep the rest as text. Head and recipes of any entry are in its first frame. */
export const MAX_RECIPES = 200;
const IS_CRLF = 0x8000;

export interface Layout {
  /** Octets in a full line, without its end; divisible by 4. */
  readonly lineBytes: number;
  readonly isCrlf: boolean;
}

export interface Recipe extends Layout {
  /** In the octets without parts. */
  readonly at: number;
  /** The blob of the part. */
  readonly part: number;
  /** Of the text, its line ends among them. */
  readonly textBytes: number;
}

export const headBytes = (recipes: number): number => ENTRY_HEAD_BYTES + RECIPE_BYTES * recipes;

export function encodeRecipes(recipes: readonly Recipe[]): Buffer {
  const head = Buffer.allocUnsafe(headBytes(recipes.length));
  head.writeUInt16LE(recipes.length, 0);
  for (const [i, { at, part, textBytes, lineBytes, isCrlf }] of recipes.entries()) {
    const from = headBytes(i);
    head.writeUInt32LE(at, from);
    head.writeUIntLE(part, from + 4, 6);
    head.writeUInt32LE(textBytes, from + 10);
    head.writeUInt16LE(lineBytes | (isCrlf ? IS_CRLF : 0), from + 14);
  }
  return head;
}

/** `bytes` begins with the entry; throws `damaged` when that cannot be. */
export function decodeRecipes(bytes: Buffer): readonly Recipe[] {
  const count = bytes.length < ENTRY_HEAD_BYTES ? MAX_RECIPES + 1 : bytes.readUInt16LE(0);
  if (count > MAX_RECIPES || bytes.length < headBytes(count))
    throw new StoreError('damaged', 'an entry of a pack makes no sense');
  return Array.from({ length: count }, (_, i) => {
    const from = headBytes(i);
    const layout = bytes.readUInt16LE(from + 14);
    return {
      at: bytes.readUInt32LE(from),
      part: bytes.readUIntLE(from + 4, 6),
      textBytes: bytes.readUInt32LE(from + 10),
      lineBytes: layout & ~IS_CRLF,
      isCrlf: (layout & IS_CRLF) !== 0,
    };
  });
}

/** Of the octets between the parts, of a blob of this size. */
export function restBytes(sizeBytes: number, recipes: readonly Recipe[]): number {
  return recipes.reduce((rest, { textBytes }) => rest - textBytes, sizeBytes);
}

/**
 * The octets of a blob out of a pack, exactly as they came: those that were kept as they are, and between them the parts, encoded
 * again. A range costs what it is long: of a large entry only the frames are opened that have it, of a part only the lines.
 */
import { type Allocate, StoreError } from '../../../mailbox/port/store.ts';
import { base64Bytes, writeBase64 } from './base64-text.ts';
import { decodeRecipes, headBytes, type Recipe, restBytes } from './entry.ts';
import type { PackFiles } from './pack-files.ts';

/** A piece of what is read one after the other, about. */
const PIECE_BYTES = 192 * 1024;

export interface PackedPlace {
  readonly pack: number;
  readonly frame: number;
  readonly offset: number;
  /** Of the blob. */
  readonly sizeBytes: number;
}

/** Where a part is now; undefined when it is gone. */
export type PartPlaces = (blob: number) => PackedPlace | undefined;

/** A range of something, and where it goes. */
interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly target: Buffer;
  readonly at: number;
}

export class PackedBytes {
  readonly #files: PackFiles;
  readonly #placeOf: PartPlaces;
  /** Octets of a part, while they are encoded. */
  #scratch = Buffer.alloc(0);

  constructor(files: PackFiles, placeOf: PartPlaces) {
    this.#files = files;
    this.#placeOf = placeOf;
  }

  /** `from..to` of the blob, in pieces that follow each other, each of what `allocate` gives. Throws `damaged`. */
  *read(
    place: PackedPlace,
    from: number,
    to: number,
    allocate: Allocate = Buffer.allocUnsafeSlow,
  ): Generator<Buffer> {
    const recipes = this.recipes(place);
    const end = Math.min(to, place.sizeBytes);
    for (let at = from; at < end; at += PIECE_BYTES) {
      const piece = allocate(Math.min(PIECE_BYTES, end - at));
      this.#fill(place, recipes, { from: at, to: at + piece.length, target: piece, at: 0 });
      yield piece;
    }
  }

  /** The same in one piece. */
  range(place: PackedPlace, from: number, to: number, allocate: Allocate = Buffer.allocUnsafeSlow): Buffer {
    const recipes = this.recipes(place);
    const end = Math.max(from, Math.min(to, place.sizeBytes));
    const target = allocate(end - from);
    this.#fill(place, recipes, { from, to: end, target, at: 0 });
    return target;
  }

  recipes({ pack, frame, offset, sizeBytes }: PackedPlace): readonly Recipe[] {
    const recipes = decodeRecipes(this.#files.frame(pack, frame).subarray(offset));
    if (recipes.length === 0) return recipes;
    const rest = restBytes(sizeBytes, recipes);
    const isSound = recipes.every(
      ({ at, lineBytes }, i) =>
        at >= (recipes[i - 1]?.at ?? 0) && at <= rest && lineBytes > 0 && lineBytes % 4 === 0,
    );
    if (rest < 0 || !isSound) throw new StoreError('damaged', 'an entry of a pack makes no sense');
    return recipes;
  }

  /** The entry as it is in the pack, head and all. */
  *whole(place: PackedPlace): Generator<Buffer> {
    const recipes = this.recipes(place);
    const end = headBytes(recipes.length) + restBytes(place.sizeBytes, recipes);
    for (let at = 0; at < end; at += PIECE_BYTES) {
      const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, end - at));
      this.#copy(place, { from: at, to: at + piece.length, target: piece, at: 0 });
      yield piece;
    }
  }

  /** `from..to` of an entry, which may go on in the frames behind its first one; `isPart`: it may be read without its frame. */
  #copy({ pack, frame, offset }: PackedPlace, { from, to, target, at }: Wanted, isPart = false): void {
    let place = frame;
    for (let start = -offset; start < to; ) {
      const { rawBytes, next } = this.#extent(pack, place);
      const end = start + rawBytes;
      if (end > from) {
        const [first, last] = [Math.max(from, start), Math.min(end, to)];
        const piece = target.subarray(at + first - from, at + last - from);
        if (isPart) this.#files.copy(pack, place, first - start, piece);
        else this.#files.frame(pack, place).copy(piece, 0, first - start, last - start);
      }
      place = next;
      start = end;
    }
  }

  #extent(pack: number, frame: number): { readonly rawBytes: number; readonly next: number } {
    const extent = this.#files.extent(pack, frame);
    if (extent.rawBytes === 0) throw new StoreError('damaged', 'an entry of a pack has no end');
    return extent;
  }

  /** A range of a blob with its parts. */
  #fill(place: PackedPlace, recipes: readonly Recipe[], { from, to, target, at }: Wanted): void {
    const head = headBytes(recipes.length);
    /** In the blob, and in what is kept as it is. */
    let [here, kept] = [0, 0];
    /** What of so many octets from here on is wanted, by where they begin. */
    const cut = (length: number): Wanted | undefined => {
      const [first, last] = [Math.max(from, here), Math.min(to, here + length)];
      if (first >= last) return undefined;
      return { from: first - here, to: last - here, target, at: at + first - from };
    };
    const asItIs = (length: number): void => {
      const wanted = cut(length);
      const start = head + kept;
      if (wanted !== undefined)
        this.#copy(place, { ...wanted, from: start + wanted.from, to: start + wanted.to });
      here += length;
      kept += length;
    };
    for (const recipe of recipes) {
      asItIs(recipe.at - kept);
      const wanted = cut(recipe.textBytes);
      if (wanted !== undefined) this.#text(recipe, wanted);
      here += recipe.textBytes;
    }
    asItIs(place.sizeBytes - here);
  }

  /** `from..to` of the text of a part: whole lines where they are to be, and what is cut of one at either end. */
  #text(recipe: Recipe, { from, to, target, at }: Wanted): void {
    const place = this.#placeOf(recipe.part);
    if (place === undefined) throw new StoreError('damaged', `the part ${recipe.part} is missing`);
    const stride = recipe.lineBytes + (recipe.isCrlf ? 2 : 1);
    const first = Math.min(to, Math.ceil(from / stride) * stride);
    const last = to === recipe.textBytes ? to : Math.max(first, Math.floor(to / stride) * stride);
    for (const [start, end] of [
      [from, first],
      [first, last],
      [last, to],
    ] as const)
      if (start < end) this.#lines(recipe, place, { from: start, to: end, target, at: at + start - from });
  }

  #lines(recipe: Recipe, place: PackedPlace, { from, to, target, at }: Wanted): void {
    const { lineBytes, isCrlf, textBytes } = recipe;
    const stride = lineBytes + (isCrlf ? 2 : 1);
    const perLine = (lineBytes / 4) * 3;
    const first = Math.floor(from / stride);
    const lines = Math.ceil(to / stride) - first;
    const bytes = this.#octets(place, first * perLine, (first + lines) * perLine);
    const start = first * stride;
    const end = Math.min(start + lines * stride, textBytes);
    const isEnded = start + lines * stride <= textBytes;
    if (base64Bytes(bytes.length, recipe, isEnded) !== end - start)
      throw new StoreError('damaged', `the part ${recipe.part} is not as long as the message says`);
    if (start === from && end === to) {
      writeBase64(bytes, recipe, target.subarray(at, at + to - from), isEnded);
      return;
    }
    const text = Buffer.allocUnsafe(end - start);
    writeBase64(bytes, recipe, text, isEnded);
    text.copy(target, at, from - start, to - start);
  }

  /** `from..to` of a part, until the next ones are asked for. */
  #octets(place: PackedPlace, from: number, to: number): Buffer {
    const head = headBytes(0);
    const end = Math.min(to, place.sizeBytes);
    if (this.#scratch.length < end - from) this.#scratch = Buffer.allocUnsafeSlow(end - from);
    const target = this.#scratch.subarray(0, Math.max(0, end - from));
    this.#copy(place, { from: head + from, to: head + end, target, at: 0 }, true);
    return target;
  }
}

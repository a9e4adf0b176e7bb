/**
 * The octets of a blob out of a pack, exactly as they came: those that were kept as they are, and between them the parts, encoded
 * again. A range costs what it is long: of a large entry only the frames are opened that have it, of a part only the lines.
 */
import { StoreError } from '../../../mailbox/port/store.ts';
import { encodeBase64 } from './base64-text.ts';
import { decodeRecipes, headBytes, type Recipe, restBytes } from './entry.ts';
import type { PackFiles } from './pack-files.ts';

/** Text that is encoded at once, about. */
const TEXT_SLICE_BYTES = 192 * 1024;

export interface PackedPlace {
  readonly pack: number;
  readonly frame: number;
  readonly offset: number;
  /** Of the blob. */
  readonly sizeBytes: number;
}

/** Where a part is now; undefined when it is gone. */
export type PartPlaces = (blob: number) => PackedPlace | undefined;

export class PackedBytes {
  readonly #files: PackFiles;
  readonly #placeOf: PartPlaces;

  constructor(files: PackFiles, placeOf: PartPlaces) {
    this.#files = files;
    this.#placeOf = placeOf;
  }

  /** `from..to` of the blob, in pieces that follow each other. They may be kept, and not written to. Throws `damaged`. */
  *read(place: PackedPlace, from: number, to: number): Generator<Buffer> {
    const recipes = this.recipes(place);
    const end = Math.min(to, place.sizeBytes);
    const isCut = (start: number, length: number) => start < end && start + length > from;
    /** In the blob, and in what is kept as it is. */
    let [at, kept] = [0, 0];
    const head = headBytes(recipes.length);
    const asItIs = function* (self: PackedBytes, length: number): Generator<Buffer> {
      if (length > 0 && isCut(at, length)) {
        const [first, last] = [Math.max(0, from - at), Math.min(length, end - at)];
        yield* self.#entry(place, head + kept + first, head + kept + last);
      }
      at += length;
      kept += length;
    };
    for (const recipe of recipes) {
      yield* asItIs(this, recipe.at - kept);
      const { textBytes } = recipe;
      if (isCut(at, textBytes))
        yield* this.#text(recipe, Math.max(0, from - at), Math.min(textBytes, end - at));
      at += textBytes;
    }
    yield* asItIs(this, place.sizeBytes - at);
  }

  recipes({ pack, frame, offset, sizeBytes }: PackedPlace): readonly Recipe[] {
    const { raw } = this.#files.frame(pack, frame);
    const recipes = decodeRecipes(raw.subarray(offset));
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
    yield* this.#entry(place, 0, headBytes(recipes.length) + restBytes(place.sizeBytes, recipes));
  }

  /** `from..to` of an entry, which may go on in the frames behind its first one. */
  *#entry({ pack, frame, offset }: PackedPlace, from: number, to: number): Generator<Buffer> {
    let at = frame;
    for (let start = -offset; start < to; ) {
      const { rawBytes, next } = this.#files.extent(pack, at);
      if (rawBytes === 0) throw new StoreError('damaged', 'an entry of a pack has no end');
      const end = start + rawBytes;
      if (end > from) {
        const { raw } = this.#files.frame(pack, at);
        yield raw.subarray(Math.max(0, from - start), Math.min(rawBytes, to - start));
      }
      at = next;
      start = end;
    }
  }

  *#text(recipe: Recipe, from: number, to: number): Generator<Buffer> {
    const place = this.#placeOf(recipe.part);
    if (place === undefined) throw new StoreError('damaged', `the part ${recipe.part} is missing`);
    const { lineBytes, isCrlf } = recipe;
    const ending = isCrlf ? 2 : 1;
    const stride = lineBytes + ending;
    const perLine = (lineBytes / 4) * 3;
    const linesAtOnce = Math.max(1, Math.floor(TEXT_SLICE_BYTES / stride));
    for (let line = Math.floor(from / stride); line * stride < to; line += linesAtOnce) {
      const start = line * stride;
      const lines = Math.min(linesAtOnce, Math.ceil((to - start) / stride));
      const pieces = [...this.read(place, line * perLine, (line + lines) * perLine)];
      const bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      const isLast = start + lines * stride > recipe.textBytes;
      const whole = encodeBase64(bytes, recipe, !isLast);
      yield whole.subarray(Math.max(0, from - start), Math.min(whole.length, to - start));
    }
  }
}

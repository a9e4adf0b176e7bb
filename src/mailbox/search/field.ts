/**
 * Finding words in the header fields of a message, for fields that no envelope has and headers too long for one (RFC 9051 §6.4.4).
 *
 * A header is read once for all tests, in pieces and with its fields in stretches, however long it is.
 */
import type { Pause } from '../../base/time-slice.ts';
import { foldText, type TextCollation } from '../../mail/fold.ts';
import { HeaderTextReader } from '../../mail/header-text.ts';
import type { Domain } from '../domain.ts';
import type { ByteRange } from '../port/store.ts';
import { streamIntact } from '../reading/message-reader.ts';
import { Scan } from './scan.ts';
import type { SearchedBytes } from './text.ts';
import type { FieldTest, SearchTree } from './tree.ts';

/** Read at once: a millisecond or less. */
const PIECE_BYTES = 64 * 1024;

export class FieldSearch {
  readonly #domain: Domain;
  readonly #tests: readonly FieldTest[];
  readonly #collation: TextCollation;
  readonly #names: ReadonlySet<string>;
  readonly #pause: Pause;

  constructor(domain: Domain, { fields, collation }: SearchTree, pause: Pause) {
    this.#domain = domain;
    this.#tests = fields;
    this.#collation = collation;
    this.#names = new Set(fields.map(({ name }) => name));
    this.#pause = pause;
  }

  /** Sets `found` to 1 for each test that is met; false when the header cannot be read. */
  async search(range: ByteRange, bytes: SearchedBytes, found: Uint8Array): Promise<boolean> {
    if (bytes === undefined) return false;
    const scan = new Scan<string>(this.#tests, found, this.#pause);
    const waiting: { readonly name: string; readonly text: string; readonly isStart: boolean }[] = [];
    const reader = new HeaderTextReader({
      wants: (name) => this.#names.has(name),
      take: (name, text, isStart) => waiting.push({ name, text: foldText(text, this.#collation), isStart }),
    });
    const feed = async (): Promise<void> => {
      for (const { name, text, isStart } of waiting.splice(0)) {
        if (isStart) scan.begin();
        const looking = scan.feed(text, name);
        if (looking !== undefined) await looking;
      }
    };
    const slices = bytes === 'streamed' ? streamIntact(this.#domain, range) : [bytes];
    for await (const slice of slices) {
      for (let at = 0; at < slice.length && !scan.isOver; at += PIECE_BYTES) {
        reader.write(slice.subarray(at, at + PIECE_BYTES));
        if (waiting.length > 0) await feed();
        const pause = this.#pause();
        if (pause !== undefined) await pause;
      }
      if (scan.isOver) return true;
    }
    reader.end();
    await feed();
    return true;
  }
}

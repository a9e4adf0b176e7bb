/**
 * The address fields of one header, taken apart once for all who ask: the envelope, what is searched, what is sorted by. Only the
 * beginnings of long lists are kept; the rest is read piece by piece by the one who wants it.
 */
import { type Address, AddressBatches } from './address.ts';
import type { HeaderBlock } from './header.ts';

/** The list in one field. */
export interface AddressList {
  /** Some hundreds; most lists have no more. */
  readonly start: readonly Address[];
  /** What comes behind. */
  readonly rest: AddressBatches;
}

interface Known {
  readonly lists: AddressList[];
  /** Where to look for the next field; -1 when there is none. */
  next: number;
}

export class AddressFields {
  readonly #header: HeaderBlock;
  readonly #known = new Map<string, Known>();

  constructor(header: HeaderBlock) {
    this.#header = header;
  }

  /** Of the fields of this (lower case) name the one at `position` among them. */
  list(name: string, position: number): AddressList | undefined {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = { lists: [], next: 0 };
      this.#known.set(name, known);
    }
    while (known.lists.length <= position && known.next >= 0) this.#readNext(name, known);
    return known.lists[position];
  }

  /** As in the ENVELOPE: of several fields of the name, the first that has an entry. */
  first(name: string): Address | undefined {
    for (let i = 0; ; i++) {
      const list = this.list(name, i);
      if (list === undefined) return undefined;
      if (list.start[0] !== undefined) return list.start[0];
    }
  }

  #readNext(name: string, known: Known): void {
    const at = this.#header.indexOf(name, known.next);
    known.next = at < 0 ? -1 : at + 1;
    if (at < 0) return;
    const rest = new AddressBatches(this.#header.valueAt(at));
    known.lists.push({ start: rest.next(), rest });
  }
}

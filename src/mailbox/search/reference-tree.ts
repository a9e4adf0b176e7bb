/**
 * The first three steps of THREAD=REFERENCES (RFC 5256 §3): who answers whom, by the ids that messages name.
 *
 * A place in the tree is a number: first those of the messages, then those of ids that no message here has. Promises: no loops; time
 * linear in the references for all mail that people write, since a loop is looked for at most MAX_CLIMB places up, and a link beyond
 * that is not made.
 */

import type { Pause } from '../../base/time-slice.ts';
import type { Thread, ThreadedMessage } from './conversation.ts';

const NONE = -1;
/** Longer chains in which answers come before what they answer are made by machines. */
const MAX_CLIMB = 1000;
const STEP_MASK = 255;
const SLICE = 1024;

export class ReferenceTree {
  readonly #messages: readonly ThreadedMessage[];
  readonly #places = new Map<string, number>();
  readonly #parents: number[] = [];
  readonly #childCounts: number[] = [];
  /** The message at a place; NONE where there is none. */
  readonly #rows: number[] = [];

  constructor(messages: readonly ThreadedMessage[]) {
    this.#messages = messages;
  }

  /** Step 1. */
  async link(pause: Pause): Promise<void> {
    for (const [row, { id, references }] of this.#messages.entries()) {
      const own = this.#placeOfMessage(row, id);
      let above = NONE;
      for (const reference of references) {
        const place = this.#placeOf(reference);
        if (above !== NONE && this.#parents[place] === NONE) this.#setParent(place, above);
        above = place;
      }
      // The last one is the message's parent, whatever was thought before.
      if (above === NONE) this.#unlink(own);
      else if (this.#parents[own] !== above) {
        this.#unlink(own);
        this.#setParent(own, above);
      }
      const resting = (row & STEP_MASK) === 0 ? pause() : undefined;
      if (resting !== undefined) await resting;
    }
  }

  /** Steps 2 and 3: places without a message give their children to what is above them, and stay only as the first. */
  async threads(pause: Pause): Promise<Thread[]> {
    const nodes: (Thread | undefined)[] = [];
    for (const row of this.#rows) {
      const message = this.#messages[row];
      const resting = nodes.push(message && { message, children: [] }) % SLICE === 0 ? pause() : undefined;
      if (resting !== undefined) await resting;
    }
    const roots: Thread[] = [];
    /** Children of places without a message and without a parent. */
    const groups = new Map<number, Thread[]>();
    const tops = new Int32Array(this.#rows.length).fill(NONE);
    for (let place = 0; place < nodes.length; place++) {
      const node = nodes[place];
      if (node === undefined) continue;
      const top = this.#placeAbove(place, tops);
      const parent = top === NONE ? undefined : nodes[top];
      if (top === NONE) roots.push(node);
      else if (parent !== undefined) parent.children.push(node);
      else {
        const group = groups.get(top);
        if (group === undefined) groups.set(top, [node]);
        else group.push(node);
      }
      const resting = (place & STEP_MASK) === 0 ? pause() : undefined;
      if (resting !== undefined) await resting;
    }
    for (const children of groups.values()) {
      const [first] = children;
      if (children.length === 1 && first !== undefined) roots.push(first);
      else roots.push({ message: undefined, children });
    }
    return roots;
  }

  /** The next place up that has a message, or the last one of those that have none; NONE for a place without a parent. */
  #placeAbove(place: number, tops: Int32Array): number {
    const passed: number[] = [];
    let at = this.#parents[place] as number;
    while (at !== NONE && this.#rows[at] === NONE && this.#parents[at] !== NONE && tops[at] === NONE) {
      passed.push(at);
      at = this.#parents[at] as number;
    }
    if (at !== NONE && this.#rows[at] === NONE && tops[at] !== NONE) at = tops[at] as number;
    for (const dummy of passed) tops[dummy] = at;
    return at;
  }

  /** Of two messages of one id, the first has it. */
  #placeOfMessage(row: number, id: string | undefined): number {
    const known = id === undefined ? undefined : this.#places.get(id);
    if (known !== undefined && this.#rows[known] === NONE) {
      this.#rows[known] = row;
      return known;
    }
    return this.#newPlace(known === undefined ? id : undefined, row);
  }

  #placeOf(id: string): number {
    return this.#places.get(id) ?? this.#newPlace(id, NONE);
  }

  #newPlace(id: string | undefined, row: number): number {
    const place = this.#rows.push(row) - 1;
    this.#parents.push(NONE);
    this.#childCounts.push(0);
    if (id !== undefined) this.#places.set(id, place);
    return place;
  }

  #setParent(place: number, parent: number): void {
    if (this.#wouldLoop(place, parent)) return;
    this.#parents[place] = parent;
    this.#childCounts[parent] = (this.#childCounts[parent] as number) + 1;
  }

  #unlink(place: number): void {
    const parent = this.#parents[place] as number;
    if (parent === NONE) return;
    this.#parents[place] = NONE;
    this.#childCounts[parent] = (this.#childCounts[parent] as number) - 1;
  }

  /** Whether the parent is below the place, or too deep to say. */
  #wouldLoop(place: number, parent: number): boolean {
    if (place === parent) return true;
    if (this.#childCounts[place] === 0) return false;
    let at = parent;
    for (let steps = 0; at !== NONE; steps++) {
      if (at === place || steps === MAX_CLIMB) return true;
      at = this.#parents[at] as number;
    }
    return false;
  }
}

/**
 * The threads of an account's emails in memory: of each number its thread, and of each thread its emails. What is stored says so
 * email by email (decision 32); lists of conversations ask it of every row.
 *
 * Most emails begin a thread and stay alone in it: only those that joined one are here, in pages of 128 numbers, 8 octets a
 * number. Emails that are gone may still be here: who lists a thread looks where its emails are. What is here never changes, so it
 * is never wrong, only incomplete: it knows the emails up to a number.
 */
const PAGE = 128;
const PAGE_BITS = 7;

export class ThreadTable {
  /** Emails with a higher number are not known. */
  upTo = 0;
  readonly #pages: (Uint32Array | undefined)[] = [];
  #pageCount = 0;

  get sizeBytes(): number {
    return this.#pageCount * 2 * PAGE * 4 + this.#pages.length * 8;
  }

  /** The number of the email that began it; an email that joined none is its own. */
  threadOf(email: number): number {
    const thread = this.#pages[email >>> PAGE_BITS]?.[slotOf(email)];
    return thread === undefined || thread === 0 ? email : thread;
  }

  /** Nobody else is in its thread. */
  isAlone(email: number): boolean {
    const page = this.#pages[email >>> PAGE_BITS];
    return page === undefined || (page[slotOf(email)] === 0 && page[slotOf(email) + 1] === 0);
  }

  /** In no order; the one that began it is the first, there or not. */
  *membersOf(thread: number): Generator<number> {
    for (let email = thread; email !== 0; email = this.#nextOf(email)) yield email;
  }

  /** An email of a thread that another began; one that is here already stays where it is. */
  add(email: number, thread: number): void {
    if (email === thread) return;
    const page = this.#pageOf(email);
    const at = slotOf(email);
    if (page[at] !== 0) return;
    const head = this.#pageOf(thread);
    page[at] = thread;
    page[at + 1] = head[slotOf(thread) + 1] as number;
    head[slotOf(thread) + 1] = email;
  }

  #nextOf(email: number): number {
    return this.#pages[email >>> PAGE_BITS]?.[slotOf(email) + 1] ?? 0;
  }

  #pageOf(email: number): Uint32Array {
    const index = email >>> PAGE_BITS;
    let page = this.#pages[index];
    if (page === undefined) {
      page = new Uint32Array(2 * PAGE);
      this.#pages[index] = page;
      this.#pageCount++;
    }
    return page;
  }
}

function slotOf(email: number): number {
  return (email & (PAGE - 1)) * 2;
}

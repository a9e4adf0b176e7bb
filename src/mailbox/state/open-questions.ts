/**
 * Who has asked the store something and has not yet made the change for which it was asked. What came in since the question is to be
 * remembered until then: the store may not have shown it.
 */
export interface OpenQuestion {
  /** The last change that the store's answer has in any case. */
  readonly floor: number;
  close(): void;
}

export class OpenQuestions {
  /** Of the last change that the store has applied. */
  #committed: number;
  /** In the order in which they were opened, so their floors ascend. */
  readonly #open = new Set<OpenQuestion>();
  readonly #forget: (floor: number) => void;

  /** `forget` is called when what came with a change up to `floor` is in every answer. */
  constructor(modseq: number, forget: (floor: number) => void) {
    this.#committed = modseq;
    this.#forget = forget;
  }

  /** Somebody is about to change the account. */
  get isAny(): boolean {
    return this.#open.size > 0;
  }

  /** To be closed in any case. */
  open(): OpenQuestion {
    const question: OpenQuestion = {
      floor: this.#committed,
      close: () => {
        this.#open.delete(question);
        this.#forgetOld();
      },
    };
    this.#open.add(question);
    return question;
  }

  /** The store has applied all changes up to this modseq. */
  committed(modseq: number): void {
    this.#committed = modseq;
    this.#forgetOld();
  }

  #forgetOld(): void {
    const [oldest] = this.#open;
    this.#forget(oldest?.floor ?? this.#committed);
  }
}

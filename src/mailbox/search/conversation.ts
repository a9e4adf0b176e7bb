/**
 * A conversation as THREAD makes it (RFC 5256 §3), and what of a message decides where it belongs.
 */
/** A message with those that follow from it; a place without a message holds siblings together. */
export interface Thread {
  /** Undefined: the message that these answer is not here. */
  readonly message: ThreadedMessage | undefined;
  readonly children: Thread[];
}

export interface ThreadedMessage {
  readonly uid: number;
  /** Place among the messages, which ties are broken by. */
  readonly row: number;
  readonly sent: number;
  /** Key of the base subject. */
  readonly subject: string;
  readonly isReply: boolean;
  /** Hash of its id. */
  readonly id: string | undefined;
  /** Hashes of the ids it refers to, the oldest first; of In-Reply-To when it has no References. */
  readonly references: readonly string[];
}

/**
 * The writing half of a session: what was written and has not left yet, and whether it may leave.
 *
 * Commands read the account's state in memory, also what is not durable yet. So everything waits here until what it was
 * computed from is durable. When the store refuses a change it is undone, and whatever was written since it could be seen
 * must never be told: a client keeps flags and modseqs for good. Then `flush` throws TakenBack, and the session ends.
 */
import type { Connection } from '../net/connection.ts';
import { WireWriter } from './wire/writer.ts';

/** What was to be sent tells of a change that was refused, or of one that may be lost. */
export class TakenBack extends Error {
  override readonly name = 'TakenBack';
}

export class Output {
  readonly out = new WireWriter();
  readonly #stream: Pick<Connection, 'write' | 'isWritable' | 'drained'>;
  /** Told when what is written by now has left. */
  #whenSent: (() => void)[] = [];
  #undone = 0;
  #isTakenBack = false;

  constructor(stream: Pick<Connection, 'write' | 'isWritable' | 'drained'>) {
    this.#stream = stream;
  }

  /** A change can be seen from here on. */
  onApplied(): void {
    this.out.mark();
  }

  /** The last change was undone. `isGathering`: something was read of the account that is not written yet. */
  onTakenBack(isGathering: boolean): void {
    this.#undone++;
    // What was written before the change does not depend on it.
    if (this.out.isBeyondMark || isGathering) this.#isTakenBack = true;
  }

  /** What was undone has gone into the client's view, from which the next answer would tell it. */
  onInvalidView(): void {
    this.#isTakenBack = true;
  }

  /** Sends what was written, once `unsettled` is durable, and waits for a slow reader. */
  async flush(unsettled: Promise<void> | undefined): Promise<void> {
    if (this.out.sizeBytes === 0) return;
    if (unsettled !== undefined) await this.#settle(unsettled);
    if (this.#isTakenBack) throw new TakenBack('a change was taken back');
    this.sendNow();
    if (!this.#stream.isWritable) await this.#stream.drained();
  }

  /** Calls back when all that is written by now has left; never when it does not. */
  whenSent(sent: () => void): void {
    this.#whenSent.push(sent);
  }

  /** For what tells nothing of the account. */
  sendNow(): void {
    const told = this.#whenSent;
    if (told.length === 0) {
      this.#stream.write(this.out.take());
      return;
    }
    this.#whenSent = [];
    this.#stream.write(this.out.take(), () => {
      for (const sent of told) sent();
    });
  }

  /** Nothing of what is left will leave; false when a line has left in part, so that nothing more can be said. */
  drop(): boolean {
    const isBetweenLines = this.out.dropOpenLine();
    this.out.take();
    return isBetweenLines;
  }

  /** What was undone is judged by `onTakenBack`; a change that is neither durable nor undone may not be told either. */
  async #settle(unsettled: Promise<void>): Promise<void> {
    const undone = this.#undone;
    try {
      await unsettled;
    } catch (cause) {
      if (this.#undone === undone) throw new TakenBack('a change may be lost', { cause });
    }
  }
}

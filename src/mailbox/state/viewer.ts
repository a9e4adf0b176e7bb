/**
 * A session's hold on a mailbox it has open. It keeps the messages it has not yet been told are gone readable (the
 * reaper looks at `seenModseq`), and it is called when something has changed and is durable.
 *
 * The call is a hint: the session finds out what happened by reading the change log after `seenModseq`.
 */

import type { ModSeq } from '../model/model.ts';
import type { MailboxState, Watcher } from './mailbox.ts';

export interface ViewerEvents {
  readonly onHint: () => void;
  readonly onInvalid: () => void;
}

export class Viewer implements Watcher {
  readonly mailbox: MailboxState;
  readonly isReadOnly: boolean;
  /** The session has been told, or needs not be told, of everything up to this. Only ever grows. */
  seenModseq: ModSeq;
  /** How far the change log has been read; `seenModseq` stays behind while expunges are untold. Only ever grows. */
  readModseq: ModSeq;
  readonly #events: ViewerEvents;

  constructor(mailbox: MailboxState, isReadOnly: boolean, events: ViewerEvents) {
    this.mailbox = mailbox;
    this.isReadOnly = isReadOnly;
    this.seenModseq = mailbox.modseq;
    this.readModseq = mailbox.modseq;
    this.#events = events;
    mailbox.viewers.add(this);
  }

  hint(): void {
    this.#events.onHint();
  }

  invalidate(): void {
    this.#events.onInvalid();
  }

  close(): void {
    this.mailbox.viewers.delete(this);
  }
}

/**
 * Messages that arrive in literals of a command (APPEND): each streams to the store while it comes in, and waits here
 * until the command that named it is complete. Whatever no command took is given up.
 */
import { invariant } from '../base/invariant.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { IncomingStream, type Received } from '../mailbox/operations/incoming.ts';
import type { StreamedLiteral } from './wire/frame.ts';

interface Upload {
  readonly incoming: IncomingStream;
  received: Received | undefined;
  failure: unknown;
}

export class Uploads {
  readonly #domain: Pick<Domain, 'store'>;
  readonly #uploads = new Map<StreamedLiteral, Upload>();

  constructor(domain: Pick<Domain, 'store'>) {
    this.#domain = domain;
  }

  begin(literal: StreamedLiteral, account: AccountId, limitBytes: number): void {
    const incoming = new IncomingStream(this.#domain.store, [account], limitBytes, literal.sizeBytes);
    this.#uploads.set(literal, { incoming, received: undefined, failure: undefined });
  }

  /** A failure is kept for the command: the rest of the literal still has to be read past. */
  async write(literal: StreamedLiteral, chunk: Buffer): Promise<void> {
    const upload = this.#of(literal);
    if (upload.failure !== undefined) return;
    try {
      await upload.incoming.write(chunk);
    } catch (error) {
      upload.failure = error;
      upload.incoming.abort();
    }
  }

  async end(literal: StreamedLiteral): Promise<void> {
    const upload = this.#of(literal);
    if (upload.failure !== undefined) return;
    try {
      upload.received = await upload.incoming.finish();
    } catch (error) {
      upload.failure = error;
      upload.incoming.abort();
    }
  }

  /** Throws what went wrong while it came in. */
  received(literal: StreamedLiteral): Received {
    const upload = this.#of(literal);
    if (upload.failure !== undefined) throw upload.failure;
    invariant(upload.received !== undefined, 'a command runs after its literals have ended');
    return upload.received;
  }

  /** After the command: what it stored is safe, what it did not use is dropped. */
  clear(): void {
    if (this.#uploads.size === 0) return;
    for (const upload of this.#uploads.values()) upload.incoming.abort();
    this.#uploads.clear();
  }

  #of(literal: StreamedLiteral): Upload {
    const upload = this.#uploads.get(literal);
    invariant(upload !== undefined, 'a literal is announced before its octets');
    return upload;
  }
}

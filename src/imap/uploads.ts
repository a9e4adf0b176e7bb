/**
 * Messages that arrive in literals of a command (APPEND): each streams to the store while it comes in, and waits here
 * until the command that named it is complete. Whatever no command took is given up. The next one is read while the octets of
 * those before it are being written and synced: `ended` waits for all of them.
 *
 * Room for a message is reserved before its first octet is asked for (`admit`): of what all uploads may have, of what the
 * account's may have, and of its quota, which counts a message only when it is there. It is given back when a command
 * takes the message, whose change is then judged by the quota, or when it is given up.
 */
import { invariant } from '../base/invariant.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import {
  assertRoom,
  type IncomingStream,
  openIncoming,
  type Received,
} from '../mailbox/operations/incoming.ts';
import { checkArrivalQuota } from '../mailbox/operations/quota.ts';
import type { Reservation, UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { MailboxState } from '../mailbox/state/mailbox.ts';
import type { StreamedLiteral } from './wire/frame.ts';

/** What the command takes away in the same change, as far as the quota is concerned. */
export interface Freed {
  readonly bytes: number;
  readonly messages: number;
}

export const NOTHING_FREED: Freed = Object.freeze({ bytes: 0, messages: 0 });

/** Without what would hold the octets that came with it: hundreds may wait for their command. */
export type Uploaded = Pick<Received, 'blob' | 'facts'>;

/** A message on its way, before its octets. */
export interface Wanted {
  /** Where it is to go; undefined where that is not known yet. */
  readonly mailbox: Pick<MailboxState, 'role'> | undefined;
  readonly sizeBytes: number;
  /** Of the command, with this one. */
  readonly messages: number;
}

interface Upload {
  readonly incoming: IncomingStream;
  readonly room: Reservation | undefined;
  received: Uploaded | undefined;
  failure: unknown;
}

/** Uploads of one command whose octets have ended and are not synced: each may hold a few blocks. */
const MAX_FINISHING = 8;

export class Uploads {
  readonly #domain: Pick<Domain, 'store'>;
  readonly #budget: UploadBudget;
  readonly #uploads = new Map<StreamedLiteral, Upload>();
  /** In the order in which they ended. */
  readonly #finishing: Promise<void>[] = [];
  /** For the literal that was admitted last and has not begun. */
  #admitted: Reservation | undefined;

  constructor(domain: Pick<Domain, 'store'>, budget: UploadBudget) {
    this.#domain = domain;
    this.#budget = budget;
  }

  /** `freed`: what the command takes away. Throws MailboxError `over-quota`, `limit` or `unavailable`. */
  admit(account: AccountState, { mailbox, sizeBytes, messages }: Wanted, freed: Freed): void {
    assertRoom(this.#domain, sizeBytes);
    const underway = this.#budget.accountBytes(account.id);
    const bytes = underway + sizeBytes - freed.bytes;
    checkArrivalQuota(account, mailbox, bytes, messages - freed.messages);
    this.#admitted?.release();
    this.#admitted = this.#budget.reserve(account.id, sizeBytes);
  }

  /** As `admit`, of what may be for another account: what counts of its quota is asked when it is there. */
  admitUnknown(account: AccountId, sizeBytes: number): void {
    assertRoom(this.#domain, sizeBytes);
    this.#admitted?.release();
    this.#admitted = this.#budget.reserve(account, sizeBytes);
  }

  begin(literal: StreamedLiteral, account: AccountId, limitBytes: number): void {
    const incoming = openIncoming(this.#domain, [account], limitBytes, literal.sizeBytes);
    const outcome = { received: undefined, failure: undefined };
    this.#uploads.set(literal, { incoming, room: this.#admitted, ...outcome });
    this.#admitted = undefined;
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

  /** Await the result when it is a promise. */
  end(literal: StreamedLiteral): Promise<void> | undefined {
    const upload = this.#of(literal);
    if (upload.failure !== undefined) return undefined;
    this.#finishing.push(this.#finish(upload));
    return this.#finishing.length > MAX_FINISHING ? this.#finishing.shift() : undefined;
  }

  /** Before a command takes them. Await the result when it is a promise. */
  ended(): Promise<unknown> | undefined {
    return this.#finishing.length === 0 ? undefined : Promise.all(this.#finishing.splice(0));
  }

  async #finish(upload: Upload): Promise<void> {
    try {
      const { blob, facts } = await upload.incoming.finish();
      upload.received = { blob, facts };
    } catch (error) {
      upload.failure = error;
      upload.incoming.abort();
    }
  }

  /** Throws what went wrong while it came in. */
  received(literal: StreamedLiteral): Uploaded {
    const upload = this.#of(literal);
    upload.room?.release();
    if (upload.failure !== undefined) throw upload.failure;
    invariant(upload.received !== undefined, 'a command runs after its literals have ended');
    return upload.received;
  }

  /** After the command: what it stored is safe, what it did not use is dropped. */
  clear(): void {
    this.#admitted?.release();
    this.#admitted = undefined;
    if (this.#uploads.size === 0) return;
    this.#finishing.length = 0;
    for (const { incoming, room } of this.#uploads.values()) {
      incoming.abort();
      room?.release();
    }
    this.#uploads.clear();
  }

  #of(literal: StreamedLiteral): Upload {
    const upload = this.#uploads.get(literal);
    invariant(upload !== undefined, 'a literal is announced before its octets');
    return upload;
  }
}

/**
 * Messages that come one behind the other into a mailbox of this process: received one by one, stored many in one change, each stored
 * or refused by itself.
 */
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { appendMessages, type IncomingMessage } from '../mailbox/operations/append.ts';
import { IncomingStream, type Received } from '../mailbox/operations/incoming.ts';
import { mailboxOf } from '../mailbox/operations/mailboxes.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { AddedMessage, MessageToAdd, Refusal } from '../transfer/mail-access.ts';

/** Messages that become one change: enough to share a sync, few enough to keep the event loop free for sessions. */
const BATCH_MESSAGES = 128;
const BATCH_BYTES = 4 * 1024 * 1024;

interface Waiting {
  /** Its place among the outcomes. */
  readonly at: number;
  readonly message: Omit<IncomingMessage, 'copies'>;
  readonly copies: NonNullable<MessageToAdd['copies']>;
  readonly incoming: IncomingStream;
}

export class Adding {
  readonly #domain: Domain;
  readonly #open: () => Promise<AccountState>;
  readonly #account: AccountId;
  readonly #mailbox: string;
  readonly #outcomes: (AddedMessage | undefined)[] = [];
  #batch: Waiting[] = [];
  #batchBytes = 0;

  constructor(
    domain: Domain,
    open: () => Promise<AccountState>,
    target: { readonly account: AccountId; readonly mailbox: string },
  ) {
    this.#domain = domain;
    this.#open = open;
    this.#account = target.account;
    this.#mailbox = target.mailbox;
  }

  async all(
    messages: Iterable<MessageToAdd> | AsyncIterable<MessageToAdd>,
  ): Promise<readonly AddedMessage[]> {
    try {
      for await (const message of messages) {
        await this.#take(message);
        if (this.#batch.length >= BATCH_MESSAGES || this.#batchBytes >= BATCH_BYTES) await this.#flush();
      }
      if (this.#batch.length > 0) await this.#flush();
    } finally {
      this.#drop();
    }
    return this.#outcomes as AddedMessage[];
  }

  async #take(message: MessageToAdd): Promise<void> {
    const incoming = new IncomingStream(
      this.#domain.store,
      [this.#account],
      this.#domain.limits.messageBytes,
    );
    const received = await receive(incoming, message);
    if ('refused' in received) {
      this.#outcomes.push(received);
      return;
    }
    const { copies = [] } = message;
    const waiting = { message: { ...received, ...marksOf(message) }, copies, incoming };
    this.#batch.push({ at: this.#outcomes.length, ...waiting });
    this.#outcomes.push(undefined);
    this.#batchBytes += received.facts.sizeBytes;
  }

  async #flush(): Promise<void> {
    const added = await this.#append(this.#batch);
    for (const [i, { at }] of this.#batch.entries()) this.#outcomes[at] = added[i];
    this.#drop();
  }

  /** What was added is the store's by now; what was refused is given up. */
  #drop(): void {
    for (const { incoming } of this.#batch) incoming.abort();
    this.#batch = [];
    this.#batchBytes = 0;
  }

  /** As one change when that works; one by one when it does not, so that one bad message costs only itself. */
  async #append(batch: readonly Waiting[]): Promise<readonly AddedMessage[]> {
    try {
      const account = await this.#open();
      const target = mailboxOf(account, this.#mailbox);
      const messages = batch.map(({ message, copies }) => ({
        ...message,
        copies: copies.map(({ mailbox, importKey }) => ({
          mailbox: mailboxOf(account, mailbox),
          importKey,
        })),
      }));
      const { uids, lostKeywords } = await appendMessages(this.#domain, account, target, messages);
      return uids.map((uid) => ({ uid, ...(lostKeywords.has(uid) ? { lostKeywords: true } : {}) }));
    } catch (error) {
      const failure = asRefusable(error);
      const isHopeless = failure.code === 'unavailable' || failure.code === 'nonexistent';
      if (isHopeless || batch.length === 1) return batch.map(() => refusal(failure));
    }
    const outcomes: AddedMessage[] = [];
    for (const one of batch) outcomes.push(...(await this.#append([one])));
    return outcomes;
  }
}

async function receive(incoming: IncomingStream, message: MessageToAdd): Promise<Received | Refusal> {
  let failure: MailboxError | undefined;
  try {
    // A message that is refused half-way is still read to its end: the next one comes behind it.
    for await (const chunk of message.chunks()) {
      if (failure !== undefined) continue;
      try {
        await incoming.write(chunk);
      } catch (error) {
        failure = asRefusable(error);
        incoming.abort();
      }
    }
    return failure === undefined ? await incoming.finish() : refusal(failure);
  } catch (error) {
    incoming.abort();
    return refusal(asRefusable(error));
  }
}

function marksOf({ flags, keywords, internalDate, ...rest }: MessageToAdd) {
  const { importKey, importMarks, externalId, place } = rest;
  const names = {
    ...(place === undefined ? {} : { place }),
    ...(importKey === undefined ? {} : { importKey }),
    ...(importMarks === undefined ? {} : { importMarks }),
    ...(externalId === undefined ? {} : { externalId }),
  };
  return { flags, keywords, internalDate, ...names };
}

export function refusal(error: MailboxError): Refusal {
  return { refused: error.code, why: error.message };
}

function asRefusable(error: unknown): MailboxError {
  if (error instanceof MailboxError) return error;
  throw error;
}

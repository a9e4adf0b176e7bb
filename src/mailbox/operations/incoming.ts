/**
 * A message on its way in: its bytes go to the store's staging and through the analyzer at the same time, so that when
 * the last octet has come, everything that will be sent of it is known, and a large one was never in memory.
 */
import { setImmediate } from 'node:timers/promises';
import { invariant } from '../../base/invariant.ts';
import type { HeaderBlock } from '../../mail/header.ts';
import { MessageAnalyzer, type MessageFacts } from '../../mail/message.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import type { StagedBlob, Staging } from '../port/store.ts';
import type { TranslatedStore } from '../port/translated-store.ts';

export interface Received {
  readonly blob: StagedBlob;
  readonly facts: MessageFacts;
  /** Of the message as it came; it holds all the octets that came with it. */
  readonly header: HeaderBlock;
}

export class IncomingStream {
  readonly #staging: Staging;
  /** Many finished messages may wait for the last one of a command: this is the larger part of them. */
  #analyzer: MessageAnalyzer | undefined = new MessageAnalyzer();
  readonly #limitBytes: number;
  #received = 0;

  constructor(
    store: Pick<TranslatedStore, 'stage'>,
    accounts: readonly AccountId[],
    limitBytes: number,
    sizeHintBytes?: number,
  ) {
    this.#staging = store.stage(accounts, sizeHintBytes);
    this.#limitBytes = limitBytes;
  }

  get receivedBytes(): number {
    return this.#received;
  }

  /** Await the result when it is a promise. Throws MailboxError `too-big` past the limit; then `abort`. */
  write(chunk: Buffer): Promise<void> | undefined {
    this.#received += chunk.length;
    if (this.#received > this.#limitBytes) {
      throw new MailboxError('too-big', `a message can have at most ${this.#limitBytes} octets`);
    }
    this.#open.write(chunk);
    return this.#staging.write(chunk);
  }

  async finish(): Promise<Received> {
    const facts = await inTurns(this.#open.endInSteps());
    const { header } = this.#open;
    this.#analyzer = undefined;
    const blob = await this.#staging.finish();
    return { blob, facts, header };
  }

  abort(): void {
    this.#staging.abort();
  }

  get #open(): MessageAnalyzer {
    invariant(this.#analyzer !== undefined, 'a message that is finished is not added to');
    return this.#analyzer;
  }
}

/** For whoever has the domain, as protocols do. Throws MailboxError `unavailable` when there is no room on the disk. */
export function openIncoming(
  { store }: Pick<Domain, 'store'>,
  accounts: readonly AccountId[],
  limitBytes: number,
  sizeHintBytes?: number,
): IncomingStream {
  return new IncomingStream(store, accounts, limitBytes, sizeHintBytes);
}

/** Throws MailboxError `unavailable` when the disk has no room for a message of this size. */
export function assertRoom({ store }: Pick<Domain, 'store'>, sizeBytes: number): void {
  store.assertRoom(sizeBytes);
}

/** A message that is in memory already. */
export async function receive(
  store: Pick<TranslatedStore, 'stage'>,
  accounts: readonly AccountId[],
  limitBytes: number,
  message: Buffer,
): Promise<Received> {
  const incoming = new IncomingStream(store, accounts, limitBytes, message.length);
  try {
    await incoming.write(message);
    return await incoming.finish();
  } catch (error) {
    incoming.abort();
    throw error;
  }
}

/** How long the last work on one message may hold up everybody else. */
const TURN_MS = 4;

async function inTurns<T>(steps: Generator<undefined, T>): Promise<T> {
  for (let since = performance.now(); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - since < TURN_MS) continue;
    await setImmediate();
    since = performance.now();
  }
}

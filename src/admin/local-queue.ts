/** `QueueAdmin` on the store of this process, and on what sends mail in it, if anything does. */
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import {
  type Outgoing,
  type OutgoingId,
  outgoingAccount,
  outgoingText,
  parseOutgoingId,
} from '../mailbox/model/outgoing.ts';
import {
  dropOutgoing,
  holdOutgoing,
  releaseOutgoing,
  retryOutgoing,
} from '../mailbox/operations/outgoing.ts';
import { takeBack } from '../mailbox/operations/take-back.ts';
import type {
  QueueAdmin,
  QueueChange,
  QueuedMessage,
  QueuedRecipient,
  QueueEvent,
  QueueFilter,
  QueuePage,
  QueueState,
  RunningQueue,
} from './queue-admin.ts';

const PAGE = 200;
const MOST_EVENTS = 10_000;

export class LocalQueue implements QueueAdmin {
  readonly #domain: Domain;
  /** Set by the server once it sends. */
  running: RunningQueue | undefined;

  constructor(domain: Domain) {
    this.#domain = domain;
  }

  async list({ after, limit, ...filter }: QueuePage): Promise<readonly QueuedMessage[]> {
    const found: QueuedMessage[] = [];
    for await (const outgoing of this.#all(filter, after === undefined ? 0 : idOf(after))) {
      const message = await this.#summary(outgoing);
      if (message !== undefined) found.push(message);
      if (found.length >= limit) break;
    }
    return found;
  }

  async events(id: string): Promise<readonly QueueEvent[]> {
    const log = await this.#domain.store.outgoing.loadLog(idOf(id), MOST_EVENTS);
    return log.map(({ atMs, address, event, detail }) => ({ atMs, address, event, detail }));
  }

  async change(change: QueueChange): Promise<number> {
    const messages = await this.#change(change);
    const { what, filter = {}, reason = '' } = change;
    this.#domain.log.info(
      { what, messages, ...filter, ...(reason && { reason }) },
      'queued mail was changed',
    );
    return messages;
  }

  async #change({ what, ids, filter = {}, reason = '', isReported }: QueueChange): Promise<number> {
    const named: OutgoingId[] = ids?.map(idOf) ?? [];
    if (ids === undefined) for await (const { row } of this.#all(filter, 0)) named.push(row.id);
    if (what === 'retry' || what === 'release') await this.running?.writeDown(named);
    if (what === 'retry') this.running?.forgive();
    switch (what) {
      case 'retry':
        return retryOutgoing(this.#domain, named);
      case 'hold':
        return holdOutgoing(this.#domain, named, reason);
      case 'release':
        return releaseOutgoing(this.#domain, named);
      case 'cancel':
        return this.#cancel(named);
      case 'drop':
        return dropOutgoing(this.#domain, named, { reason, ...(isReported !== undefined && { isReported }) });
    }
  }

  /** How many recipients do not get it. */
  async #cancel(ids: readonly OutgoingId[]): Promise<number> {
    let recipients = 0;
    for (const id of ids) {
      try {
        recipients += await this.#takeBack(id);
      } catch (err) {
        // Its account may be gone: the others are none the worse for it.
        this.#domain.log.warn({ err, outgoing: outgoingText(id) }, 'queued mail could not be taken back');
      }
    }
    return recipients;
  }

  async #takeBack(id: OutgoingId): Promise<number> {
    const [outgoing] = await this.#domain.store.outgoing.load([id]);
    if (outgoing === undefined) return 0;
    const account = await this.#domain.accounts.open(outgoingAccount(id));
    return (await takeBack(this.#domain, account, id)) ? outgoing.recipients.length : 0;
  }

  async state(): Promise<QueueState> {
    const { store, clock } = this.#domain;
    const { oldestMs, ...counts } = await store.outgoing.measure(clock.nowMs());
    const { running } = this;
    return {
      ...counts,
      isPaused: running?.isPaused ?? false,
      ...(oldestMs === undefined ? {} : { oldestMs }),
      ...(running === undefined ? {} : { destinations: running.destinations() }),
    };
  }

  async setPaused(isPaused: boolean): Promise<void> {
    const { running } = this;
    if (running === undefined) throw new MailboxError('cannot', 'no server runs here: nothing is sent');
    if (isPaused) running.pause();
    else running.resume();
    this.#domain.log.info({}, isPaused ? 'sending was paused' : 'sending goes on');
  }

  async *#all({ account, domain }: QueueFilter, after: number): AsyncGenerator<Outgoing> {
    const { store } = this.#domain;
    const of = account === undefined ? undefined : (await this.#accountOf(account)).id;
    const ending = domain === undefined ? undefined : `@${domain.toLowerCase()}`;
    for (let at = after; ; ) {
      const page = await store.outgoing.list(at, PAGE, of);
      for (const outgoing of page) {
        const fits = ({ address }: QueuedRecipient): boolean =>
          ending === undefined || address.toLowerCase().endsWith(ending);
        if (outgoing.recipients.some(fits)) yield outgoing;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      at = last.row.id;
    }
  }

  async #accountOf(address: string): Promise<{ readonly id: AccountId }> {
    const record = await this.#domain.store.directory.find(address);
    if (record === undefined) throw new MailboxError('nonexistent', `there is no account ${address}`);
    return record;
  }

  /** Undefined of an account that is being removed. */
  async #summary({ row, recipients }: Outgoing): Promise<QueuedMessage | undefined> {
    const record = await this.#domain.store.directory.get(outgoingAccount(row.id));
    if (record === undefined) return undefined;
    const { sender, kind, createdMs, expiresMs, holdUntilMs } = row;
    return {
      id: outgoingText(row.id),
      account: record.address,
      ...{ sender, kind, createdMs, expiresMs },
      ...(holdUntilMs === undefined ? {} : { holdUntilMs }),
      recipients: recipients.map(
        ({ n: _, route: __, notify: ___, orcpt: ____, isTold: _____, ...one }) => one,
      ),
    };
  }
}

function idOf(text: string): OutgoingId {
  const id = parseOutgoingId(text);
  if (id === undefined) throw new MailboxError('nonexistent', `"${text}" is no number of a message`);
  return id;
}

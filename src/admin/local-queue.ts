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
import { isUntried } from '../mailbox/operations/cancel-outgoing.ts';
import {
  type ChangedOutgoing,
  dropOutgoing,
  holdOutgoing,
  leavesLater,
  releaseOutgoing,
  retryOutgoing,
} from '../mailbox/operations/outgoing.ts';
import { takeBack } from '../mailbox/operations/take-back.ts';
import { loadOutgoingHead } from '../mailbox/reading/outgoing-mail.ts';
import {
  type ChangedMessage,
  MOST_NAMED,
  type QueueAdmin,
  type QueueChange,
  type QueueChanged,
  type QueuedInFull,
  type QueuedMessage,
  type QueuedRecipient,
  type QueueEvent,
  type QueueFilter,
  type QueuePage,
  type QueueState,
  type RunningQueue,
  type Unchanged,
} from './queue-admin.ts';

const PAGE = 200;
const MOST_EVENTS = 10_000;
/** Events of a message that is listed. */
const MOST_REASONS = 500;
/** Recipients of one that was changed. */
const MOST_SHOWN = 3;
const ENDS = ['cancelled', 'dropped', 'delivered', 'failed'] as const;

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

  async find(id: string): Promise<QueuedInFull | undefined> {
    const [outgoing] = await this.#domain.store.outgoing.load([idOf(id)]);
    const message = outgoing && (await this.#summary(outgoing));
    if (outgoing === undefined || message === undefined) return undefined;
    return { ...message, ...(await loadOutgoingHead(this.#domain, outgoing.row)) };
  }

  async events(id: string): Promise<readonly QueueEvent[]> {
    const log = await this.#domain.store.outgoing.loadLog(idOf(id), MOST_EVENTS);
    return log.map(({ atMs, address, event, detail }) => ({ atMs, address, event, detail }));
  }

  async change(change: QueueChange): Promise<QueueChanged> {
    const { what, ids, filter = {}, reason = '' } = change;
    const named = await this.#named(change);
    const before = await this.#before(named.slice(0, MOST_NAMED));
    const faults = new Set<OutgoingId>();
    const changed = await this.#change(change, named, faults);
    const recipients = [...changed.values()].reduce((sum, one) => sum + one, 0);
    const about = { what, recipients, ...filter, ...(reason && { reason }) };
    this.#domain.log.info(about, 'queued mail was changed');
    const messages: ChangedMessage[] = [];
    for (const one of before) {
      const id = idOf(one.id);
      const isFault = faults.has(id);
      const after: ChangedMessage = isFault
        ? { ...one, why: 'fault' }
        : await this.#after(what, one, changed.get(id) ?? 0);
      // Whoever asks for all there are does not ask about those it is nothing to.
      if (ids !== undefined || !(after.why && isNothingTo(after.why))) messages.push(after);
    }
    return {
      recipients,
      unchanged: ids === undefined ? 0 : named.filter((id) => !changed.get(id)).length,
      messages,
    };
  }

  async #named({ ids, filter = {} }: QueueChange): Promise<readonly OutgoingId[]> {
    if (ids !== undefined) return ids.map(idOf);
    const named: OutgoingId[] = [];
    for await (const { row } of this.#all(filter, 0)) named.push(row.id);
    return named;
  }

  /** For how many recipients of each. */
  async #change(
    { what, reason = '', isReported }: QueueChange,
    named: readonly OutgoingId[],
    faults: Set<OutgoingId>,
  ): Promise<ChangedOutgoing> {
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
        return this.#cancel(named, faults);
      case 'drop':
        return dropOutgoing(this.#domain, named, { reason, ...(isReported !== undefined && { isReported }) });
    }
  }

  /** What there is to say of them when they may be gone. */
  async #before(ids: readonly OutgoingId[]): Promise<readonly ChangedMessage[]> {
    const all: ChangedMessage[] = [];
    for (const id of ids.map(outgoingText)) {
      const found = await this.find(id);
      if (found === undefined) {
        all.push({ id, recipients: 0 });
        continue;
      }
      const { account, sender, kind, subject, recipients } = found;
      const to = recipients.slice(0, MOST_SHOWN).map(({ address }) => address);
      const about = { account, sender, kind, to, toCount: recipients.length };
      all.push({ id, recipients: 0, ...about, ...(subject !== undefined && { subject }) });
    }
    return all;
  }

  async #after(
    what: QueueChange['what'],
    before: ChangedMessage,
    recipients: number,
  ): Promise<ChangedMessage> {
    const id = idOf(before.id);
    const [now] = await this.#domain.store.outgoing.load([id]);
    const times =
      now?.recipients.flatMap(({ state, nextMs }) => (state === 'waiting' ? (nextMs ?? []) : [])) ?? [];
    const next = times.length > 0 && { nextMs: Math.min(...times) };
    if (recipients > 0) return { ...before, recipients, ...next };
    const why = await this.#whyNot(what, id, now);
    if (why !== 'later' || now === undefined) return { ...before, why };
    return { ...before, why, ...next, isUntried: now.row.kind === 'sent' && isUntried(now) };
  }

  async #whyNot(what: QueueChange['what'], id: OutgoingId, now: Outgoing | undefined): Promise<Unchanged> {
    const states = new Set(now?.recipients.map(({ state }) => state));
    if (now === undefined || !(states.has('waiting') || states.has('held'))) {
      const log = await this.#domain.store.outgoing.loadLog(id, MOST_EVENTS);
      if (log.length === 0) return now === undefined ? 'unknown' : 'ended';
      return log.flatMap(({ event }) => ENDS.find((end) => end === event) ?? []).at(-1) ?? 'ended';
    }
    const isWaiting = states.has('waiting');
    if (what === 'retry' && isWaiting && leavesLater(now.row, this.#domain.clock.nowMs())) return 'later';
    if (what !== 'cancel') return states.has('held') ? 'held' : 'waiting';
    if (now.row.kind !== 'sent') return 'passed on';
    if (isUntried(now)) return 'under way';
    const isHere = now.recipients.every(({ route, attempts }) => route !== 'remote' || attempts === 0);
    return isHere ? 'tried here' : 'tried';
  }

  async #cancel(ids: readonly OutgoingId[], faults: Set<OutgoingId>): Promise<ChangedOutgoing> {
    const changed = new Map<OutgoingId, number>();
    for (const id of ids) {
      try {
        changed.set(id, await this.#takeBack(id));
      } catch (err) {
        // Its account may be gone: the others are none the worse for it.
        faults.add(id);
        this.#domain.log.warn({ err, outgoing: outgoingText(id) }, 'queued mail could not be taken back');
      }
    }
    return changed;
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
    const isHeld = recipients.some(({ state }) => state === 'held');
    const reasons = isHeld ? await this.#reasonsOf(row.id) : undefined;
    return {
      id: outgoingText(row.id),
      account: record.address,
      ...{ sender, kind, createdMs, expiresMs },
      ...(holdUntilMs === undefined ? {} : { holdUntilMs }),
      recipients: recipients.map(({ n: _, route: __, notify: ___, orcpt: ____, isTold: _____, ...one }) => {
        const heldFor = one.state === 'held' ? reasons?.get(one.address) : undefined;
        return heldFor ? { ...one, heldFor } : one;
      }),
    };
  }

  /** Of holding it, by recipient: what was said last. */
  async #reasonsOf(id: OutgoingId): Promise<ReadonlyMap<string, string>> {
    const log = await this.#domain.store.outgoing.loadLog(id, MOST_REASONS);
    return new Map(
      log.flatMap(({ event, address, detail }) => (event === 'held' ? [[address, detail]] : [])),
    );
  }
}

const isNothingTo = (why: Unchanged): boolean => why !== 'later' && why !== 'fault';

function idOf(text: string): OutgoingId {
  const id = parseOutgoingId(text);
  if (id === undefined) throw new MailboxError('nonexistent', `"${text}" is no number of a message`);
  return id;
}

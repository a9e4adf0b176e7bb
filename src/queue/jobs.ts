/**
 * What is done for a job whose turn has come: by SMTP, into mailboxes that are here, or as a report. Its outcome is durable before it
 * is over.
 */
import type { Log } from '../base/log.ts';
import type { Activity } from '../identity/activity.ts';
import type { Domain } from '../mailbox/domain.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import {
  type Outgoing,
  type OutgoingId,
  type OutgoingRecipient,
  outgoingAccount,
  outgoingText,
  type RecipientChange,
  type RecipientState,
} from '../mailbox/model/outgoing.ts';
import { type AttemptResult, attempt, MOST_RECIPIENTS, type Outcome } from './attempt.ts';
import type { Destination, Job } from './destination.ts';
import { Faults } from './faults.ts';
import type { HopPool } from './hop-pool.ts';
import { domainOf, type Lines, LOCAL, REPORT } from './lines.ts';
import { NOBODY_HOLDS_IT } from './local.ts';
import type { LocalJobs } from './local-jobs.ts';
import { type DepartingMessage, departingMessage, type Signing } from './message.ts';
import { changeFor, isDelayTold } from './outcomes.ts';
import type { Reporter } from './reporter.ts';
import type { RouteMap } from './route-map.ts';
import type { Schedule } from './schedule.ts';
import type { Settler } from './settler.ts';

export interface JobsOptions {
  readonly domain: Domain;
  readonly log: Log;
  readonly activity: Activity;
  readonly lines: Lines;
  readonly pool: HopPool;
  readonly routes: RouteMap;
  readonly local: LocalJobs;
  readonly reporter: Reporter;
  readonly settler: Settler;
  readonly schedule: Schedule;
  readonly signing: Signing;
  /** Of the sender of what is passed on: an address of ours that leads back to it, or nobody's. */
  readonly rewrite: (sender: string) => string;
  readonly random: () => number;
  /** It is durable that the message is due then: in the future, or by now. */
  readonly expect: (id: OutgoingId, nextMs: number) => void;
  /** An attempt for people who are here is over, and what came of it written down. */
  readonly onSettled?: ((id: OutgoingId) => void) | undefined;
  /** What came of messages that were not tried themselves is written down: their place is not there. */
  readonly onParked?: ((id: OutgoingId) => void) | undefined;
}

/** Recipients to be tried at once, in another transaction. */
export type Again = ReadonlySet<number>;

const NOBODY: Again = new Set();
const ABSENT_MS = 5000;
/** Messages at once, of those that wait for a place that is down. */
const PARKED_AT_ONCE = 50;

/** Recipients by what became of them. */
export type Tries = Readonly<Record<'delivered' | 'failed' | 'deferred', number>>;

export class Jobs {
  readonly #options: JobsOptions;
  readonly #faults: Faults;
  readonly tries = { delivered: 0, failed: 0, deferred: 0 };

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#faults = new Faults(options);
  }

  /** The name of the line for a job that goes elsewhere. Never rejects. */
  keyOf({ way, outgoing }: Job): string | Promise<string> {
    const { routes } = this.#options;
    return routes.asksForSender ? this.#keyBySender(way, outgoing) : routes.keyOf(way);
  }

  async #keyBySender(way: string, id: OutgoingId): Promise<string> {
    const { routes, domain } = this.#options;
    const found = await domain.store.outgoing.load([id]).catch(() => []);
    return routes.keyOf(way, found[0] && this.#senderDomain(found[0].row));
  }

  /** What is not somebody's own mail leaves in our name. */
  #senderDomain({ kind, sender }: Outgoing['row']): string {
    return kind === 'sent' && sender !== '' ? domainOf(sender) : this.#options.signing.ownDomain;
  }

  /** Throws when the store cannot be read or written: then it is as if it had not been tried. */
  async run(job: Job, destination: Destination): Promise<Again> {
    const { domain, settler } = this.#options;
    // It would be done once more, and for ever.
    if (settler.isUnwritten(job.outgoing)) return NOBODY;
    const [outgoing] = await domain.store.outgoing.load([job.outgoing]);
    if (outgoing === undefined) return NOBODY;
    try {
      if (job.way === REPORT) return await this.#report(outgoing);
      const nowMs = domain.clock.nowMs();
      const recipients = outgoing.recipients.filter(
        ({ n, state, nextMs = Number.POSITIVE_INFINITY }) =>
          job.recipients.has(n) && state === 'waiting' && nextMs <= nowMs,
      );
      if (recipients.length === 0) return NOBODY;
      if (job.way === LOCAL) return await this.#deliver(outgoing, recipients);
      return await this.#send(outgoing, recipients, job.way, destination);
    } catch (error) {
      if (error instanceof MailboxError && error.code !== 'damaged') throw error;
      const nextMs = await this.#faults.note(outgoing, job.recipients, error);
      if (nextMs !== undefined) this.#options.expect(job.outgoing, nextMs);
      return NOBODY;
    }
  }

  async #send(
    outgoing: Outgoing,
    recipients: readonly OutgoingRecipient[],
    domainName: string,
    destination: Destination,
  ): Promise<Again> {
    const { pool, routes, domain, signing } = this.#options;
    const routing = await routes.routeTo(domainName, this.#senderDomain(outgoing.row));
    if (routing.kind !== 'route') {
      const { kind, status, text } = routing;
      const base = { kind, status, text, host: '', isReply: false, hasDsn: false };
      const outcomes = recipients.map((recipient): Outcome => ({ recipient, ...base }));
      return this.#settle(outgoing, outcomes);
    }
    const { route } = routing;
    const { row } = outgoing;
    const message = await departingMessage(domain, row, signing);
    const sender = row.kind === 'forward' ? this.#options.rewrite(row.sender) : row.sender;
    const again = new Set<number>();
    for (let at = 0; at < recipients.length; at += MOST_RECIPIENTS) {
      const some = recipients.slice(at, at + MOST_RECIPIENTS);
      const trial = { outgoing, domain: domainName, sender, recipients: some, message, route };
      const result = await attempt(pool, trial);
      const { isRouteDown } = result;
      // Where nobody was reached nobody is reached for the others: asked for each hundred, it would be down for everybody.
      const outcomes = isRouteDown ? sameForAll(recipients.slice(at), result) : result.outcomes;
      const few = await this.#settle(outgoing, outcomes, this.#learn(destination, result));
      for (const n of few) again.add(n);
      if (isRouteDown) break;
    }
    if (destination.isDown) await this.#park(destination);
    return again;
  }

  /** When a place that is down is tried again; undefined: it is not. */
  #learn(destination: Destination, { isRouteDown, isTooFast, outcomes }: AttemptResult): number | undefined {
    const { domain, random, log } = this.#options;
    const nowMs = domain.clock.nowMs();
    if (isTooFast) destination.tooFast(nowMs);
    if (!isRouteDown) {
      destination.answered(outcomes.some(({ kind }) => kind === 'delivered'));
      return undefined;
    }
    if (isTooFast || !destination.failed(nowMs, random())) return undefined;
    const { text } = outcomes[0] as Outcome;
    log.warn({ route: destination.key, why: text }, 'mail cannot be brought there now');
    return destination.restsUntilMs;
  }

  /** Those that wait in its line go back to the store with the time of the next look, and lose no try. */
  async #park(destination: Destination): Promise<void> {
    const { domain, lines, onParked } = this.#options;
    const jobs = destination.takeAll();
    const text = `${destination.key} is not there at this moment`;
    // First: who is due again by the time it is written down comes as a new one.
    for (const job of jobs) lines.end(job);
    for (let at = 0; at < jobs.length; at += PARKED_AT_ONCE) {
      const some = jobs.slice(at, at + PARKED_AT_ONCE);
      const found = await domain.store.outgoing.load(some.map(({ outgoing }) => outgoing));
      // Together: they share a transaction.
      await Promise.all(
        found.map(async (outgoing, i) => {
          if (outgoing === undefined) return;
          await this.#settle(
            outgoing,
            absentOutcomes(outgoing, some[i] as Job, text),
            destination.restsUntilMs,
          );
          onParked?.(outgoing.row.id);
        }),
      );
    }
  }

  async #deliver(outgoing: Outgoing, recipients: readonly OutgoingRecipient[]): Promise<Again> {
    try {
      return await this.#deliverHere(outgoing, recipients);
    } finally {
      this.#options.onSettled?.(outgoing.row.id);
    }
  }

  async #deliverHere(outgoing: Outgoing, recipients: readonly OutgoingRecipient[]): Promise<Again> {
    const { domain, local, settler, signing } = this.#options;
    const message: DepartingMessage = await departingMessage(domain, outgoing.row, signing);
    const { outcomes, nextMs } = await local.run(outgoing, recipients, message);
    if (nextMs !== undefined) this.#options.expect(outgoing.row.id, nextMs);
    const [absent, others] = [true, false].map((is) => outcomes.filter((one) => isAbsent(one) === is));
    // Whoever holds the account is being started, which takes a moment and no try.
    await this.#settle(outgoing, absent ?? [], domain.clock.nowMs() + ABSENT_MS);
    const again = await this.#settle(outgoing, others ?? []);
    if (!settler.isUnwritten(outgoing.row.id)) local.settled(outcomes);
    return again;
  }

  async #report({ row, recipients }: Outgoing): Promise<Again> {
    const { reporter } = this.#options;
    const failed = recipients.filter(({ state }) => state === 'failed');
    const arrived = recipients.filter(({ state }) => ARRIVALS.has(state));
    await reporter.tell({ row, recipients }, failed, 'failed');
    await reporter.tell({ row, recipients }, arrived, 'delivered');
    return NOBODY;
  }

  /** Written down, and durable. */
  async #settle(outgoing: Outgoing, outcomes: readonly Outcome[], notBeforeMs?: number): Promise<Again> {
    if (outcomes.length === 0) return NOBODY;
    const { domain, schedule, settler, random, expect } = this.#options;
    const nowMs = domain.clock.nowMs();
    const settling = { row: outgoing.row, nowMs, schedule };
    const changes = outcomes.map((outcome) =>
      changeFor(outcome, {
        ...settling,
        random: random(),
        ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
      }),
    );
    for (const { kind } of outcomes) if (kind !== 'again') this.tries[kind]++;
    const soon = isLast(outgoing, changes) ? changes.map((change) => toldNow(change, nowMs)) : changes;
    await settler.settle(soon);
    await this.#note(outgoing, outcomes);
    const times = soon.flatMap(({ become }, i) =>
      become === 'ended' || outcomes[i]?.kind === 'again' ? [] : (become.nextMs ?? []),
    );
    for (const nextMs of new Set(times)) expect(outgoing.row.id, nextMs);
    await this.#warn(outgoing, outcomes, soon);
    return new Set(outcomes.filter(({ kind }) => kind === 'again').map(({ recipient }) => recipient.n));
  }

  /** For whoever looks for it: what has left, and what has not. */
  async #note({ row }: Outgoing, outcomes: readonly Outcome[]): Promise<void> {
    const { domain, activity } = this.#options;
    const ended = outcomes.filter(({ kind }) => kind === 'delivered' || kind === 'failed');
    if (ended.length === 0 || row.kind === 'report') return;
    const record = await domain.store.directory.get(outgoingAccount(row.id));
    if (record === undefined) return;
    const about = { id: outgoingText(row.id), service: 'queue', from: row.sender };
    for (const { kind, recipient, host, text } of ended) {
      const facts = { ...about, to: recipient.address, ...(host === '' ? {} : { host }), reply: text };
      activity.record(record.address, kind === 'delivered' ? 'sent' : 'not sent', facts);
    }
  }

  /** Once, when it is late. */
  async #warn(
    outgoing: Outgoing,
    outcomes: readonly Outcome[],
    changes: readonly RecipientChange[],
  ): Promise<void> {
    const { domain, schedule, reporter } = this.#options;
    const nowMs = domain.clock.nowMs();
    const late = outcomes.flatMap(({ kind, recipient }, i) => {
      const become = changes[i]?.become;
      if (kind !== 'deferred' || become === undefined || become === 'ended' || become.state !== undefined)
        return [];
      if (!isDelayTold(recipient, outgoing.row, nowMs, schedule)) return [];
      return [{ ...recipient, ...become } as OutgoingRecipient];
    });
    await reporter.tell(outgoing, late, 'delayed');
  }
}

const ARRIVALS: ReadonlySet<RecipientState> = new Set(['delivered', 'relayed', 'expanded']);

const isAbsent = ({ kind, status }: Outcome): boolean => kind === 'deferred' && status === NOBODY_HOLDS_IT;

function sameForAll(
  recipients: readonly OutgoingRecipient[],
  { outcomes }: AttemptResult,
): readonly Outcome[] {
  const [first] = outcomes as [Outcome];
  return recipients.map((recipient) => ({ ...first, recipient }));
}

/** Of those of the job that wait: nobody was asked about them. */
function absentOutcomes({ recipients }: Outgoing, job: Job, text: string): readonly Outcome[] {
  const base = { status: '4.4.1', host: '', text, isReply: false, hasDsn: false };
  const waiting = recipients.filter(({ n, state }) => job.recipients.has(n) && state === 'waiting');
  return waiting.map((recipient) => ({ recipient, kind: 'deferred', ...base }));
}

/** Nobody else of the message is still waiting: what failed is told at once. */
function isLast({ recipients }: Outgoing, changes: readonly RecipientChange[]): boolean {
  if (changes.some(({ become }) => become !== 'ended' && become.state === undefined)) return false;
  const these = new Set(changes.map(({ n }) => n));
  return recipients.every(({ n, state }) => these.has(n) || state !== 'waiting');
}

function toldNow(change: RecipientChange, nowMs: number): RecipientChange {
  const { become } = change;
  return become === 'ended' || become.state !== 'failed'
    ? change
    : { ...change, become: { ...become, nextMs: nowMs } };
}

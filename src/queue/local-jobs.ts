/**
 * Mail for people who are here, as jobs of the queue: what was delivered, what an address passes on to others, and the keys of deliveries
 * that are written down, which are forgotten now and then, many at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import type { Domain } from '../mailbox/domain.ts';
import { emailNumber } from '../mailbox/model/model.ts';
import {
  notifyOfForward,
  type Outgoing,
  type OutgoingRecipient,
  outgoingAccount,
} from '../mailbox/model/outgoing.ts';
import { type DeliveryKey, forgetDeliveries } from '../mailbox/operations/forget-deliveries.ts';
import { addOutgoing } from '../mailbox/operations/outgoing.ts';
import { originalOf } from '../smtp/original-recipient.ts';
import type { LocalOutcome, LocalRoute } from './local.ts';
import type { DepartingMessage } from './message.ts';

export interface LocalJobsOptions {
  readonly domain: Domain;
  readonly log: Log;
  readonly route: LocalRoute;
  /** To the process that holds the accounts. Throws when it is not there. */
  readonly forgetAt?: (holder: string, keys: readonly DeliveryKey[]) => Promise<void>;
}

const FORGET_MS = 60_000;
const MOST_KEYS = 1000;
const ELSEWHERE_MS = 500;

export class LocalJobs {
  readonly #options: LocalJobsOptions;
  #keys: DeliveryKey[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LocalJobsOptions) {
    this.#options = options;
  }

  /** Those that have become mail for elsewhere are not among the outcomes; `nextMs`: then they are due. */
  async run(
    outgoing: Outgoing,
    recipients: readonly OutgoingRecipient[],
    message: DepartingMessage,
  ): Promise<{ readonly outcomes: readonly LocalOutcome[]; readonly nextMs: number | undefined }> {
    const outcomes = await this.#options.route.deliver(outgoing.row, recipients, message);
    const foreign = outcomes.filter(({ isForeign }) => isForeign === true);
    const passed = outcomes.filter(({ forwards }) => forwards.length > 0);
    if (foreign.length + passed.length > 0) await this.#passOn(outgoing, foreign, passed);
    const nextMs = foreign.length > 0 ? this.#options.domain.clock.nowMs() : undefined;
    return { outcomes: outcomes.filter((one) => one.isForeign !== true), nextMs };
  }

  /** After the outcomes are durable: nobody will deliver these again. */
  settled(outcomes: readonly LocalOutcome[]): void {
    for (const { kind, keys } of outcomes) {
      if (kind === 'deferred') continue;
      this.#keys.push(...keys);
    }
    if (this.#keys.length >= MOST_KEYS) void this.forget();
    else if (this.#keys.length > 0) this.#timer ??= setTimeout(() => void this.forget(), FORGET_MS).unref();
  }

  /** What is not forgotten now costs a few octets and nothing else. */
  async forget(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { domain } = this.#options;
    const keys = this.#keys;
    this.#keys = [];
    const byHolder = Map.groupBy(keys, ({ account }) => {
      const place = domain.placement.locate(account);
      return place.kind === 'elsewhere' ? place.holder : place.kind;
    });
    const here = byHolder.get('here') ?? [];
    byHolder.delete('here');
    const elsewhere = [...byHolder].map(([holder, some]) => this.#forgetAt(holder, some));
    // At the end of the server they may have ended before.
    const soon = pause(ELSEWHERE_MS, undefined, { ref: false });
    await Promise.all([forgetDeliveries(domain, here), Promise.race([Promise.all(elsewhere), soon])]);
  }

  async #forgetAt(holder: string, keys: readonly DeliveryKey[]): Promise<void> {
    const { forgetAt, log } = this.#options;
    try {
      await forgetAt?.(holder, keys);
    } catch (err) {
      log.debug({ err, holder }, 'keys of deliveries are kept longer');
    }
  }

  /**
   * In one change with what it leaves behind: the row of an address that is elsewhere goes another way, and what an address passes on
   * is mail of its own. The message's octets are the same.
   */
  async #passOn(
    { row }: Outgoing,
    foreign: readonly LocalOutcome[],
    passed: readonly LocalOutcome[],
  ): Promise<void> {
    const { domain } = this.#options;
    const account = await domain.accounts.open(outgoingAccount(row.id));
    const [stored] = passed.length === 0 ? [] : await domain.store.listEmails(account.id, row.email - 1, 1);
    const sizeBytes = stored?.id === row.email ? stored.sizeBytes : 0;
    const { id, createdMs: _, email, ...envelope } = row;
    const isOfOurs = row.kind === 'sent' || row.sender === '';
    await domain.turns.run({
      account,
      run: (change) => {
        for (const { recipient } of foreign)
          change.outgoing.settle({
            outgoing: id,
            n: recipient.n,
            when: ['waiting'],
            become: { route: 'remote', nextMs: change.nowMs },
          });
        for (const { recipient, forwards, isAlias = false } of passed) {
          const notify = isAlias ? recipient.notify : notifyOfForward(recipient.notify);
          const orcpt = recipient.orcpt ?? originalOf(recipient.address);
          const recipients = forwards.map((address) => {
            return { address, route: 'remote', notify, orcpt } as const;
          });
          change.retain([emailNumber(email)]);
          addOutgoing(change, email, {
            envelope: { ...envelope, kind: isOfOurs ? row.kind : 'forward' },
            ...{ recipients, sizeBytes },
            bodyFrom: row.bodyFrom,
            ...(row.header === undefined ? {} : { header: row.header }),
          });
          // What it has passed on is not passed on again.
          change.outgoing.settle({ outgoing: id, n: recipient.n, become: { route: 'mailboxes' } });
        }
      },
    });
  }
}

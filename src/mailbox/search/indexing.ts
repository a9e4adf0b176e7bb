/**
 * Keeps the index of texts: who searches texts gets one, for the next search, and whose index has fallen behind gets the rest. People who never
 * search cost nothing. Once a day what nobody searched for two months is removed, and the words of mail that is gone.
 *
 * One account at a time in this process; octets are read here, in small pieces, and a thread makes words of them. A segment is written
 * whole or not at all, so being stopped at any moment costs the segment that was being made.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TimeSlice } from '../../base/time-slice.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { AccountId } from '../model/model.ts';
import type { AccountState } from '../state/account.ts';
import { aliveEmails } from './alive-emails.ts';
import { readEmails } from './email-octets.ts';
import { type IndexPlan, LEAST_NEW, planOf } from './index-plan.ts';
import { IndexThread } from './index-thread.ts';

/** Emails that are read at once. */
const BATCH = 64;
/** A segment with more is closed: some 100 MB of memory. */
const MOST_WEIGHT = 6_000_000;
const DAY_MS = 24 * 60 * 60_000;
const UNUSED_DAYS = 60;
/** Of a server that is started anew every night, too. */
const FIRST_SWEEP_MS = 30 * 60_000;
/** As long as it worked, so that it takes no more than half of what the machine can do. */
const REST_SHARE = 1;
const LONGEST_REST_MS = 250;
/** To replace, to replace what came of that, to add. */
const MOST_ROUNDS = 3;

export interface Indexing {
  /** When what was asked for so far is done. */
  idle(): Promise<void>;
  /** Looks after all accounts; done by itself every day. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

export function startIndexing(domain: Domain): Indexing {
  return new Indexer(domain);
}

class Indexer implements Indexing {
  readonly #domain: Domain;
  readonly #thread = new IndexThread();
  readonly #waiting = new Set<AccountId>();
  /** When each was last said to be in use. */
  readonly #used = new Map<AccountId, number>();
  /** Of each the number that the next email had when it was last looked at. */
  readonly #seen = new Map<AccountId, number>();
  #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #isStopping = false;

  constructor(domain: Domain) {
    this.#domain = domain;
    domain.textIndex.onSearched = (account) => this.#searched(account);
    this.#timer = this.#sweepAfter(FIRST_SWEEP_MS);
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#domain.textIndex.onSearched = () => {};
    clearTimeout(this.#timer);
    this.#waiting.clear();
    await this.#running;
    this.#thread.close();
  }

  async sweep(): Promise<void> {
    const { files } = this.#domain.textIndex;
    const oldestMs = this.#domain.clock.nowMs() - UNUSED_DAYS * DAY_MS;
    for (const account of await files.accounts()) {
      if (this.#isStopping) return;
      if (!this.#domain.store.owns(account)) continue;
      if ((await files.lastUsedMs(account)) < oldestMs) await this.#domain.textIndex.removeAll(account);
      else {
        this.#seen.delete(account);
        this.#want(account);
      }
    }
    await this.idle();
  }

  #sweepAfter(ms: number): NodeJS.Timeout {
    const sweep = async (): Promise<void> => {
      try {
        await this.sweep();
      } catch (err) {
        this.#domain.log.warn({ err }, 'the index of texts could not be looked after');
      }
      if (!this.#isStopping) this.#timer = this.#sweepAfter(DAY_MS);
    };
    return setTimeout(() => void sweep(), ms).unref();
  }

  #searched(account: AccountId): void {
    const nowMs = this.#domain.clock.nowMs();
    const isNoted = nowMs - (this.#used.get(account) ?? 0) < DAY_MS;
    if (!isNoted) {
      this.#used.set(account, nowMs);
      void this.#domain.textIndex.files.used(account).catch(() => {});
    }
    this.#want(account);
  }

  #want(account: AccountId): void {
    this.#waiting.add(account);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#waiting.size > 0 && !this.#isStopping) this.#want(account);
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    for (const account of this.#waiting) {
      if (this.#isStopping) return;
      this.#waiting.delete(account);
      try {
        await this.#indexOrRemove(account);
      } catch (err) {
        this.#domain.log.warn({ err, account }, 'an account could not be indexed; searches read its mail');
      }
    }
  }

  async #indexOrRemove(account: AccountId): Promise<void> {
    try {
      await this.#index(account);
    } catch (err) {
      this.#thread.forget();
      // Looked at anew when it is searched the next time: it is not known how far this came.
      this.#seen.delete(account);
      if (!(err instanceof MailboxError) || err.code !== 'nonexistent') throw err;
      await this.#domain.textIndex.removeAll(account);
    }
  }

  async #index(account: AccountId): Promise<void> {
    const { textIndex, accounts, clock } = this.#domain;
    const state = await accounts.open(account);
    const isNew = state.nextEmail - (this.#seen.get(account) ?? Number.NEGATIVE_INFINITY) >= LEAST_NEW;
    if (!isNew) return;
    this.#seen.set(account, state.nextEmail);
    const alive = await aliveEmails(this.#domain, state);
    for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
      const segments = await textIndex.segmentsOf(account);
      const hasRoom = textIndex.hasRoom(segments);
      const plan = await planOf(segments, alive, { nowMs: clock.nowMs(), hasRoom });
      if (plan === undefined) return;
      if (!(await this.#carryOut(state, plan))) return;
      // What is new comes after what was replaced.
      if (plan.replaced.length === 0) return;
    }
  }

  /** False when it is to stop. */
  async #carryOut(state: AccountState, { emails, replaced }: IndexPlan): Promise<boolean> {
    const { textIndex } = this.#domain;
    const { id: account } = state;
    for (let at = 0; at < emails.length; ) {
      const end = await this.#build(account, emails, at);
      if (end === undefined) return false;
      const octets = await this.#thread.end();
      // A power cut may take back what is not durable, and give its numbers to other mail.
      await state.unsettled?.catch(() => {});
      // What is replaced goes with the last one: until then nothing is known less than before.
      await textIndex.replace(account, octets, end >= emails.length ? replaced : []);
      at = end;
      if (replaced.length === 0 && !textIndex.hasRoom(await textIndex.segmentsOf(account))) return true;
    }
    if (emails.length === 0) await textIndex.replace(account, undefined, replaced);
    return true;
  }

  /** Gives emails to the thread until they are enough for a segment; returns up to where, or undefined when it is to stop. */
  async #build(account: AccountId, emails: Uint32Array, from: number): Promise<number | undefined> {
    let at = from;
    for (let weight = 0; at < emails.length && weight < MOST_WEIGHT; at += BATCH) {
      if (this.#isStopping) return undefined;
      const beganMs = performance.now();
      const read = await readEmails(this.#domain, account, emails.subarray(at, at + BATCH));
      weight = await this.#thread.add(read);
      await rest(performance.now() - beganMs);
    }
    return at;
  }
}

async function rest(workedMs: number): Promise<void> {
  await new TimeSlice().next();
  await sleep(Math.min(LONGEST_REST_MS, workedMs * REST_SHARE));
}

/**
 * How much an account may send (requirement: a stolen password sends little, and its owner hears of it). Messages and recipients are
 * counted apart, in the last hour and in the last day. What is over is refused for now, so that the program keeps it.
 *
 * Counted by whoever holds the account, in memory; `snapshot` and `restore` bring it over a restart.
 */
import { LruMap } from '../base/lru.ts';
import type { AccountId } from '../mailbox/model/model.ts';

/** 0: as much as it wants. */
export interface AllowanceLimits {
  readonly messagesPerHour: number;
  readonly recipientsPerHour: number;
  readonly messagesPerDay: number;
  readonly recipientsPerDay: number;
}

/** What an account has nearly used up, or used up. */
export interface Reached {
  readonly what: keyof AllowanceLimits;
  readonly limit: number;
  readonly isOver: boolean;
}

/** Of an account: for each slot its number, messages and recipients. */
export type AccountCounts = readonly [
  account: number,
  slots: readonly (readonly [number: number, messages: number, recipients: number])[],
];

interface Slot {
  readonly number: number;
  messages: number;
  recipients: number;
}

/** A day in parts of so many; the hour is as exact as they are. */
const SLOT_MS = 5 * 60_000;
const HOUR_SLOTS = 12;
const DAY_SLOTS = 288;
const NEARLY = 0.8;
/** Accounts that have sent within a day. */
const MAX_ACCOUNTS = 200_000;

const WINDOWS: Readonly<
  Record<keyof AllowanceLimits, { readonly slots: number; readonly counts: 'messages' | 'recipients' }>
> = {
  messagesPerHour: { slots: HOUR_SLOTS, counts: 'messages' },
  recipientsPerHour: { slots: HOUR_SLOTS, counts: 'recipients' },
  messagesPerDay: { slots: DAY_SLOTS, counts: 'messages' },
  recipientsPerDay: { slots: DAY_SLOTS, counts: 'recipients' },
};
const NAMES = Object.keys(WINDOWS) as (keyof AllowanceLimits)[];

export class Allowances {
  readonly #slots = new LruMap<AccountId, readonly Slot[]>(MAX_ACCOUNTS);
  #changes = 0;

  /** The limit that a message to so many would pass; undefined when there is room. */
  limitFor(
    account: AccountId,
    limits: AllowanceLimits,
    recipients: number,
    nowMs: number,
  ): Reached | undefined {
    for (const what of NAMES) {
      const limit = limits[what];
      const more = WINDOWS[what].counts === 'messages' ? 1 : recipients;
      if (limit > 0 && this.#used(account, what, nowMs) + more > limit) return { what, limit, isOver: true };
    }
    return undefined;
  }

  /** A message has been taken. Gives what is nearly used up since this one. */
  spend(account: AccountId, limits: AllowanceLimits, recipients: number, nowMs: number): readonly Reached[] {
    const before = NAMES.map((what) => this.#used(account, what, nowMs));
    const slot = this.#slotOf(account, nowMs);
    this.#changes++;
    slot.messages++;
    slot.recipients += recipients;
    return NAMES.flatMap((what, i) => {
      const limit = limits[what];
      const mark = Math.ceil(limit * NEARLY);
      const isNews = limit > 0 && (before[i] as number) < mark && this.#used(account, what, nowMs) >= mark;
      return isNews ? [{ what, limit, isOver: false }] : [];
    });
  }

  /** A message that was counted at that moment was not taken after all. */
  giveBack(account: AccountId, recipients: number, spentMs: number): void {
    const number = Math.floor(spentMs / SLOT_MS);
    const slot = this.#slots.get(account)?.find((one) => one.number === number);
    if (slot === undefined) return;
    this.#changes++;
    slot.messages = Math.max(0, slot.messages - 1);
    slot.recipients = Math.max(0, slot.recipients - recipients);
  }

  /** How often something was counted: what has been written down is current while it stays. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * What the next process has to know: of each account its slots, those of full hours of the past put together. One account after the
   * other, for whoever pauses between them.
   */
  *snapshot(nowMs: number): Generator<AccountCounts> {
    const now = Math.floor(nowMs / SLOT_MS);
    for (const [account, slots] of this.#slots) {
      const counts = keptOf(slots, now);
      if (counts.length > 0) yield [account, counts];
    }
  }

  /** Beside what has been counted since the start. What several have written of one account counts as the most of them. */
  restore(counts: readonly AccountCounts[], nowMs: number): void {
    const now = Math.floor(nowMs / SLOT_MS);
    for (const [account, all] of counts) {
      const slots = new Map((this.#slots.get(account as AccountId) ?? []).map((slot) => [slot.number, slot]));
      for (const [number, messages, recipients] of all) {
        if (number <= now - DAY_SLOTS || number > now) continue;
        const slot = slots.get(number) ?? { number, messages: 0, recipients: 0 };
        slot.messages = Math.max(slot.messages, messages);
        slot.recipients = Math.max(slot.recipients, recipients);
        slots.set(number, slot);
      }
      const sorted = [...slots.values()].sort((a, b) => a.number - b.number);
      if (sorted.length > 0) this.#slots.set(account as AccountId, sorted);
    }
  }

  #used(account: AccountId, what: keyof AllowanceLimits, nowMs: number): number {
    const { slots, counts } = WINDOWS[what];
    const from = Math.floor(nowMs / SLOT_MS) - slots + 1;
    const all = this.#slots.get(account) ?? [];
    return all.reduce((sum, slot) => sum + (slot.number >= from ? slot[counts] : 0), 0);
  }

  #slotOf(account: AccountId, nowMs: number): Slot {
    const number = Math.floor(nowMs / SLOT_MS);
    const kept = (this.#slots.get(account) ?? []).filter((slot) => slot.number > number - DAY_SLOTS);
    const last = kept.at(-1);
    const slot = last?.number === number ? last : { number, messages: 0, recipients: 0 };
    if (slot !== last) kept.push(slot);
    this.#slots.set(account, kept);
    return slot;
  }
}

function keptOf(slots: readonly Slot[], now: number): AccountCounts[1] {
  const kept = new Map<number, Slot>();
  for (const { number, messages, recipients } of slots) {
    if (number <= now - DAY_SLOTS) continue;
    const hour = number - (number % HOUR_SLOTS) + HOUR_SLOTS - 1;
    // As late as it can be: a limit is never passed by forgetting.
    const at = hour <= now - HOUR_SLOTS ? hour : number;
    const sum = kept.get(at) ?? { number: at, messages: 0, recipients: 0 };
    sum.messages += messages;
    sum.recipients += recipients;
    kept.set(at, sum);
  }
  return [...kept.values()].map((slot) => [slot.number, slot.messages, slot.recipients] as const);
}

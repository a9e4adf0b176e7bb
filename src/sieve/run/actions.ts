/**
 * What a run has asked for so far, and whether the message is kept though nobody says so (RFC 5228 §2.10.2): every action but a copy
 * takes that away, and nothing gives it back, except a script that fails.
 */
import type { Effect, FileEffect, SeenId } from '../effects.ts';
import { RunFault } from './budget.ts';
import type { Limits } from './limits.ts';

type Kind = Effect['kind'];

/** RFC 5429 §2.4, RFC 5230 §4.7: what says that the message was not taken goes with nothing that takes it or answers it. */
const TAKING: readonly Kind[] = ['keep', 'fileinto', 'redirect', 'vacation', 'reject', 'ereject'];
const REFUSING: readonly Kind[] = ['reject', 'ereject'];

export interface Mark {
  readonly effects: readonly Effect[];
  readonly seen: readonly SeenId[];
  readonly isKept: boolean;
}

export class Actions {
  readonly #limits: Limits;
  #effects: Effect[] = [];
  #seen: SeenId[] = [];
  #isKept = true;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get effects(): readonly Effect[] {
    return this.#effects;
  }

  get seen(): readonly SeenId[] {
    return this.#seen;
  }

  /** Whether the implicit keep still stands. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** The message is refused or thrown away, and nothing else: no script after this one is asked. */
  get isDecided(): boolean {
    if (this.#isKept || this.#effects.some(isFiling)) return false;
    return this.#effects.some(({ kind }) => kind === 'discard' || REFUSING.includes(kind));
  }

  cancelKeep(): void {
    this.#isKept = false;
  }

  add(effect: Effect): void {
    const { kind } = effect;
    const others = REFUSING.includes(kind) ? TAKING : TAKING.includes(kind) ? REFUSING : [];
    const other = this.#effects.find((one) => others.includes(one.kind));
    if (other !== undefined) throw new RunFault(`"${kind}" cannot go with "${other.kind}"`);
    if (kind === 'vacation' && this.#count('vacation') > 0) throw new RunFault('a second "vacation"');
    if (kind === 'fileinto' || kind === 'keep') this.#dropSameMailbox(effect);
    if (kind === 'redirect') {
      const isSame = (one: Effect): boolean => one.kind === 'redirect' && one.address === effect.address;
      if (this.#effects.some(isSame)) return;
      this.#bound('redirect', this.#limits.redirects);
    }
    if (kind === 'notify') this.#bound('notify', this.#limits.notifications);
    if (kind === 'discard' && this.#count('discard') > 0) return;
    if (this.#effects.length >= this.#limits.actions)
      throw new RunFault(`the script takes more than ${this.#limits.actions} actions`);
    this.#effects.push(effect);
  }

  /** Beyond every limit, and beside every copy. What went to INBOX already is enough when a script failed. */
  keepImplicitly(keep: FileEffect, isAfterFailure: boolean): void {
    const isThere = this.#effects.some((one) => isFiling(one) && one.target.mailbox === keep.target.mailbox);
    if (isThere && isAfterFailure) return;
    this.#dropSameMailbox(keep);
    this.#effects.push(keep);
  }

  remember(seen: SeenId): void {
    this.#seen.push(seen);
  }

  mark(): Mark {
    return { effects: [...this.#effects], seen: [...this.#seen], isKept: this.#isKept };
  }

  /** Takes back what was asked for since. */
  backTo({ effects, seen, isKept }: Mark): void {
    this.#effects = [...effects];
    this.#seen = [...seen];
    this.#isKept = isKept;
  }

  /** The same mailbox twice is one copy, and the last flags win (RFC 5228 §2.10.3, RFC 5232 §3). */
  #dropSameMailbox({ target }: FileEffect): void {
    this.#effects = this.#effects.filter((one) => !(isFiling(one) && one.target.mailbox === target.mailbox));
  }

  #bound(kind: Kind, most: number): void {
    if (this.#count(kind) >= most) throw new RunFault(`more than ${most} times "${kind}"`);
  }

  #count(kind: Kind): number {
    return this.#effects.filter((one) => one.kind === kind).length;
  }
}

function isFiling(effect: Effect): effect is FileEffect {
  return effect.kind === 'fileinto' || effect.kind === 'keep';
}

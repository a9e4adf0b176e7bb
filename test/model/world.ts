/**
 * A domain over some store, with people, a clock that the test moves, and everything that is under way in it. Made new on
 * the same data by `restart`; what is true survives.
 */
import assert from 'node:assert/strict';
import { silentLog } from '../../src/base/log.ts';
import { Accounts } from '../../src/mailbox/accounts.ts';
import { Turns } from '../../src/mailbox/change/turns.ts';
import type { Disposition } from '../../src/mailbox/disposition.ts';
import type { Domain, DomainLimits } from '../../src/mailbox/domain.ts';
import { type Keeping, plainKeepingClock } from '../../src/mailbox/keeping.ts';
import { NO_EVENTS } from '../../src/mailbox/mailbox-events.ts';
import { MailboxError } from '../../src/mailbox/model/errors.ts';
import type { AccountId, AccountRecord, EmailId } from '../../src/mailbox/model/model.ts';
import type { OutgoingId } from '../../src/mailbox/model/outgoing.ts';
import { NO_INDEX_FILES } from '../../src/mailbox/port/index-files.ts';
import { EVERYTHING_HERE } from '../../src/mailbox/port/placement.ts';
import type { MailStore } from '../../src/mailbox/port/store.ts';
import { TranslatedStore } from '../../src/mailbox/port/translated-store.ts';
import { Alarms } from '../../src/mailbox/state/alarms.ts';
import { SentCopies } from '../../src/mailbox/state/sent-copies.ts';
import { TextIndex } from '../../src/mailbox/text-index/text-index.ts';
import type { Random } from '../crash/random.ts';
import { UnreliableStore } from '../kit/unreliable-store.ts';
import type { Device } from './device.ts';
import type { Drop } from './drop.ts';
import { Follower } from './follower.ts';
import { nextTurn, type Pace, realNowMs } from './pace.ts';
import { nothing, type Semantic } from './semantics.ts';
import { type Doing, JudgedTurns, Truth } from './truth.ts';

export interface StoreSource {
  /** On the same data each time; the one before is closed. */
  open(): Promise<MailStore>;
  dispose(): Promise<void>;
}

export interface WorldOptions {
  readonly source: StoreSource;
  readonly random: Random;
  readonly limits: Pick<DomainLimits, 'mailboxesPerAccount'>;
  readonly pace: Pace;
  /** Of what was deleted. */
  readonly recoverBytes: number;
  readonly log: (line: string) => void;
}

/** Of all people; it may have a quota that counts for them. */
export const DOMAIN = 'example.com';
const PEOPLE = ['alice', 'bob', 'carol'].map((name) => `${name}@${DOMAIN}`);
/** In Trash and Junk. */
export const RETENTION_MS = 3600_000;
/** Deleted mail comes back for so long. */
export const RECOVER_MS = 20 * 60_000;
/** For so long mail waits that finds no room. */
export const GRACE_MS = 3 * 86_400_000;
const START_MS = Date.UTC(2026, 0, 5);
/** Whatever is under way comes to its end in far fewer; but a busy disk takes its time. */
const MOST_TURNS = 20_000;
const MOST_MS = 20_000;

/** One operation: what it is, how its changes are judged, and how it may end. */
export interface Asked {
  readonly what: string;
  readonly judge?: Semantic;
  /** What it may be refused with before it has tried to change anything. */
  readonly mayRefuse?: readonly string[];
  /** It may end well although a part of it was refused. */
  readonly isPartial?: boolean;
  readonly run: () => Promise<unknown>;
}

export class World {
  readonly truth: Truth;
  readonly clock = { nowMs: () => this.#nowMs };
  readonly keeping: Keeping = {
    clock: plainKeepingClock(this.clock),
    recoverMs: RECOVER_MS,
    recoverBytes: () => this.recoverBytes,
    retentionMs: (_, role) => (role === 'trash' || role === 'junk' ? RETENTION_MS : undefined),
  };
  readonly recoverBytes: number;
  readonly random: Random;
  readonly people: AccountRecord[] = [];
  readonly devices = new Set<Device>();
  readonly drops = new Map<AccountId, Drop>();
  readonly reaping = new Set<AccountId>();
  readonly #followers = new Map<AccountId, Follower>();
  readonly limits: DomainLimits;
  /** What is to become of messages that come in; of others nobody says anything. */
  readonly wishes = new WeakMap<object, () => Promise<Disposition>>();
  /** Outgoing mail that has left. */
  readonly left = new Set<OutgoingId>();
  /** Of every email that was ever looked at. */
  readonly threads = new Map<EmailId, number>();
  /** How many operations of each kind have done what they were asked for. */
  readonly successes = new Map<string, number>();
  #store: UnreliableStore | undefined;
  #domain: Domain | undefined;
  #turns: JudgedTurns | undefined;
  #nowMs = START_MS;
  #lostReads = 0;
  readonly #source: StoreSource;
  readonly #pace: Pace;
  readonly #pending = new Set<Promise<void>>();
  /** As of the last time that all was quiet. */
  #troubles = { failures: 0, refusals: 0 };

  constructor({ source, random, limits, pace, recoverBytes, log }: WorldOptions) {
    this.recoverBytes = recoverBytes;
    this.#source = source;
    this.#pace = pace;
    this.random = random;
    this.truth = new Truth(log);
    const few = {
      keywordsPerMailbox: 100,
      keywordsPerMessage: 50,
      outgoingPerAccount: 20,
      outgoing: 1000,
      outgoingBytesPerAccount: 2 ** 30,
    };
    this.limits = {
      ...{ ...few, messageBytes: 2 ** 20, roomGraceMs: GRACE_MS, annotationBytes: () => 2 ** 22 },
      ...limits,
    };
  }

  get store(): UnreliableStore {
    return this.#store as UnreliableStore;
  }

  get domain(): Domain {
    return this.#domain as Domain;
  }

  /** Reads that were lost to damage since the beginning: what they would have said is not known to anybody. */
  get lostReads(): number {
    return this.#lostReads + this.store.lostReads;
  }

  get underWay(): number {
    return this.#pending.size;
  }

  async begin(): Promise<void> {
    await this.#open();
    await this.store.directory.domains.create({ name: DOMAIN, createdMs: START_MS, keys: [] });
    const wanted = PEOPLE.map((address) => ({ address, credentials: [], createdMs: START_MS }));
    for (const record of await this.store.directory.create(wanted)) {
      assert.ok(record !== 'exists');
      this.people.push(record);
    }
  }

  /** Of this account there is one, whatever is restarted. */
  follower(account: AccountId): Follower {
    const follower = this.#followers.get(account) ?? new Follower();
    this.#followers.set(account, follower);
    return follower;
  }

  /** Nothing may be under way. */
  async restart(): Promise<void> {
    this.hangUp();
    await this.store.close();
    await this.#open();
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.#source.dispose();
  }

  hangUp(): void {
    for (const device of this.devices) device.close('hung up');
    for (const drop of this.drops.values()) drop.close();
    this.devices.clear();
    this.drops.clear();
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  /** No read takes minutes, and nobody rests for so long: when minutes pass, neither is under way, and everybody has come to a wait. */
  async pass(ms: number): Promise<void> {
    await nextTurn();
    if (this.mayMinutesPass()) this.advance(ms);
  }

  /** When everybody has come to a wait. */
  mayMinutesPass(): boolean {
    return this.store.reading === 0 && this.#pace.resting === 0;
  }

  /** What somebody who had never been here would see. */
  fresh(): Domain {
    return this.#domainOn(new Turns(this.store, this.clock, silentLog));
  }

  /** Begins it and does not wait. */
  ask({ what, judge = nothing, mayRefuse = [], isPartial = false, run }: Asked): void {
    const doing: Doing = { what, judge, fates: [] };
    this.truth.note(what);
    const done = this.#doing(doing, run).then(
      () => {
        if (!isPartial)
          this.truth.check(() => assert.ok(!doing.fates.includes('refused'), `${what}: said to be done`));
        const kind = what.split(' ')[1] ?? what;
        this.successes.set(kind, (this.successes.get(kind) ?? 0) + 1);
      },
      (error: unknown) => {
        this.truth.note(`  ${what}: ${(error as Error).message}`);
        this.truth.check(() => this.#mayFail(doing, error, mayRefuse));
      },
    );
    this.#pending.add(done);
    void done.then(() => this.#pending.delete(done));
  }

  /** Nothing fails any more, and all that was asked for comes to its end. */
  async quiet(): Promise<void> {
    this.store.calmDown();
    const untilMs = realNowMs() + MOST_MS;
    for (let turns = 0; this.#pending.size > 0; turns++) {
      const isSoon = turns < MOST_TURNS || realNowMs() < untilMs;
      assert.ok(isSoon, 'something that was asked for never ends');
      await nextTurn();
    }
    this.throwFailure();
    this.#troubles = { failures: this.store.failures, refusals: this.truth.refusals };
  }

  throwFailure(): void {
    if (this.truth.failure !== undefined) throw this.truth.failure;
  }

  #doing(doing: Doing, run: () => Promise<unknown>): Promise<unknown> {
    return (this.#turns as JudgedTurns).doing(doing, async () => run());
  }

  #mayFail(doing: Doing, error: unknown, mayRefuse: readonly string[]): void {
    if (!(error instanceof MailboxError)) throw error;
    const hasFailed = this.store.failures > this.#troubles.failures;
    // Judged where it was thrown; behind it comes what is taken back.
    if (doing.fates.includes('thrown')) return;
    const isStorage = ['unavailable', 'damaged', 'conflict'].includes(error.code);
    const isExcused = hasFailed || this.truth.refusals > this.#troubles.refusals;
    const isExpected = mayRefuse.includes(error.code) || (isStorage && isExcused);
    assert.ok(isExpected, `${doing.what}: refused with ${error.code}: ${error.message}`);
  }

  async #open(): Promise<void> {
    this.#troubles = { failures: 0, refusals: this.truth.refusals };
    this.#lostReads += this.#store?.lostReads ?? 0;
    this.#store = new UnreliableStore(await this.#source.open(), this.random.fork());
    this.#turns = new JudgedTurns(this.#store, this.clock, this.truth);
    this.#domain = this.#domainOn(this.#turns);
  }

  #domainOn(turns: Turns): Domain {
    const { clock, limits } = this;
    const store = new TranslatedStore(this.store);
    const accounts = new Accounts(store, turns, clock);
    return {
      ...{ store, accounts, turns, clock, log: silentLog, limits },
      placement: EVERYTHING_HERE,
      sentCopies: new SentCopies(),
      alarms: new Alarms(),
      learns: true,
      keeping: this.keeping,
      events: NO_EVENTS,
      serverAnnotations: new Map(),
      textIndex: new TextIndex({ files: NO_INDEX_FILES, maxBytes: 0, log: silentLog }),
      dispositions: { of: ({ message }) => this.wishes.get(message)?.() },
    };
  }
}

/**
 * What the accounts must be like, followed change by change. The domain's turns run through here: each change is judged at
 * the moment it is made in memory (`semantics.ts`), and becomes the truth when the store has applied its turn. So the
 * order of changes is the domain's own, and everything else is the model's.
 *
 * One account may be in memory twice for a while (it was dropped while work on it went on): whoever is behind the truth
 * must be refused, and nothing it says is believed.
 */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { FLAG } from '../../src/mail/flags.ts';
import type { AccountChange } from '../../src/mailbox/change/account-change.ts';
import { type Operation, Turns } from '../../src/mailbox/change/turns.ts';
import { MailboxError } from '../../src/mailbox/model/errors.ts';
import type { AccountId, MailboxId } from '../../src/mailbox/model/model.ts';
import type { AccountBatch, StoreError, StoreWrite } from '../../src/mailbox/port/store.ts';
import type { AccountState } from '../../src/mailbox/state/account.ts';
import type { UnreliableStore } from '../kit/unreliable-store.ts';
import { type Content, ModelAccount, Refused } from './account-model.ts';
import { type Fate, firstMailboxes, type Semantic } from './semantics.ts';

/** One operation that was asked for, whatever turns it takes. */
export interface Doing {
  readonly what: string;
  /** For the next change it makes. */
  readonly judge: Semantic;
  /** What became of its changes. */
  readonly fates: Fate[];
}

interface ModelTurn {
  readonly account: AccountState;
  /** Of the account when the turn began. */
  readonly base: number;
  readonly isBehind: boolean;
  model: ModelAccount;
  readonly changes: { readonly what: string; readonly fates: Fate[]; readonly index: number }[];
}

export class Truth {
  readonly #accounts = new Map<AccountId, ModelAccount>();
  /** Flags and keywords of a message at a modseq, for all that was ever true: `mailbox uid modseq`. */
  readonly #history = new Map<AccountId, Map<string, string>>();
  /** Who else had seen it then. */
  readonly #seenBy = new Map<AccountId, Map<string, readonly AccountId[]>>();
  readonly #contents = new Map<AccountId, Map<string, Content>>();
  /** Accounts that are being removed: nothing is promised to them. */
  readonly doomed = new Set<AccountId>();
  /** Turns that were refused, for whatever reason. */
  refusals = 0;
  /** The first thing that was wrong. */
  failure: Error | undefined;
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  of(account: AccountId): ModelAccount {
    return this.#accounts.get(account) ?? new ModelAccount();
  }

  commit(account: AccountId, model: ModelAccount): void {
    const before = this.#accounts.get(account);
    this.#accounts.set(account, model);
    const history = at(this.#history, account);
    const contents = at(this.#contents, account);
    const readers = at(this.#seenBy, account);
    for (const [id, { messages }] of [...model.mailboxes, ...model.gone]) {
      const known = before?.find(id)?.messages;
      if (known === messages) continue;
      for (const message of messages.values()) {
        if (known?.get(message.uid) === message) continue;
        const key = `${id} ${message.uid} ${message.modseq}`;
        const shown = `${message.flags} ${message.keywords}`;
        const other = history.get(key);
        assert.ok(
          other === undefined || other === shown,
          `modseq ${message.modseq} was given twice: UID ${message.uid}`,
        );
        history.set(key, shown);
        if (model.mailboxes.has(id)) noteReaders(readers, key, message.seenBy);
        contents.set(`${id} ${message.uid}`, message.content);
      }
    }
  }

  /** Whether a client may be told this, the owner's or another `reader`'s: it was true at some time, under this modseq. */
  wasTrue(
    account: AccountId,
    mailbox: MailboxId,
    told: { uid: number; modseq: number; shown: string },
    reader?: AccountId,
  ): boolean {
    const key = `${mailbox} ${told.uid} ${told.modseq}`;
    const was = this.#history.get(account)?.get(key);
    if (reader === undefined || was === undefined) return was === told.shown;
    return asSeenBy(was, this.#seenBy.get(account)?.get(key)?.includes(reader) === true) === told.shown;
  }

  /** No UID comes back: a client that was told that this message is gone will never look for it again. */
  isThere(account: AccountId, mailbox: MailboxId, uid: number): boolean {
    return this.of(account).mailboxes.get(mailbox)?.messages.has(uid) === true;
  }

  /** Of a message that is or was in a mailbox. */
  contentOf(account: AccountId, mailbox: MailboxId, uid: number): Content | undefined {
    return this.#contents.get(account)?.get(`${mailbox} ${uid}`);
  }

  note(line: string): void {
    this.#log(line);
  }

  /** Inside the domain an assertion would be taken for a refusal, so it is kept for the scheduler. */
  check(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failure ??= error as Error;
      this.#log(`FAILED ${(error as Error).message}`);
    }
  }
}

/** The domain's turns, each change of which is judged. */
export class JudgedTurns extends Turns {
  readonly #truth: Truth;
  readonly #doing = new AsyncLocalStorage<Doing>();
  readonly #open: ModelTurn[] = [];
  readonly #turnOfBatch: WeakMap<AccountBatch, ModelTurn>;
  readonly #written = new WeakSet<ModelTurn>();

  constructor(store: UnreliableStore, clock: Clock, truth: Truth) {
    const turnOfBatch = new WeakMap<AccountBatch, ModelTurn>();
    const write = (batches: readonly AccountBatch[]): StoreWrite => {
      const turn = store.write(batches);
      void turn.committed.then((outcomes) => {
        for (const [i, batch] of batches.entries()) {
          const { [i]: outcome } = outcomes;
          truth.check(() => settle(truth, turnOfBatch.get(batch), outcome, store.refused.has(batch)));
        }
      });
      return turn;
    };
    super({ write }, clock, silentLog);
    this.#truth = truth;
    this.#turnOfBatch = turnOfBatch;
  }

  /** All changes that `work` makes, however late, are this operation's. */
  doing<T>(doing: Doing, work: () => Promise<T>): Promise<T> {
    return this.#doing.run(doing, work);
  }

  override run<T>(operation: Operation<T>): Promise<T> {
    const doing = this.#doing.getStore();
    if (doing === undefined) throw new Error('a change that nobody has asked for');
    return super.run({ ...operation, run: (change) => this.#judge(doing, operation, change) });
  }

  #judge<T>(doing: Doing, { account, run }: Operation<T>, change: AccountChange): T {
    const turn = this.#turnOf(account, change);
    const before = account.modseq;
    turn.model.nowMs = change.nowMs;
    // Making an account's first mailboxes is nobody's own change: whoever came first has begun it.
    const isFirst = turn.model.modseq === 0 && turn.model.mailboxes.size === 0;
    const fates = isFirst ? [] : doing.fates;
    const semantic = isFirst ? firstMailboxes : doing.judge;
    let value: T | undefined;
    let thrown: unknown;
    try {
      value = run(change);
    } catch (error) {
      thrown = error;
    }
    if (!this.#truth.doomed.has(account.id) && !turn.isBehind) {
      this.#truth.check(() => judge(turn, { doing, semantic, account, before, value, thrown }));
    }
    const index = fates.push(thrown === undefined ? 'made' : 'thrown') - 1;
    if (thrown !== undefined) throw thrown;
    turn.changes.push({ what: doing.what, fates, index });
    return value as T;
  }

  #turnOf(account: AccountState, change: AccountChange): ModelTurn {
    const open = this.#open.find((turn) => turn.account === account);
    if (open !== undefined) return open;
    const model = this.#truth.of(account.id);
    const isBehind = account.modseq !== model.modseq;
    const turn = { account, base: account.modseq, isBehind, model: model.copy(), changes: [] };
    this.#open.push(turn);
    // A flush is synchronous: what comes later is another turn.
    queueMicrotask(() => this.#close(turn));
    const toBatch = change.toBatch.bind(change);
    change.toBatch = (...args) => {
      const batch = toBatch(...args);
      this.#turnOfBatch.set(batch, turn);
      this.#written.add(turn);
      return batch;
    };
    return turn;
  }

  #close(turn: ModelTurn): void {
    this.#open.splice(this.#open.indexOf(turn), 1);
    if (this.#written.has(turn)) return;
    for (const { fates, index } of turn.changes) fates[index] = 'applied';
    this.#truth.check(() => {
      const isLost = turn.model.isChanged && !turn.isBehind && !this.#truth.doomed.has(turn.account.id);
      assert.ok(!isLost, 'a change was made in memory and not written');
    });
  }
}

interface Made {
  readonly doing: Doing;
  readonly semantic: Semantic;
  readonly account: AccountState;
  readonly before: number;
  readonly value: unknown;
  readonly thrown: unknown;
}

function judge(turn: ModelTurn, { doing, semantic, account, before, value, thrown }: Made): void {
  if (thrown !== undefined && !(thrown instanceof MailboxError)) throw thrown;
  const { modseq } = account;
  const attempt = turn.model.copy();
  try {
    semantic(attempt, { account, modseq, value, isThrown: thrown !== undefined, fates: doing.fates });
  } catch (error) {
    if (!(error instanceof Refused)) {
      if (thrown === undefined) throw error;
      throw new Error(`${doing.what} was refused (${thrown.code}: ${thrown.message}) and must not be`, {
        cause: error,
      });
    }
    assert.ok(thrown !== undefined, `${doing.what} must be refused: ${error.message}`);
    assert.ok(
      error.codes.includes(thrown.code),
      `${doing.what}: refused with ${thrown.code}, not ${error.message}`,
    );
    return;
  }
  assert.ok(thrown === undefined, `${doing.what} was refused (${thrown?.message}) and must not be`);
  assert.ok(!attempt.isChanged || modseq > before, `${doing.what} changed something without a modseq`);
  attempt.modseq = modseq;
  attempt.isChanged ||= turn.model.isChanged;
  turn.model = attempt;
}

function settle(
  truth: Truth,
  turn: ModelTurn | undefined,
  refusal: StoreError | undefined,
  isMadeUp: boolean,
): void {
  assert.ok(turn !== undefined, 'a batch that no turn has made');
  const { account, base, changes, model } = turn;
  for (const { fates, index } of changes) fates[index] = refusal === undefined ? 'applied' : 'refused';
  if (refusal !== undefined) truth.refusals++;
  if (truth.doomed.has(account.id)) return;
  const now = truth.of(account.id).modseq;
  if (refusal !== undefined) {
    const isExpected = isMadeUp || base !== now || turn.isBehind;
    const what = changes.map(({ what }) => what).join('; ');
    assert.ok(isExpected, `the store refused what was right (${refusal.message}): ${what}`);
    return;
  }
  assert.ok(!turn.isBehind && base === now, `a change on modseq ${base} was applied at ${now}`);
  truth.commit(account.id, model);
}

/** Whoever has seen a message has changed it. */
function noteReaders(
  readers: Map<string, readonly AccountId[]>,
  key: string,
  seenBy: readonly AccountId[] = [],
): void {
  assert.deepEqual(readers.get(key) ?? seenBy, seenBy, `${key}: seen by others, and no new modseq`);
  readers.set(key, seenBy);
}

/** What is shown of a message to whom it is not: his own \\Seen. */
export function asSeenBy(shown: string, isSeen: boolean): string {
  const [flags = '', ...keywords] = shown.split(' ');
  const bits = Number(flags) & ~FLAG.Seen;
  return [isSeen ? bits | FLAG.Seen : bits, ...keywords].join(' ');
}

function at<T>(maps: Map<AccountId, Map<string, T>>, account: AccountId): Map<string, T> {
  const map = maps.get(account) ?? new Map<string, T>();
  maps.set(account, map);
  return map;
}

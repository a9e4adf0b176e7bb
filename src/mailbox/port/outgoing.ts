/**
 * The port for mail that is to leave. Messages come with an AccountBatch (`RowChange`, kind `outgoing`), in one piece with what
 * made them: a copy in Sent, a delivery that was forwarded. From then on their recipients are changed here, without the account's
 * modseq, because no client sees them and many are changed at once.
 *
 * Whoever works on a message claims it first. In the embedded store claims are kept in memory: the process that holds the
 * account is the only one that could want it, and a killed one holds nothing.
 */
import type { AccountId } from '../model/model.ts';
import type {
  Outgoing,
  OutgoingId,
  OutgoingLogEntry,
  OutgoingRoute,
  RecipientChange,
  RecipientState,
} from '../model/outgoing.ts';
import type { StoreError } from './store-error.ts';

/** As much of a recipient as it takes to put it into a line. */
export interface DueRecipient {
  readonly outgoing: OutgoingId;
  readonly n: number;
  readonly nextMs: number;
  readonly state: RecipientState;
  readonly route: OutgoingRoute;
  readonly address: string;
  /** Of its message. */
  readonly priority: number;
}

/** A place in the order by time, message and `n`. */
export type DuePlace = Pick<DueRecipient, 'nextMs' | 'outgoing' | 'n'>;

export interface OutgoingCounts {
  readonly messages: number;
  /** Recipients that are due at the moment asked about. */
  readonly due: number;
  /** Recipients. */
  readonly held: number;
  /** When the oldest message was accepted; undefined when there is none. */
  readonly oldestMs: number | undefined;
}

export interface OutgoingStore {
  /** Of the accounts that are held here: what is due up to and including a moment, by time, at most `limit`, behind a place. */
  loadDue(untilMs: number, limit: number, after?: DuePlace): Promise<readonly DueRecipient[]>;
  /** In the order asked; undefined for what is gone. Keep them few: rows can carry a header. */
  load(ids: readonly OutgoingId[]): Promise<readonly (Outgoing | undefined)[]>;
  /** Ascending by id, above `after`, at most `limit`; of one account or of all that are held here. */
  list(after: number, limit: number, account?: AccountId): Promise<readonly Outgoing[]>;
  /** How many recipients the account has, counted no further than `atMost`. */
  countRecipients(account: AccountId, atMost: number): Promise<number>;
  /** Octets of the emails that its messages refer to, each as often as a message does. */
  countOctets(account: AccountId): Promise<number>;
  measure(nowMs: number): Promise<OutgoingCounts>;

  /** Those that this owner has from now on, for as long as it says; nobody else gets them until then, or until they are given back. */
  claim(ids: readonly OutgoingId[], owner: string, untilMs: number): Promise<readonly OutgoingId[]>;
  giveBack(ids: readonly OutgoingId[], owner: string): void;

  /**
   * In the order asked, once it is durable: true when it was made, false when there is no such recipient or it is in another state, why
   * not when the store refused it. The changes of an account are made whole or not at all.
   */
  settle(changes: readonly RecipientChange[]): Promise<readonly (boolean | StoreError)[]>;

  /** What happened to a message, in its order, the newest `limit`. */
  loadLog(outgoing: OutgoingId, limit: number): Promise<readonly OutgoingLogEntry[]>;
  /** Forgets at most `limit` lines from before; returns how many. */
  pruneLog(beforeMs: number, limit: number): Promise<number>;
}

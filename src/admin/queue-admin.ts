/** What an administrator can do with mail that is to leave. */
import type {
  OutgoingEvent,
  OutgoingId,
  OutgoingKind,
  OutgoingRecipient,
} from '../mailbox/model/outgoing.ts';

export interface QueuedMessage {
  /** `12-345`: the number of its account, and its own. */
  readonly id: string;
  /** The account's address. */
  readonly account: string;
  readonly sender: string;
  readonly kind: OutgoingKind;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly holdUntilMs?: number;
  readonly recipients: readonly QueuedRecipient[];
}

export interface QueuedRecipient
  extends Pick<
    OutgoingRecipient,
    'address' | 'state' | 'attempts' | 'nextMs' | 'lastAtMs' | 'lastHost' | 'lastReply'
  > {
  /** Why it is held, in the words of whoever holds it. */
  readonly heldFor?: string;
}

/** For whoever looks at one. */
export interface QueuedInFull extends QueuedMessage {
  /** Decoded, in one line. */
  readonly subject?: string;
  /** As it leaves. */
  readonly sizeBytes?: number;
}

export interface QueueEvent {
  readonly atMs: number;
  readonly address: string;
  readonly event: OutgoingEvent;
  readonly detail: string;
}

/** All that is named has to fit. */
export interface QueueFilter {
  readonly account?: string;
  /** Of recipients. */
  readonly domain?: string;
}

export interface QueuePage extends QueueFilter {
  /** Behind this id. */
  readonly after?: string;
  readonly limit: number;
}

/** `cancel`: taken back, as a draft of its sender's. */
export const QUEUE_CHANGES = ['retry', 'hold', 'release', 'cancel', 'drop'] as const;

export interface QueueChange {
  readonly what: (typeof QUEUE_CHANGES)[number];
  /** Of these, or of all that the filter lets through. */
  readonly ids?: readonly string[];
  readonly filter?: QueueFilter;
  /** Of holding and dropping. */
  readonly reason?: string;
  /** The sender is told of what is dropped; when it is not said, somebody of ours who has sent it himself. */
  readonly isReported?: boolean;
}

/**
 * Why nothing was done to a message. `unknown`: there never was one, or long ago; `cancelled`, `dropped`, `delivered`, `failed`, `ended`: it
 * is gone already; `under way`: it is being sent at this moment; `later`: its sender wants it to leave later; `tried`: others may know of it;
 * `tried here`: only mailboxes of ours were asked to take it; `passed on`: nobody here has sent it; `held`, `waiting`: it is so already, or has to be the other; `fault`: the server could not, and its log says why.
 */
export const UNCHANGED = [
  ...(['unknown', 'cancelled', 'dropped', 'delivered', 'failed', 'ended'] as const),
  ...(['under way', 'later', 'tried', 'tried here', 'passed on', 'held', 'waiting', 'fault'] as const),
] as const;
export type Unchanged = (typeof UNCHANGED)[number];

/** What became of one that was named. */
export interface ChangedMessage extends Pick<QueuedInFull, 'subject'> {
  readonly id: string;
  /** For how many of its recipients it was done. */
  readonly recipients: number;
  /** Absent when something was done. */
  readonly why?: Unchanged;
  /** As it was before; these are absent of one that was not there. */
  readonly account?: string;
  readonly sender?: string;
  readonly kind?: OutgoingKind;
  /** The first of them. */
  readonly to?: readonly string[];
  readonly toCount?: number;
  /** As it is now: when it is tried. */
  readonly nextMs?: number;
  /** Of what its sender wants to leave later: it can still be taken back. */
  readonly isUntried?: boolean;
}

export const MOST_NAMED = 100;

export interface QueueChanged {
  /** For how many it was done, in all. */
  readonly recipients: number;
  /** For how many of the messages that were named nothing was done; 0 when a filter chose them. */
  readonly unchanged: number;
  /**
   * In the order in which they were named, the first `MOST_NAMED` of them. Of as many that a filter chose: those to which something was
   * done, or could not be (`later`, `fault`).
   */
  readonly messages: readonly ChangedMessage[];
}

export interface DestinationFacts {
  readonly key: string;
  readonly waiting: number;
  readonly active: number;
  readonly isDown: boolean;
  readonly restsUntilMs?: number;
}

export interface QueueState {
  readonly messages: number;
  /** Recipients, as those that are held. */
  readonly due: number;
  readonly held: number;
  readonly oldestMs?: number;
  readonly isPaused: boolean;
  /** Absent while no server runs. */
  readonly destinations?: readonly DestinationFacts[];
}

export interface QueueAdmin {
  /** In the order of their ids. */
  list(page: QueuePage): Promise<readonly QueuedMessage[]>;
  /** Undefined when it is not there any more. */
  find(id: string): Promise<QueuedInFull | undefined>;
  /** What happened to a message, also to one that has ended in the last thirty days; empty for one that never was. */
  events(id: string): Promise<readonly QueueEvent[]>;
  change(change: QueueChange): Promise<QueueChanged>;
  state(): Promise<QueueState>;
  /** Throws `cannot` where no server runs. */
  setPaused(isPaused: boolean): Promise<void>;
}

/** What sends mail, as far as an administrator can tell it anything. */
export interface RunningQueue {
  readonly isPaused: boolean;
  pause(): void;
  resume(): void;
  /** Places that were not there are asked at once. */
  forgive(): void;
  /** What became of these and could not be written down is, or it rejects. */
  writeDown(ids: readonly OutgoingId[]): Promise<void>;
  destinations(): readonly DestinationFacts[];
}

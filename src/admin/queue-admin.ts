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

export type QueuedRecipient = Pick<
  OutgoingRecipient,
  'address' | 'state' | 'attempts' | 'nextMs' | 'lastAtMs' | 'lastHost' | 'lastReply'
>;

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

export interface DestinationFacts {
  readonly key: string;
  readonly waiting: number;
  readonly active: number;
  readonly isDown: boolean;
  readonly restsUntilMs?: number;
}

export interface QueueState {
  readonly messages: number;
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
  /** What happened to a message, also to one that has ended in the last thirty days; empty for one that never was. */
  events(id: string): Promise<readonly QueueEvent[]>;
  /** For how many recipients it was done. */
  change(change: QueueChange): Promise<number>;
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

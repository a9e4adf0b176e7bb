/**
 * What a run asks for, as values. Nothing has happened when they are handed out: the caller carries them out, all in one commit where
 * it can, and answers for them.
 */
import type { Place } from './syntax/fault.ts';

/** The command that asked for it. */
export interface Origin {
  /** The name of its script, '' for the one that was never stored. */
  readonly script: string;
  readonly place: Place;
}

/**
 * The message as a script has changed it (RFC 5293, RFC 5703): effects with the same edition share it. Header with its blank line;
 * without a body, the body is the one that came.
 */
export interface Edition {
  readonly header: Buffer;
  readonly body?: Buffer;
}

/** Where a copy goes. The name is as the script has it, except that INBOX is written so and a found id or special use is its mailbox. */
export interface Target {
  readonly mailbox: string;
  /** With its parents, and to be subscribed (RFC 5490 §3.2). */
  readonly mayCreate: boolean;
  /** What a mailbox that is made for this copy is for: `\Junk` (RFC 8579 §4). */
  readonly specialUse?: string;
  /** In the spelling of IMAP, each once. */
  readonly flags: readonly string[];
}

export interface FileEffect {
  readonly kind: 'keep' | 'fileinto';
  readonly target: Target;
  readonly edition: Edition | undefined;
  /** Nobody asked for it: the message was not disposed of otherwise (RFC 5228 §2.10.2), or a script failed. */
  readonly isImplicit: boolean;
  /** The mailbox that the script named and that is not there; this is INBOX instead. */
  readonly insteadOf?: string;
  readonly origin: Origin | undefined;
}

/** RFC 6009 §4 and §6. */
export interface RedirectOptions {
  readonly notify?: string;
  readonly ret?: string;
  readonly byTime?: { readonly seconds: number } | { readonly at: string };
  readonly byMode?: string;
  readonly byTrace?: boolean;
}

export interface RedirectEffect {
  readonly kind: 'redirect';
  /** `local@domain`; or, with `members`, the name of a list (RFC 6134 §2.5). */
  readonly address: string;
  readonly members?: readonly string[];
  readonly options: RedirectOptions;
  readonly edition: Edition | undefined;
  readonly origin: Origin;
}

export interface DiscardEffect {
  readonly kind: 'discard';
  readonly origin: Origin;
}

/** RFC 5429; both cancel delivery. `ereject` never becomes a mail of its own. */
export interface RejectEffect {
  readonly kind: 'reject' | 'ereject';
  readonly reason: string;
  readonly origin: Origin;
}

/** A reply to be sent, already judged by RFC 5230 §4.5-4.6 and by the memory that the environment has. */
export interface VacationEffect {
  readonly kind: 'vacation';
  /** Whom to answer: the sender of the envelope. */
  readonly to: string;
  /** What the From field shall be, checked to be one address; undefined: the owner's. */
  readonly from: string | undefined;
  readonly subject: string;
  /** Text, or with `isMime` a MIME entity with its header. */
  readonly reason: string;
  readonly isMime: boolean;
  /** For In-Reply-To and References: as the message has them. */
  readonly inReplyTo: string | undefined;
  readonly references: string;
  readonly fileCopy: Target | undefined;
  /** To be remembered with the commit, so that nobody is answered twice. */
  readonly memory: ReplyMemory;
  readonly origin: Origin;
}

export interface ReplyMemory {
  /** Tells replies apart: the handle, or a hash of what is said (RFC 5230 §4.2). */
  readonly key: string;
  readonly address: string;
  readonly seconds: number;
}

/** RFC 5435 by mail, RFC 5436. */
export interface NotifyEffect {
  readonly kind: 'notify';
  /** As the script has it. */
  readonly method: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly subject: string;
  readonly body: string;
  readonly from: string | undefined;
  /** 1 high, 2 normal, 3 low. */
  readonly importance: 1 | 2 | 3;
  /** Further fields that the URI asks for, checked: name and value. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly fileCopy: Target | undefined;
  readonly origin: Origin;
}

export type Effect =
  | FileEffect
  | RedirectEffect
  | DiscardEffect
  | RejectEffect
  | VacationEffect
  | NotifyEffect;

/** What the duplicate test saw, to be remembered in the commit that carries out the effects (RFC 7352 §3). */
export interface SeenId {
  readonly handle: string;
  readonly id: string;
  readonly seconds: number;
  /** The time runs from now on even if it was remembered already. */
  readonly isRenewed: boolean;
}

/**
 * What a run may ask, and all it may ask. Whoever runs scripts fills this in; what is known at once is returned, what must be fetched
 * is a promise. Nothing here changes anything.
 */

import type { HeaderBlock } from '../mail/header.ts';
import type { PartOffsets } from '../mail/part.ts';
import type { Script } from './compile/script.ts';
import type { ReplyMemory } from './effects.ts';
import type { Answer } from './run/steps.ts';

export interface Message {
  readonly sizeBytes: number;
  readonly header: HeaderBlock;
  /** Asked only by scripts that look at parts. */
  parts(): Answer<PartOffsets>;
  /** Octets of the message; asked only by scripts that look at the body or change it. */
  read(from: number, to: number): Answer<Buffer>;
}

/** What the sender's server said (RFC 5321); of an address `local@domain`, of the null sender ''. */
export interface Envelope {
  readonly from: string;
  /** The recipient for whom the script runs, as it was addressed. */
  readonly to: string;
  /** RFC 3461, for `envelope-dsn`: the parameters as they came, xtext decoded. */
  readonly notify?: string;
  readonly orcpt?: string;
  readonly ret?: string;
  readonly envid?: string;
  /** RFC 2852, for `envelope-deliverby`. */
  readonly byTime?: {
    readonly untilMs: number;
    readonly mode: 'notify' | 'return';
    readonly isTraced: boolean;
  };
}

/** Names of mailboxes as the owner has them, `/` between levels. */
export interface Mailboxes {
  /** There, and the owner may put mail into it. */
  exists(mailbox: string): Answer<boolean>;
  withId(id: string): Answer<string | undefined>;
  /** The mailbox that is for this: `\Junk`. */
  withSpecialUse(attribute: string): Answer<string | undefined>;
  hasSpecialUse(mailbox: string, attribute: string): Answer<boolean>;
  /** RFC 5464; undefined when there is none. */
  metadata(mailbox: string, annotation: string): Answer<string | undefined>;
  serverMetadata(annotation: string): Answer<string | undefined>;
}

/** RFC 6134. */
export interface Lists {
  /** A list that can be asked. */
  exists(list: string): Answer<boolean>;
  contains(list: string, value: string): Answer<boolean>;
  /** Addresses that `redirect` sends to; undefined: the list is not one to be written to. */
  members(list: string): Answer<readonly string[] | undefined>;
}

export interface Memory {
  /** Whether a `SeenId` of this handle and id was remembered and has not expired. */
  hasSeen(handle: string, id: string): Answer<boolean>;
  /** Whether this reply went to this address within its time. */
  hasReplied(memory: ReplyMemory): Answer<boolean>;
}

/** Undefined when nothing was asked. */
export interface Filtered {
  /** From 0, surely no spam, to 1. */
  readonly spam?: number;
  /** From 1, clean, to 5, surely harmful. */
  readonly virus?: number;
}

/** What was found out about the message before. */
export interface Verdict {
  /** What filters found (RFC 5235). */
  filtered?(): Filtered;
  readonly isJunk?: boolean;
  /** A domain in From that is the server's own, when nothing proves that the message comes from there, or, `isChanged`, no matter what does. */
  claimedAuthor?(isChanged: boolean): Answer<string | undefined>;
}

export interface Environment {
  readonly message: Message;
  /** Unknown where no mail was delivered: a script that runs because a message was appended or changed (RFC 6785). */
  readonly envelope: Envelope | undefined;
  /** What the message is marked with when the script begins; nothing when it is delivered. */
  readonly flags?: readonly string[];
  /** All addresses of the owner, lower case: whom vacation answers for. */
  readonly addresses: readonly string[];
  /** Any of these stands between user and detail in a local part; '' when there are no details (RFC 5233). */
  readonly detailSeparators: string;
  readonly nowMs: number;
  /** The owner's zone at that time, minutes ahead of UTC. */
  readonly zoneMinutes: number;
  /** Items of RFC 5183 §4.1 and RFC 6785 §4, by name: `domain`, `host`, `name`, `version`, `location`, `phase`, `imap.cause`... */
  readonly items: ReadonlyMap<string, string>;
  readonly mailboxes: Mailboxes;
  readonly lists: Lists;
  readonly memory: Memory;
  readonly verdict: Verdict;
  /** RFC 6609 §3.2; undefined when there is no such script, or it is none. */
  include(location: 'personal' | 'global', name: string): Answer<Script | undefined>;
  /** Told of every test and of every command that does something, for the person who asks why. */
  readonly trace?: (step: TraceStep) => void;
}

export interface TraceStep {
  readonly script: string;
  readonly line: number;
  readonly column: number;
  readonly name: string;
  /** What a test found. */
  readonly result?: boolean;
}

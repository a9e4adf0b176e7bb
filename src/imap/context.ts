/**
 * What a command, and an item of one, may ask of its session, and what it is told about the call. Everything it can do to
 * the connection is here, so a test hands it an object of its own.
 */
import type { Log, LogFields } from '../base/log.ts';
import type { Exchange } from '../identity/exchange.ts';
import type { Presence } from '../identity/presence.ts';
import type { Sharing } from '../identity/sharing.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { Author } from '../mailbox/model/author.ts';
import type { Place } from '../mailbox/operations/visiting.ts';
import type { ViewerEvents } from '../mailbox/state/mailbox.ts';
import type { Lent } from '../net/send-memory.ts';
import type { Credentials, SaslTerms } from '../sasl/mechanism.ts';
import type { Modes } from './modes.ts';
import type { Reach } from './reach.ts';
import type { Completion } from './replies.ts';
import type { ImapSettings } from './settings.ts';
import type { State, StateKind, StateOf } from './state.ts';
import type { Uploaded, Uploads } from './uploads.ts';
import type { UrlAuthority } from './url/authority.ts';
import type { StreamedLiteral } from './wire/frame.ts';
import type { WireWriter } from './wire/writer.ts';
import type { Watched, Watching } from './wishes.ts';
import type { Language } from './words/language.ts';

/** What a command may ask in every state. */
export interface DialogueContext {
  readonly settings: ImapSettings;
  readonly log: Log;
  readonly modes: Modes;
  /** Who is there, and what it did to the account. */
  readonly presence: Presence;
  /** Untagged data goes here; it leaves at the end of the command or at a `breathe`. */
  readonly out: WireWriter;
  readonly isSecure: boolean;
  readonly capabilities: readonly string[];

  /** Texts for people are in this language from here on. */
  speak(language: Language): void;
  /** Sends what was written, when everything it was computed from is durable. */
  flush(): Promise<void>;
  /** In every long loop: sends when much is written, waits for a slow reader, lets others run. Cheap when none is due. */
  breathe(): Promise<void> | undefined;
  /** In a long loop in the middle of a line: lets others run, sends nothing. Cheap when it is not due. */
  rest(): Promise<void> | undefined;
  /** How far the command is, for a client that waits. */
  reached(done: number, goal: number): void;
  /** One line from the client, for a continuation; undefined when it is gone. Throws SyntaxFault when it is too long. */
  readLine(): Promise<Buffer | undefined>;
}

/** Before somebody has signed in. */
export interface DoorContext extends DialogueContext {
  /** How one can sign in here and now: whether passwords may be sent, and what else there is. */
  readonly saslTerms: SaslTerms;
  /** Checks the credentials and signs in; throws MailboxError. `mechanism`: how the client does it, for the log. */
  signIn(tag: string, credentials: Credentials, mechanism: string): Promise<Completion>;
  /** As `signIn`, by an exchange; throws `ExchangeFault` too. */
  exchange(tag: string, exchange: Exchange): Promise<Completion>;
  /** Answers OK and upgrades the connection; what the client sent before is dropped. */
  startTls(tag: string): Promise<void>;
}

/** What a command of an account may ask of its session. */
export interface SessionContext extends DialogueContext {
  readonly domain: Domain;
  /** Finds mailboxes by their names. */
  readonly reach: Reach;
  readonly sharing: Sharing;
  /** Who makes the changes that are made through this session. */
  readonly author: Author;
  /** The number of what was signed in with; undefined for a token of an issuer. */
  readonly credential: number | undefined;
  /** For the history of the account, and of the one whose mailbox it is. `what` is a constant. */
  note(place: Place, what: string, facts: LogFields): void;
  /** Waits for a line, or for something to tell (`hint`), or for `timeoutMs`; `end` when the client is gone. */
  waitForLine(timeoutMs: number): Promise<Buffer | 'hint' | 'timeout' | 'end'>;
  /** Writes all that may be told now; expunges too when `mayExpunge`. */
  tellUpdates(mayExpunge: boolean): Promise<void>;
  /** From here on it is told of this and nothing else (RFC 5465 §3.1). */
  watch(wanted: Watched): Watching;
  /** Memory for octets that will be written by reference. */
  lend(): Lent;
  /** Closes the open mailbox, if there is one; the state is `authenticated` from here on. */
  deselect(): void;
  /** For `openMailbox`: wakes the session when something changed. */
  readonly viewerEvents: ViewerEvents;
  readonly isCompressed: boolean;
  /** It can be signed out without being closed. */
  readonly mayGoBack: boolean;
  /** Answers the command with this tag first. */
  startCompression(tag: string): Promise<void>;
  /** The message that came in this literal of the command. */
  received(literal: StreamedLiteral): Uploaded;
  /** Makes and knows the tokens of URLs. */
  readonly urls: UrlAuthority;
  /** For a message that is put together here. */
  readonly uploads: Pick<Uploads, 'admit' | 'begin' | 'write' | 'end' | 'ended'>;
}

export type ContextOf<Kind extends StateKind> = Kind extends 'not-authenticated'
  ? DoorContext
  : SessionContext;

export interface Call<Kind extends StateKind = StateKind> {
  readonly tag: string;
  readonly session: ContextOf<Kind>;
  readonly state: StateOf<Kind>;
}

/** A command of whoever has signed in, whatever is open. */
export interface SignedIn {
  readonly session: SessionContext;
  readonly state: StateOf<'authenticated' | 'selected'>;
}

/** What is known when a literal is announced, before its command is complete. */
export interface LiteralContext {
  /** Messages on their way in. */
  readonly uploads: Pick<Uploads, 'admit' | 'admitUnknown'>;
  readonly reach: Reach | undefined;
  readonly state: State;
  readonly settings: ImapSettings;
  readonly modes: Modes;
}

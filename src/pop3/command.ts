/**
 * What a command is and what it may ask of its session. A command is a row of the table in `commands.ts`; the dialogue
 * does the rest: lines, states, errors, sending.
 */

import type { Socket } from 'node:net';
import type { Exchange } from '../identity/exchange.ts';
import type { Presence } from '../identity/presence.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Viewer } from '../mailbox/state/mailbox.ts';
import type { Credentials, SaslTerms } from '../sasl/mechanism.ts';
import type { Maildrop } from './maildrop.ts';
import type { MaildropReader } from './reader.ts';
import type { SeenMarker } from './seen.ts';
import type { AccountPop3, Pop3Settings } from './settings.ts';
import type { Language, Texts } from './texts.ts';

/** A signed-in session's hold on its mail. */
export interface Transaction {
  /** What is changed through it is this session's. */
  readonly domain: Domain;
  readonly account: AccountState;
  readonly viewer: Viewer;
  readonly maildrop: Maildrop;
  readonly reader: MaildropReader;
  readonly settings: AccountPop3;
  /** Undefined when fetching marks nothing. */
  readonly seen: SeenMarker | undefined;
}

export type State =
  | { readonly kind: 'authorization'; readonly username?: string }
  | ({ readonly kind: 'transaction' } & Transaction)
  /** Signed in, and served by whoever holds the account, who answers the command as well. */
  | { readonly kind: 'elsewhere'; readonly holder: Socket }
  | { readonly kind: 'ended' };

export type StateKind = State['kind'];

/** What a command may ask in every state. */
export interface DialogueContext {
  readonly settings: Pop3Settings;
  /** Who is there, and what it did to the account. */
  readonly presence: Presence;
  readonly isSecure: boolean;
  /** How one can sign in here and now. */
  readonly saslTerms: SaslTerms;
  readonly texts: Texts;
  /** UTF8 was given: messages go as they are, and STLS is over (RFC 6856 §2.1). */
  readonly isUtf8: boolean;

  /** A positive reply; a list follows when the command writes one with `lines`. */
  ok(text: string): void;
  /** Whole lines of a list that have no dot in front, each with CRLF. */
  lines(text: string): void;
  endList(): void;
  /** Octets as they are. */
  octets(pieces: readonly Buffer[]): void;
  /** In every long loop: sends when much is written, waits for a slow reader, lets others run. */
  breathe(): Promise<void> | undefined;
  speak(language: Language): void;
  /** The state is another from here on. */
  enter(state: State): void;
  /** Gives back the maildrop, if one is held: from here on another session may have it. */
  release(): Promise<void>;
}

/** Before somebody has signed in. */
export interface DoorContext extends DialogueContext {
  /** RFC 5034 §4: `+ ` and the challenge; gives the client's line, undefined when it is gone. */
  ask(challenge: Buffer): Promise<Buffer | undefined>;
  /** The state from here on, in which somebody else answers the command. `mechanism`: how the client does it, for the log. */
  signIn(credentials: Credentials, mechanism: string): Promise<State>;
  /** The same by an exchange; throws `ExchangeFault` too. */
  exchange(exchange: Exchange): Promise<State>;
  startTls(): Promise<void>;
  useUtf8(): void;
}

export type ContextOf<Kind extends StateKind> = [Kind] extends ['authorization']
  ? DoorContext
  : DialogueContext;

export interface Call<Kind extends StateKind = StateKind> {
  readonly session: ContextOf<Kind>;
  readonly state: Extract<State, { readonly kind: Kind }>;
  /** All after the first blank. */
  readonly argument: Buffer;
}

export interface Command<Kind extends StateKind = StateKind> {
  readonly states: readonly Kind[];
  run(call: Call<Kind>): Promise<void> | void;
}

/** In the states it names, a command gets exactly those; the table holds commands of all kinds. */
export function command<Kind extends StateKind>(
  states: readonly Kind[],
  run: (call: Call<Kind>) => Promise<void> | void,
): Command {
  return { states, run } as unknown as Command;
}

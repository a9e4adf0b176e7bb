/**
 * What a command is and what it may ask of its session. A command is a row of the table in `commands.ts`; the session
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

/** The maildrop is open here, or elsewhere. */
export type SignedIn = Extract<State, { readonly kind: 'transaction' | 'elsewhere' }>;

export interface SessionContext {
  readonly domain: Domain;
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

  /** RFC 5034 §4: `+ ` and the challenge; gives the client's line, undefined when it is gone. */
  ask(challenge: Buffer): Promise<Buffer | undefined>;
  /** `mechanism`: how the client signs in, for the log. */
  signIn(credentials: Credentials, mechanism: string): Promise<SignedIn>;
  /** The same by an exchange; throws `ExchangeFault` too. */
  exchange(exchange: Exchange): Promise<SignedIn>;
  startTls(): Promise<void>;
  speak(language: Language): void;
  useUtf8(): void;
  enter(state: State): void;
  /** Gives back the maildrop: from here on another session may have it. */
  release(): Promise<void>;
}

export interface Call<Kind extends State['kind'] = State['kind']> {
  readonly session: SessionContext;
  readonly state: Extract<State, { readonly kind: Kind }>;
  /** All after the first blank. */
  readonly argument: Buffer;
}

export interface Command<Kind extends State['kind'] = State['kind']> {
  readonly states: readonly Kind[];
  run(call: Call<Kind>): Promise<void> | void;
}

/** In the states it names, a command gets exactly those; the table holds commands of all kinds. */
export function command<Kind extends State['kind']>(
  states: readonly Kind[],
  run: (call: Call<Kind>) => Promise<void> | void,
): Command {
  return { states, run } as unknown as Command;
}

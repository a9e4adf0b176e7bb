/** What a command is, and what it may ask of its session. */
import type { Socket } from 'node:net';
import type { Exchange } from '../identity/exchange.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Editing } from '../rules/editing.ts';
import type { SaslTerms } from '../sasl/mechanism.ts';
import { Mistake } from './faults.ts';
import type { Word } from './wire/frame-reader.ts';
import type { Code } from './wire/writer.ts';

export type State =
  | { readonly kind: 'authorization' }
  | { readonly kind: 'signed-in'; readonly account: AccountState }
  /** Its connection goes on at the account's holder. */
  | { readonly kind: 'elsewhere'; readonly holder: Socket }
  | { readonly kind: 'ended' };

export interface SessionContext {
  readonly domain: Domain;
  readonly editing: Editing;
  readonly saslTerms: SaslTerms;
  readonly isSecure: boolean;
  /** Lines of the answer; what ends a command is `ok`, or what it throws. */
  say(bytes: Buffer): void;
  ok(text?: string, code?: Code): void;
  tellCapabilities(): void;
  signIn(exchange: Omit<Exchange, 'ask' | 'terms'>): Promise<void>;
  startTls(): Promise<void>;
  signOut(): void;
  end(): void;
  /** What was done to the account's scripts, for its activity. */
  note(what: string, facts: { readonly script: string }): void;
}

export interface Call {
  readonly session: SessionContext;
  readonly state: State;
  readonly args: Args;
}

export interface Command {
  readonly states: readonly State['kind'][];
  readonly run: (call: Call) => void | Promise<void>;
}

/** The words behind the name of a command. Each `take` throws `Mistake` when the word is not what is wanted. */
export class Args {
  readonly #words: readonly Word[];
  #next = 0;

  constructor(words: readonly Word[]) {
    this.#words = words;
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#words.length;
  }

  octets(what: string): Buffer {
    const word = this.#words[this.#next++];
    if (word?.kind !== 'string') throw new Mistake(`Expected ${what}, a string`);
    return word.bytes;
  }

  text(what: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.octets(what));
    } catch (error) {
      if (error instanceof Mistake) throw error;
      throw new Mistake(`Expected ${what} in UTF-8`);
    }
  }

  number(what: string): number {
    const word = this.#words[this.#next++];
    if (word?.kind !== 'number' || word.value > 0xffff_ffff) throw new Mistake(`Expected ${what}, a number`);
    return word.value;
  }

  end(): void {
    if (!this.isAtEnd) throw new Mistake('There are more arguments than the command has');
  }
}

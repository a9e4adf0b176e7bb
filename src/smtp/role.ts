/**
 * What one relative of SMTP is, as the session that speaks for all of them (`session.ts`) asks it: who may greet, what is
 * offered, who may send, who receives, what becomes of a message. The session knows the grammar, the order of commands,
 * their limits and deadlines; a role knows none of that.
 */
import type { Socket } from 'node:net';
import type { DataRead } from './input.ts';
import type { Extension, MailParameters, RecipientParameters } from './parameters.ts';
import type { Reply } from './reply.ts';

/** Thrown where the session is over: says why, and closes. */
export class Farewell extends Error {
  override readonly name = 'Farewell';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.text);
    this.reply = reply;
  }
}

/** Thrown where the connection goes on at another process of ours: what comes from now on is its. */
export class Moved extends Error {
  override readonly name = 'Moved';
  readonly holder: Socket;

  constructor(holder: Socket) {
    super('the connection goes on elsewhere');
    this.holder = holder;
  }
}

/** Thrown where a message is given up before its end, and the connection goes on: says why. */
export class MessageDropped extends Error {
  override readonly name = 'MessageDropped';
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(reply.text);
    this.reply = reply;
  }
}

/** The connection ended before the message did: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export interface Hello {
  /** As the client calls itself; not to be believed, and without control characters. */
  readonly name: string;
  /** EHLO or LHLO, not HELO. */
  readonly isExtended: boolean;
}

export interface Sender {
  /** As it came, without brackets and route; empty for a bounce. */
  readonly address: string;
  /** What the client says the message has; one octet when it says nothing. */
  readonly declaredBytes: number;
  readonly parameters: MailParameters;
  readonly hello: Hello;
}

export interface NamedTo {
  /** As it came, without brackets and route; never empty. */
  readonly address: string;
  readonly parameters: RecipientParameters;
}

/** The next piece of a message; undefined when the client went away before its end. Throws ReadTimeout. */
export type ReadMessage = () => Promise<DataRead | undefined>;

/** What a URL leads to. */
export interface NamedOctets {
  /** It has no more. */
  readonly sizeBytes: number;
  /** Throws `MessageDropped` when they cannot be read to their end. */
  readonly octets: AsyncIterator<Buffer>;
}

/** From MAIL to the end of the message, or to RSET. */
export interface Transaction {
  /** 250 takes the recipient. */
  recipient(to: NamedTo): Promise<Reply> | Reply;
  /**
   * Reads the message to its end, whatever is wrong with it, and gives what is said then: one reply, or, in LMTP, one for each
   * recipient that was taken, in their order. `id` names the message in logs and replies. Throws `ClientGone`, and what
   * `read` throws.
   */
  message(read: ReadMessage, id: string): Promise<readonly Reply[]>;
  /** What whoever sends may send by this URL (RFC 4468); undefined: nothing. */
  url?(url: string): Promise<NamedOctets | undefined>;
  /** A command between two chunks that is none of SMTP's own; undefined: of nobody's. */
  between?(verb: string, argument: string): Reply | undefined;
}

/** What the verbs of a role may do with the connection. */
export interface Dialogue {
  /** How the client has greeted, if it has. */
  readonly hello: Hello | undefined;
  say(reply: Reply): void;
  /** The client's next line, without its end: to a challenge. Undefined when it is gone. Throws `Farewell`, ReadTimeout. */
  line(): Promise<Buffer | undefined>;
  /** What was said before is forgotten; a transaction that was begun too. */
  reset(): void;
}

/** Throws `CommandFault`, which is said and counted as a mistake, `Farewell` and `Moved`. */
export type Verb = (argument: string, dialogue: Dialogue) => Promise<void> | void;

export interface Role {
  /** Behind the host name in the greeting: `LMTP`, `ESMTP`. */
  readonly title: string;
  /** The verbs by which clients greet, the one that is asked for first. `HELO` gets no extensions. */
  readonly hellos: readonly string[];
  /**
   * What is offered at this moment, besides STARTTLS, of which the session knows. Verbs and parameters are taken as far as
   * they are offered.
   */
  extensions(): readonly Extension[];
  /** Of its own, in capitals. */
  readonly verbs: Readonly<Record<string, Verb>>;
  /** Instead of the greeting, where the client is not welcome: 421 or 554. */
  refuses?(): Reply | undefined;
  /** Before each command; how long somebody is kept waiting who has earned it. */
  delay?(): Promise<void> | undefined;
  /** The transaction that MAIL begins, or why not: a reply that is no mistake of the client's. */
  begin(sender: Sender): Promise<Transaction | Reply> | Transaction | Reply;
  /** The connection is over. */
  close(): void;
}

import type { MailSink } from '../sink.ts';

/**
 * A server under measurement: how to start it on a temporary folder, where it listens, which processes are its own.
 */
export interface Ports {
  readonly imap: number;
  readonly imaps: number;
  readonly lmtp: number;
  readonly pop3: number;
  readonly pop3s: number;
  /** Of servers that have them: mail from the world, and mail that people send. */
  readonly smtp?: number;
  readonly submission?: number;
  /** JMAP, in the clear. */
  readonly http?: number;
}

/** Of a server that takes mail from the world and brings it there. */
export interface MailService {
  /** Another server of the same kind, which has the mail of FAR_DOMAIN. */
  readonly far: Running | undefined;
  /** Where all other mail for elsewhere goes. */
  readonly sink: MailSink;
  /** What somebody who sends mail says before; empty: nothing. */
  readonly signIn: (user: number) => string;
  /** Whether it sends; what it takes meanwhile waits. */
  setSending(isOn: boolean): Promise<void>;
}

/** The domain of the users of the benchmark, and that of the server at the other end. */
export const DOMAIN = 'example.com';
export const FAR_DOMAIN = 'example.net';

export interface Compacted {
  readonly messages: number;
  readonly bytes: number;
}

/** What a backup or a restore has done, as the command says it. */
export interface Carried {
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** What running a script has taken, in milliseconds of processor time. */
export interface Filtered {
  readonly runs: number;
  readonly cpuMs: number;
}

export interface Running {
  readonly name: string;
  /** Of the last start. */
  readonly ports: Ports;
  /** Roots of its process trees, of the last start. */
  readonly pids: readonly number[];
  /** Where all of its mail is. */
  readonly mailFolder: string;
  /** Signs in as `user` with `password`; every user of the benchmark has the same. */
  readonly user: (n: number) => string;
  readonly password: string;
  /** Where LMTP delivers for that user. */
  readonly recipient: (n: number) => string;
  readonly mail?: MailService;
  /** Gives the user a Sieve script that is run at delivery, or takes it away. */
  setScript(user: number, text: string | undefined): Promise<void>;
  /** Runs a script, compiled, over these messages, which are what the user has in INBOX; reading and delivering them left out. */
  filter?(user: number, text: string, messages: readonly Buffer[]): Promise<Filtered>;
  /** Keeps everything in less room, at once, of servers that do so later by themselves. */
  compact?(): Promise<Compacted>;
  /** Everything, beside the server, into a folder that is kept for the next time. */
  backUp?(): Promise<Carried>;
  /** A folder of its own out of it. */
  restore?(): Promise<Carried>;
  /** The longest the event loop stood still since the last call, in ms; undefined for servers without one. */
  longestBlockMs(): Promise<number | undefined>;
  /** After `stop`, on the same data: nothing is cached in it. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** At the very end, instead of `stop`, of servers that leave more behind than their folder, or have others with them. */
  remove?(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** Undefined when it can run here, else why not. */
  missing(): string | undefined;
  /** With at least this many users. */
  start(folder: string, users: number): Promise<Running>;
}

/**
 * A server under measurement: how to start it on a temporary folder, where it listens, which processes are its own.
 */
export interface Ports {
  readonly imap: number;
  readonly imaps: number;
  readonly lmtp: number;
  readonly pop3: number;
  readonly pop3s: number;
}

export interface Running {
  readonly name: string;
  /** Of the last start. */
  readonly ports: Ports;
  /** Root of its process tree, of the last start. */
  readonly pid: number;
  /** Where all of its mail is. */
  readonly mailFolder: string;
  /** Signs in as `user` with `password`; every user of the benchmark has the same. */
  readonly user: (n: number) => string;
  readonly password: string;
  /** Where LMTP delivers for that user. */
  readonly recipient: (n: number) => string;
  /** Gives the user a Sieve script that is run at delivery, or takes it away. */
  setScript(user: number, text: string | undefined): Promise<void>;
  /** The longest the event loop stood still since the last call, in ms; undefined for servers without one. */
  longestBlockMs(): Promise<number | undefined>;
  /** After `stop`, on the same data: nothing is cached in it. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** Undefined when it can run here, else why not. */
  missing(): string | undefined;
  /** With at least this many users. */
  start(folder: string, users: number): Promise<Running>;
}

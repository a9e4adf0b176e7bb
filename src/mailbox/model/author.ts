/**
 * Who makes a change: a session of some protocol, or the server itself. Told apart by identity, so a session knows its own
 * changes among all others without having to remember them.
 */
export interface Author {
  /** `imap`, `pop3`, `lmtp`, ... */
  readonly service: string;
  /** Of the connection, as the log names it. */
  readonly id: string;
  /** What the client says it is; it may say so later. */
  readonly client: string | undefined;
}

/** The reaper, the checker, and whoever has nobody behind it. */
export const THE_SERVER: Author = Object.freeze({ service: 'server', id: '', client: undefined });

/** What the view of an open mailbox asks of the searches whose results a client is kept informed of (RFC 5267 §4.3). */
export interface ResultUpdates {
  noteFlags(uids: readonly number[]): void;
  noteGone(uids: readonly number[]): void;
  /** More has changed than is known one by one. */
  noteAll(): void;
  /** Before EXPUNGE: of the messages that are gone, whether they may be told or not. */
  tellGone(): Promise<void>;
  /** Behind EXISTS and the FETCH of flags. */
  tellOthers(): Promise<void>;
}

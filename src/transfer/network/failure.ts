/** What goes wrong at the old server, by what is to be done about it. */

/**
 * - `lost`: the connection broke, or nothing came, or what came is no IMAP; another one may do better.
 * - `busy`: the server says that it is too much, or not now.
 * - `refused`: it said no to what was asked.
 * - `changed`: the folder is another one than when it was listed.
 * - `sign-in`: it does not let this person in.
 * - `untrusted`: nobody vouches for the server, or it offers no TLS.
 */
export type FailureKind = 'lost' | 'busy' | 'refused' | 'changed' | 'sign-in' | 'untrusted';

export class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
  readonly kind: FailureKind;
  /** The server asks for so long. */
  readonly waitMs: number | undefined;

  constructor(kind: FailureKind, message: string, options: { cause?: unknown; waitMs?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.kind = kind;
    this.waitMs = options.waitMs;
  }
}

/**
 * What servers say when it is too much: response codes of RFC 5530 and RFC 9051 §7.1, Gmail ("Account exceeded command or bandwidth
 * limits", "Too many simultaneous connections"), Exchange ("Request is throttled"), Dovecot ("Maximum number of connections from
 * user+IP exceeded"), Courier and Cyrus ("Too many connections").
 */
const BUSY =
  /\[(?:LIMIT|INUSE|UNAVAILABLE|THROTTLED|OVERQUOTA|SERVERBUG)\b|too many|throttl|bandwidth|limits? (?:was |is )?(?:exceeded|reached)|exceeded|maximum number|try (?:again|later)|temporar|system busy|overloaded/i;

export function isBusy(text: string): boolean {
  return BUSY.test(text);
}

/** What the server said, without codes, short enough for a line. */
export function said(text: string | undefined): string {
  const line = (text ?? '').replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  return line === '' ? 'and did not say why' : `: ${line.slice(0, 300)}`;
}

/**
 * How a command ends, as a value, and the response codes with arguments (RFC 9051 §7.1, RFC 5530, RFC 7162 §3).
 */
import type { MailboxId, UidValidity } from '../mailbox/model/model.ts';
import { mailboxObjectId } from '../mailbox/model/object-ids.ts';
import type { State } from './state.ts';
import { formatNumSet } from './wire/numset.ts';
import type { WireWriter } from './wire/writer.ts';

export interface Completion {
  readonly status: 'OK' | 'NO' | 'BAD';
  /** Without the brackets. */
  readonly code?: string;
  readonly text: string;
  /** The state from here on; absent: as before. */
  readonly next?: State;
}

export const ok = (text: string, code?: string): Completion => completion('OK', text, code);
export const no = (text: string, code?: string): Completion => completion('NO', text, code);
export const bad = (text: string, code?: string): Completion => completion('BAD', text, code);

function completion(status: Completion['status'], text: string, code: string | undefined): Completion {
  return code === undefined ? { status, text } : { status, text, code };
}

/** `* OK [code] text`, `tag NO text`, `* BYE text`; the text, in English, is said in the client's language. */
export function writeStatus(
  out: WireWriter,
  tag: string,
  status: Completion['status'] | 'BYE',
  text: string,
  code?: string,
): void {
  out.ascii(tag).sp().ascii(status).sp();
  if (code !== undefined) out.ascii('[').text(code).ascii('] ');
  out.said(text).crlf();
}

/** RFC 4315 §3. */
export function appendUid(uidValidity: UidValidity, uids: readonly number[]): string {
  return `APPENDUID ${uidValidity} ${formatNumSet(uids)}`;
}

/** RFC 4315 §3: the two sets are read pairwise in the order written. */
export function copyUid(uidValidity: UidValidity, from: readonly number[], to: readonly number[]): string {
  return `COPYUID ${uidValidity} ${formatNumSet(from)} ${formatNumSet(to)}`;
}

/** RFC 8474 §4.1, §4.2. */
export function mailboxId(id: MailboxId): string {
  return `MAILBOXID (${mailboxObjectId(id)})`;
}

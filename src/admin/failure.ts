/** Why a request of the administration failed, for the person at the other end, who may see what a client may not. */
import { MailboxError, type MailboxErrorCode } from '../mailbox/model/errors.ts';

export interface Failure {
  readonly code: MailboxErrorCode | 'failed';
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof MailboxError)) return { code: 'failed', message: 'the server failed; see its log' };
  const { code, message, cause } = error;
  return { code, message: cause instanceof Error ? `${message}: ${cause.message}` : message };
}

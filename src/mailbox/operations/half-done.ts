/**
 * What an operation in slices says when one of them is refused: those before it are done and stay so. The words of the
 * refusal itself, that nothing was changed, are about its slice alone.
 */
import { MailboxError } from '../model/errors.ts';

/** The error as the caller should hear it; `done` messages were dealt with before. */
export function halfDone<E>(error: E, done: number): E | MailboxError {
  if (done === 0 || !(error instanceof MailboxError)) return error;
  return new MailboxError(
    error.code,
    'a part of the messages is done, the others are not; try again for those',
    {
      cause: error,
    },
  );
}

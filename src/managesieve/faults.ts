/** Why a command is refused: NO, with a code of RFC 5804 §1.3 where there is one. */
import type { MailboxError, MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { Code } from './wire/writer.ts';

export class Refusal extends Error {
  override readonly name: string = 'Refusal';
  readonly code: Code | undefined;

  constructor(text: string, code?: Code) {
    super(text);
    this.code = code;
  }
}

/** What makes no sense; a client that goes on with it is cut off. */
export class Mistake extends Refusal {
  override readonly name = 'Mistake';
}

const TRY_LATER: Code = { name: 'TRYLATER' };

const CODES: Readonly<Record<MailboxErrorCode, Code | undefined>> = {
  nonexistent: { name: 'NONEXISTENT' },
  exists: { name: 'ALREADYEXISTS' },
  cannot: { name: 'ACTIVE' },
  'too-big': { name: 'QUOTA/MAXSIZE' },
  limit: { name: 'QUOTA/MAXSCRIPTS' },
  'over-quota': { name: 'QUOTA' },
  'invalid-name': undefined,
  'has-children': undefined,
  'not-empty': undefined,
  'read-only': undefined,
  'bad-credentials': undefined,
  forbidden: undefined,
  damaged: undefined,
  throttled: TRY_LATER,
  unavailable: TRY_LATER,
  conflict: TRY_LATER,
};

export function refusalOf(error: MailboxError): Refusal {
  return new Refusal(sentence(error.message), CODES[error.code]);
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

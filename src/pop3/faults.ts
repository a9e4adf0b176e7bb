/**
 * Why a command is refused: a response code for the program (RFC 2449 §8, RFC 3206) and a text for the person. Domain
 * errors are put into these words by one exhaustive table. The code UTF8 (RFC 6856 §5) is not among them: no message is
 * refused for its headers (`sent-form.ts`).
 */
import type { MailboxErrorCode } from '../mailbox/model/errors.ts';
import type { Texts } from './texts.ts';

/**
 * AUTH: the credentials are wrong, ask the person for others. SYS/TEMP: try the same again later. SYS/PERM: somebody has
 * to change something first. IN-USE: another session holds the maildrop. LOGIN-DELAY: too soon.
 */
const RESPONSE_CODES = ['AUTH', 'SYS/TEMP', 'SYS/PERM', 'IN-USE', 'LOGIN-DELAY'] as const;
export type ResponseCode = (typeof RESPONSE_CODES)[number];

export const asResponseCode = (text: string): ResponseCode | undefined =>
  RESPONSE_CODES.find((code) => code === text);

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ResponseCode | undefined;
  readonly textIn: (texts: Texts) => string;

  constructor(textIn: (texts: Texts) => string, code?: ResponseCode) {
    super('a POP3 command was refused');
    this.textIn = textIn;
    this.code = code;
  }
}

/** The client speaks no POP3, or not ours: counted, and too many in a row end the connection. */
export class Mistake extends Refusal {}

type Answer = readonly [code: ResponseCode | undefined, text: (texts: Texts) => string];

const LATER: Answer = ['SYS/TEMP', (texts) => texts.unavailable()];
/** Codes that nothing in POP3 can cause, as far as anybody can see. */
const REFUSED: Answer = ['SYS/PERM', (texts) => texts.refused()];

const ANSWERS: Readonly<Record<MailboxErrorCode, Answer>> = Object.freeze({
  nonexistent: REFUSED,
  exists: REFUSED,
  'has-children': REFUSED,
  'not-empty': REFUSED,
  cannot: REFUSED,
  'invalid-name': REFUSED,
  'over-quota': REFUSED,
  'too-big': REFUSED,
  limit: REFUSED,
  'read-only': REFUSED,
  'bad-credentials': ['AUTH', (texts) => texts.badCredentials()],
  forbidden: ['AUTH', (texts) => texts.forbidden()],
  throttled: ['SYS/TEMP', (texts) => texts.throttled()],
  unavailable: LATER,
  // RFC 3206 §4 would have SYS/PERM, which alarms a person who can do nothing; a repair or a restored copy brings it back.
  damaged: LATER,
  conflict: LATER,
});

export function refusalOf(code: MailboxErrorCode): Refusal {
  const [responseCode, text] = ANSWERS[code];
  return new Refusal(text, responseCode);
}

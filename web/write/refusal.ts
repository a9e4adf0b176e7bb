/** Why a mail was not sent, as far as the person can do something about it. Pure. */
import type { Texts } from '../text/en.ts';

export interface Refused {
  /** Of a SetError (RFC 8621 §7.5). */
  readonly type: string;
  /** Whom it cannot reach, when that is why. */
  readonly people?: readonly string[];
}

export function refusalText({ type, people = [] }: Refused, texts: Texts['write'], language: string): string {
  if (people.length > 0) return texts.notSentTo(new Intl.ListFormat(language).format(people));
  switch (type) {
    case 'tooLarge':
      return texts.notSentTooLarge;
    case 'tooManyRecipients':
      return texts.notSentTooMany;
    case 'rateLimit':
      return texts.notSentRate;
    default:
      return texts.notSent;
  }
}

/** In which language somebody is told what became of his mail, or anything else he asks: his own setting, that of his domain, that of the server. */
import { choice } from '../config/option.ts';
import type { Config } from '../config/options.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { LanguageOf } from '../queue/reporter.ts';
import { LANGUAGES, type Language } from '../queue/words/languages.ts';

const NAME = 'queue.language';

/** By the name under which an account keeps it. */
export const QUEUE_ACCOUNT_SETTINGS = Object.freeze({
  [NAME]: choice(LANGUAGES, {
    default: 'en',
    doc: 'The language of the reports that the account gets about its mail.',
  }),
});

export function languageOf({ queue }: Pick<Config, 'queue'>): LanguageOf {
  const ofDomains = new Map(
    queue.languages.split(',').flatMap((part): (readonly [string, Language])[] => {
      const [domain = '', language] = part
        .trim()
        .toLowerCase()
        .split(/[\s=]+/);
      const known = LANGUAGES.find((one) => one === language);
      return known === undefined ? [] : [[domain, known]];
    }),
  );
  return ({ address, settings }) =>
    LANGUAGES.find((one) => one === settings[NAME]) ??
    ofDomains.get(address.slice(address.lastIndexOf('@') + 1)) ??
    queue.language;
}

/** Of somebody who may not have said yet who he is. */
export function preferredLanguage(
  config: Pick<Config, 'queue'>,
): (account: AccountRecord | undefined) => Language {
  const of = languageOf(config);
  return (account) => (account === undefined ? config.queue.language : of(account));
}

/**
 * LANGUAGE (RFC 5255 §3): in which language the texts for people are. The translations are in `words/`; programs go by the codes, which
 * stay as they are.
 */
import { ANY_STATE, type Command, defineCommand } from '../command.ts';
import { writeNamespaces } from '../commands/namespace.ts';
import { defineExtension } from '../extension.ts';
import { no, ok } from '../replies.ts';
import { wishesToEnd } from '../wire/wish-args.ts';
import { LANGUAGES, type Language, languageFor, othersIn } from '../words/language.ts';

const NOW: Readonly<Record<Language, string>> = Object.freeze({
  'i-default': 'Now in English',
  en: 'Now in English',
  sv: 'Now in Swedish',
});

const languageCommand: Command = defineCommand({
  name: 'LANGUAGE',
  states: ANY_STATE,
  needsNoMessages: true,
  parse: wishesToEnd,
  run({ session, state }, ranges) {
    const { out, modes, settings } = session;
    if (ranges.length === 0) {
      out.ascii(`* LANGUAGE (${LANGUAGES.join(' ')})`).crlf();
      return ok('Languages listed');
    }
    const before = othersIn(modes.language);
    const account = state.kind === 'not-authenticated' ? undefined : state.own.record;
    const language = languageFor(ranges, settings.preferredLanguage(account));
    if (language === undefined) return no('There is no such language here');
    out.ascii(`* LANGUAGE (${language})`).crlf();
    session.speak(language);
    if (account !== undefined && othersIn(language) !== before) writeNamespaces(session);
    return ok(NOW[language]);
  },
});

export const language = defineExtension({
  rfc: 'RFC 5255 LANGUAGE',
  capabilities: () => ['LANGUAGE'],
  commands: [languageCommand],
});

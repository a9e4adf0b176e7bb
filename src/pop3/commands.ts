/**
 * All commands, one row each: RFC 1939, and what RFCs 2449, 2595, 5034 and 6856 add. A new command is a row here.
 */
import { auth, pass, stls, user, utf8Mode } from './authorization.ts';
import { capabilitiesOf } from './capabilities.ts';
import { type Call, type Command, command } from './command.ts';
import { Mistake, Refusal } from './faults.ts';
import type { Maildrop } from './maildrop.ts';
import { indexOf } from './message-number.ts';
import { quit } from './quit.ts';
import { retr, top } from './retrieval.ts';
import { findLanguage, LANGUAGES, type Language, textsIn } from './texts.ts';
import { wordsOf } from './wire.ts';

const TRANSACTION = Object.freeze(['transaction'] as const);
const BOTH = Object.freeze(['authorization', 'transaction'] as const);

/** Lines made between two looks at the clock and the client. */
const LINES_PER_SLICE = 2000;

const stat = command(TRANSACTION, ({ session, state }) => {
  const { count, octets } = state.maildrop.totals;
  session.ok(`${count} ${octets}`);
});

const list = command(TRANSACTION, (call) =>
  listing(
    call,
    'LIST [message]',
    (maildrop, index) => String(maildrop.octetsOf(index)),
    (count, octets) => call.session.texts.listing(count, octets),
  ),
);

const uidl = command(TRANSACTION, (call) =>
  listing(
    call,
    'UIDL [message]',
    (maildrop, index) => maildrop.uniqueIdOf(index),
    () => call.session.texts.uniqueIds(),
  ),
);

const dele = command(TRANSACTION, ({ session, state, argument }) => {
  const [number, ...more] = wordsOf(argument);
  if (number === undefined || more.length > 0) throw new Mistake((texts) => texts.usage('DELE message'));
  const index = indexOf(state.maildrop, number);
  state.maildrop.markDeleted(index);
  session.ok(session.texts.marked(index + 1));
});

const rset = command(TRANSACTION, ({ session, state }) => {
  state.maildrop.unmarkAll();
  const { count, octets } = state.maildrop.totals;
  session.ok(session.texts.reset(count, octets));
});

const noop = command(TRANSACTION, ({ session }) => session.ok(session.texts.nothing()));

/** POP3 had it once; fetchmail asks for it, hears no, and goes on by unique ids. */
const last = command(TRANSACTION, () => {
  throw new Refusal((texts) => texts.noLast());
});

const capa = command(BOTH, ({ session, state }) => {
  session.ok(session.texts.capabilities());
  session.lines(
    capabilitiesOf(session, state)
      .map((line) => `${line}\r\n`)
      .join(''),
  );
  session.endList();
});

const lang = command(BOTH, ({ session, argument }) => {
  const [range, ...more] = wordsOf(argument);
  if (more.length > 0) throw new Mistake((texts) => texts.usage('LANG [language]'));
  if (range === undefined) {
    session.ok(session.texts.languages());
    const lines = Object.entries(LANGUAGES).map(([tag, name]) => `${tag} ${name}\r\n`);
    session.lines(lines.join(''));
    return session.endList();
  }
  const language: Language | undefined = findLanguage(range);
  if (language === undefined) throw new Refusal((texts) => texts.unknownLanguage());
  session.speak(language);
  session.ok(`${language} ${textsIn(language).language()}`);
});

export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['USER', user],
  ['PASS', pass],
  ['AUTH', auth],
  ['STLS', stls],
  ['UTF8', utf8Mode],
  ['CAPA', capa],
  ['LANG', lang],
  ['QUIT', quit],
  ['STAT', stat],
  ['LIST', list],
  ['UIDL', uidl],
  ['RETR', retr],
  ['TOP', top],
  ['DELE', dele],
  ['RSET', rset],
  ['NOOP', noop],
  ['LAST', last],
]);

async function listing(
  { session, state, argument }: Call<'transaction'>,
  form: string,
  shownOf: (maildrop: Maildrop, index: number) => string,
  heading: (count: number, octets: number) => string,
): Promise<void> {
  const { maildrop } = state;
  const [number, ...more] = wordsOf(argument);
  if (more.length > 0) throw new Mistake((texts) => texts.usage(form));
  if (number !== undefined) {
    const index = indexOf(maildrop, number);
    return session.ok(`${index + 1} ${shownOf(maildrop, index)}`);
  }
  const { count, octets } = maildrop.totals;
  session.ok(heading(count, octets));
  for (let from = 0; from < maildrop.count; from += LINES_PER_SLICE) {
    let text = '';
    const to = Math.min(maildrop.count, from + LINES_PER_SLICE);
    for (let index = from; index < to; index++) {
      if (!maildrop.isDeleted(index)) text += `${index + 1} ${shownOf(maildrop, index)}\r\n`;
    }
    session.lines(text);
    await session.breathe();
  }
  session.endList();
}

/** What a script would do with a message, told to a person: line by line if wanted, and in sentences. */
import type { Rehearsal } from '../rules/rehearsal.ts';
import type { TraceStep } from '../sieve/environment.ts';
import { parseScript, scriptText } from '../sieve/syntax/parser.ts';
import { allPhrases, printPhrase } from '../sieve/syntax/print.ts';
import { counted, print } from './terminal.ts';

export interface Tried {
  readonly script: Buffer;
  readonly message: Buffer;
  readonly isTraced: boolean;
}

/** Of a command or test with long strings in it, as much as a line has room for. */
const MAX_STEP = 100;

export function tellRehearsal(
  { envelope, warnings, steps, sentences }: Rehearsal,
  { script, message, isTraced }: Tried,
): void {
  print(`The message, ${counted(message.length, 'octet')}, from <${envelope.from}> to <${envelope.to}>:`);
  for (const { reason, place } of warnings)
    print(`warning: line ${place.line}, column ${place.column}: ${reason}`);
  const phrases = phrasesOf(script);
  if (isTraced) for (const step of steps) print(`  ${stepWords(step, phrases)}`);
  // What came from outside cannot move the cursor.
  for (const sentence of sentences) print(sentence.replace(/\p{Cc}/gu, ' '));
}

/** Commands and tests by their places, each on one line. */
function phrasesOf(source: Buffer): ReadonlyMap<string, string> {
  const phrases = allPhrases(parseScript(scriptText(source)));
  return new Map(
    Array.from(phrases, (phrase) => [`${phrase.place.line}:${phrase.place.column}`, printPhrase(phrase)]),
  );
}

/** `12:4   true   header :contains "subject" "x"`: place, what a test found, and what it is. */
function stepWords(
  { script, line, column, name, result }: TraceStep,
  phrases: ReadonlyMap<string, string>,
): string {
  const place = `${line}:${column}`;
  // The text of another script is not at hand.
  const text = script === '' ? (phrases.get(place) ?? name) : `${name} in "${script}"`;
  const shown = text.replaceAll('\r\n', ' ');
  const cut = shown.length > MAX_STEP ? `${shown.slice(0, MAX_STEP)}...` : shown;
  return `${place.padEnd(8)}${(result === undefined ? 'do' : String(result)).padEnd(7)}${cut}`;
}

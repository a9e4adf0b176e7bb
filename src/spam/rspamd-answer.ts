/** What rspamd says of a message, out of its JSON: pure, and of bounded size whatever it says. */
import type { Opinion } from './opinion.ts';

export interface RspamdAnswer {
  readonly action: string;
  readonly score: number;
  /** From so many points on it is set apart, or refused where nothing is set apart. */
  readonly required: number;
  /** The rules that counted most, without those that said nothing. */
  readonly symbols: readonly string[];
  /** What it would have the sender told. */
  readonly words: string;
}

/** What is unknown is taken; so is `greylist`, which asks for a delay, and nothing more. */
export const RSPAMD_ACTIONS: Readonly<Record<string, Opinion['action']>> = Object.freeze({
  reject: 'reject',
  'soft reject': 'defer',
  'add header': 'junk',
  'rewrite subject': 'junk',
  quarantine: 'junk',
  discard: 'junk',
  'no action': 'accept',
  accept: 'accept',
});

const MAX_SYMBOLS = 20;
const SYMBOL = /^[A-Z0-9_]{1,60}$/;
const MAX_WORDS = 200;
/** RFC 5322 §2.1.1, with room for the rest of the field. */
const MAX_SYMBOL_TEXT = 600;

/** Undefined: it makes no sense. */
export function rspamdAnswer(body: string): RspamdAnswer | undefined {
  const answer = parsed(body);
  if (answer === undefined || typeof answer.action !== 'string' || typeof answer.score !== 'number')
    return undefined;
  if (!Number.isFinite(answer.score)) return undefined;
  return {
    action: answer.action.toLowerCase(),
    score: answer.score,
    required: thresholdOf(answer),
    symbols: symbolsOf(answer.symbols),
    words: wordsOf(answer.messages),
  };
}

/** As SpamAssassin writes it, which programs and `spamtest` read. */
export function statusField({ score, required, symbols }: RspamdAnswer, isSpam: boolean): string {
  const tests = symbols.length === 0 ? 'none' : symbols.join(',\r\n\t').slice(0, MAX_SYMBOL_TEXT);
  const numbers = `score=${score.toFixed(2)} required=${required.toFixed(2)}`;
  return `X-Spam-Status: ${isSpam ? 'Yes' : 'No'}, ${numbers}\r\n\ttests=${tests}\r\n`;
}

type Json = Readonly<Record<string, unknown>>;

function parsed(body: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function thresholdOf({ thresholds, required_score: required }: Json): number {
  const apart = isObject(thresholds) ? thresholds['add header'] : undefined;
  const known = [apart, required].find((one) => typeof one === 'number' && Number.isFinite(one));
  return typeof known === 'number' ? known : 0;
}

function symbolsOf(symbols: unknown): readonly string[] {
  if (!isObject(symbols)) return [];
  const weighed = Object.entries(symbols).flatMap(([name, one]) => {
    const score = isObject(one) && typeof one.score === 'number' ? one.score : 0;
    return SYMBOL.test(name) && score !== 0 ? [{ name, score }] : [];
  });
  weighed.sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
  return weighed.slice(0, MAX_SYMBOLS).map(({ name }) => name);
}

function wordsOf(messages: unknown): string {
  const words = isObject(messages) ? messages.smtp_message : undefined;
  return typeof words === 'string' ? words.replace(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_WORDS) : '';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

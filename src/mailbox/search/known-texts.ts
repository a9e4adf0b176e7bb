/**
 * Tests of texts over the index of an account: for each email that is in it, that it has what is looked for, that it has not, or
 * that it must be looked at. Of the others nothing is known here.
 */
import type { Pause } from '../../base/time-slice.ts';
import { foldText, USUAL_COLLATION } from '../../mail/fold.ts';
import type { Domain } from '../domain.ts';
import type { AccountId } from '../model/model.ts';
import type { NumberColumn } from '../model/record.ts';
import type { Segment } from '../text-index/segment.ts';
import { SCOPES, type Scope } from '../text-index/segment-format.ts';
import { type SoughtWords, soughtWords } from '../text-index/sought-words.ts';
import type { NamedSegment } from '../text-index/text-index.ts';
import { Needle } from './needle.ts';
import { MAYBE, NO, type TextTest, YES } from './tree.ts';

/** A client may ask for a thousand, and each of these takes an octet for every message. */
const MAX_TESTS = 16;
/** Of one segment, an octet for each of its emails. */
const MAX_KEPT = 8;
const IN_BODY: readonly Scope[] = ['body'];

/** What one segment says of each of its emails, by the index of the test. */
interface Known {
  readonly segment: Segment;
  readonly answers: readonly (Uint8Array | undefined)[];
}

export class KnownTexts {
  readonly #known: readonly Known[];

  private constructor(known: readonly Known[]) {
    this.#known = known;
  }

  /** Undefined when nothing is known. */
  static async of(
    { textIndex }: Pick<Domain, 'textIndex'>,
    account: AccountId,
    tests: readonly TextTest[],
    pause: Pause,
  ): Promise<KnownTexts | undefined> {
    const sought = tests.slice(0, MAX_TESTS).map((test) => soughtIn(test));
    if (!sought.some((one) => one !== undefined)) return undefined;
    textIndex.onSearched(account);
    const segments = await textIndex.segmentsOf(account);
    if (segments.length === 0) return undefined;
    const known: Known[] = [];
    for (const named of segments) {
      const answers: (Uint8Array | undefined)[] = [];
      for (const [i, one] of sought.entries()) {
        const scopes = tests[i]?.kind === 'body' ? IN_BODY : SCOPES;
        answers.push(one === undefined ? undefined : await answersOf(named, one, scopes, pause));
      }
      known.push({ segment: named.segment, answers });
    }
    return new KnownTexts(known);
  }

  decide(test: number, emails: NumberColumn, start: number, end: number, out: Uint8Array): void {
    let near = 0;
    let at = 0;
    for (let row = start; row < end; row++) {
      const email = emails[row] as number;
      // Emails in the order of their messages mostly stand one after the other.
      if (this.#known[near]?.segment.emails[at] !== email) [near, at] = this.#find(email);
      out[row - start] = at < 0 ? MAYBE : (this.#known[near]?.answers[test]?.[at] ?? MAYBE);
      at++;
    }
  }

  /** The segment and the place in it; -1 when it is in none. */
  #find(email: number): [segment: number, index: number] {
    for (const [number, { segment }] of this.#known.entries()) {
      const index = segment.indexOf(email);
      if (index >= 0) return [number, index];
    }
    return [0, -1];
  }
}

/** The words are the same wherever a test looks: its texts differ in white space. */
function soughtIn({ value, collation }: TextTest): SoughtWords | undefined {
  const isExact = collation === USUAL_COLLATION;
  const needle = new Needle(foldText(isExact ? value : longestAscii(value)));
  const sought = needle.isShort ? soughtWords(needle.text) : undefined;
  return sought && (isExact ? sought : { ...sought, isExact });
}

/** What is ASCII stands together however its neighbours are folded. */
function longestAscii(text: string): string {
  const runs = text.match(/[\x00-\x7f]+/g) ?? [''];
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest));
}

async function answersOf(
  { segment, answers }: NamedSegment,
  sought: SoughtWords,
  scopes: readonly Scope[],
  pause: Pause,
): Promise<Uint8Array> {
  const name = JSON.stringify([scopes, sought]);
  const kept = answers.get(name) ?? (await lookUp(segment, sought, scopes, pause));
  answers.delete(name);
  answers.set(name, kept);
  for (const oldest of answers.keys()) if (answers.size > MAX_KEPT) answers.delete(oldest);
  return kept;
}

async function lookUp(
  segment: Segment,
  { words, isExact }: SoughtWords,
  scopes: readonly Scope[],
  pause: Pause,
): Promise<Uint8Array> {
  const { length } = segment.emails;
  const counts = new Uint8Array(length);
  for (const [i, word] of words.entries()) {
    const found = new Uint8Array(length);
    await segment.find(word, scopes, found, pause);
    for (let at = 0; at < length; at++) if (found[at] === 1 && counts[at] === i) counts[at] = i + 1;
    if (!counts.includes(i + 1)) break;
  }
  for (let at = 0; at < length; at++) {
    const hasAll = counts[at] === words.length;
    counts[at] = hasAll ? (isExact ? YES : MAYBE) : segment.isUnsure(at) ? MAYBE : NO;
  }
  return counts;
}

/** Sets of characters of a regular expression: ranges and the classes of POSIX, the latter for all of Unicode. */
export type Range = readonly [low: number, high: number];

export const CLASSES: ReadonlyMap<string, RegExp> = new Map([
  ['alnum', /[\p{L}\p{Nd}]/u],
  ['alpha', /\p{L}/u],
  ['blank', /[ \t]/u],
  ['cntrl', /\p{Cc}/u],
  ['digit', /[0-9]/u],
  ['graph', /[^\p{Z}\p{Cc}\p{Cs}]/u],
  ['lower', /\p{Ll}/u],
  ['print', /[^\p{Cc}\p{Cs}]/u],
  ['punct', /[\p{P}\p{S}]/u],
  ['space', /\s/u],
  ['upper', /\p{Lu}/u],
  ['xdigit', /[0-9A-Fa-f]/u],
]);

export interface CharacterSet {
  has(code: number): boolean;
}

interface Description {
  readonly ranges: readonly Range[];
  readonly classes: readonly string[];
  readonly isNegated: boolean;
  readonly ignoresCase: boolean;
}

export function characterSet(description: Description): CharacterSet {
  const ascii = new Uint8Array(128);
  for (let code = 0; code < 128; code++) ascii[code] = isMember(description, code) ? 1 : 0;
  return { has: (code) => (code < 128 ? ascii[code] === 1 : isMember(description, code)) };
}

function isMember({ ranges, classes, isNegated, ignoresCase }: Description, code: number): boolean {
  const isIn = (one: number): boolean =>
    ranges.some(([low, high]) => low <= one && one <= high) ||
    classes.some((name) => CLASSES.get(name)?.test(String.fromCodePoint(one)));
  if (isIn(code)) return !isNegated;
  if (!ignoresCase) return isNegated;
  const character = String.fromCodePoint(code);
  const others = [character.toLowerCase(), character.toUpperCase()];
  const isOther = others.some((other) => [...other].length === 1 && isIn(other.codePointAt(0) as number));
  return isOther !== isNegated;
}

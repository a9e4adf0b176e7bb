import { isOption, type Option, type OptionTree } from './option.ts';

/**
 * The three spellings of an option: `limits.line_bytes` in files and flags, `BREVDUVA_LIMITS_LINE_BYTES` in the environment,
 * `config.limits.lineBytes` in code. One place makes them from each other.
 */
export const ENV_PREFIX = 'BREVDUVA_';

export interface NamedOption {
  /** `limits.line_bytes` */
  readonly name: string;
  /** `['limits', 'lineBytes']` */
  readonly path: readonly string[];
  readonly option: Option<unknown>;
}

export function listOptions(tree: OptionTree, above: readonly string[] = []): NamedOption[] {
  return Object.entries(tree).flatMap(([key, node]) => {
    const path = [...above, key];
    if (!isOption(node)) return listOptions(node, path);
    return [{ name: path.map(snakeCase).join('.'), path, option: node }];
  });
}

export function envName(name: string): string {
  return ENV_PREFIX + name.replaceAll('.', '_').toUpperCase();
}

/** The nearest known name, when it is near enough to be meant. */
export function suggest(wrong: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wrong.length / 3)) + 1;
  for (const name of known) {
    const distance = Math.min(editDistance(wrong, name), lastWordMatches(wrong, name) ? 1 : Infinity);
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** `imaps` alone means `listen.imaps`. */
function lastWordMatches(wrong: string, name: string): boolean {
  return name.slice(name.lastIndexOf('.') + 1) === wrong.slice(wrong.lastIndexOf('.') + 1);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Insertions, deletions and replacements that turn one into the other; two rows of the usual table. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 20 || a.length > 100) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    previous = row;
  }
  return previous[b.length] as number;
}

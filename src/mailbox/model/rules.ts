/**
 * What is kept of an account's rules: the scripts, what they are to remember, and what they did. The domain does not read
 * scripts: it keeps them, knows which of them are to be run, and in which order.
 */

/**
 * Whose script it is. `own`: the owner's, of which one may be active. The others are one each, active when they are there:
 * the administrator's, before and after the owner's, and the one that is made from settings for who is away.
 */
export const SCRIPT_ROLES = ['own', 'before', 'away', 'after'] as const;
export type ScriptRole = (typeof SCRIPT_ROLES)[number];

/** All but its text. */
export interface ScriptRow {
  /** Of the account; never given to another while it is there. */
  readonly id: number;
  readonly role: ScriptRole;
  /** Among the owner's no two are the same. NFC. */
  readonly name: string;
  readonly isActive: boolean;
  readonly sizeBytes: number;
  /** SHA-256 of the text, in hexadecimal. */
  readonly hash: string;
  readonly changedMs: number;
}

/** Of something that is to happen once: until then it has happened. */
export interface Memory {
  /** See `memoryKey`. */
  readonly key: string;
  readonly untilMs: number;
}

/** Octets of a key: a hash of what it is about. */
export const MEMORY_KEY_BYTES = 10;
/** An account remembers so many things; the oldest are forgotten first. */
export const MAX_MEMORIES = 10_000;

/** One line of what rules did. */
export interface RuleEntry {
  readonly atMs: number;
  readonly text: string;
}

export const RULE_ENTRIES = Object.freeze({ most: 2000, maxAgeMs: 30 * 86_400_000, maxBytes: 8192 });

/** In the order in which they are run. */
export const SCRIPT_ORDER: readonly ScriptRole[] = ['before', 'own', 'away', 'after'];

export function activeScripts(scripts: readonly ScriptRow[]): readonly ScriptRow[] {
  const active = scripts.filter(({ isActive }) => isActive);
  return active.length < 2
    ? active
    : active.sort((a, b) => SCRIPT_ORDER.indexOf(a.role) - SCRIPT_ORDER.indexOf(b.role));
}

/**
 * What somebody may do in a mailbox, as letters (RFC 4314 §2.1), and how a list of them is asked for and told. A list of ours has each
 * right once, in the order of `RIGHTS`, without the virtual `c` and `d`.
 */
import type { Brand } from '../../base/brand.ts';

export type Rights = Brand<string, 'Rights'>;
/** `l` see, `r` read, `s` \\Seen, `w` flags, `i` insert, `p` send as, `k` make below, `x` delete, `t` \\Deleted, `e` expunge, `a` give rights. */
export const RIGHTS = 'lrswipkxtea';
export type Right = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a';

export const NO_RIGHTS = '' as Rights;
export const ALL_RIGHTS = RIGHTS as Rights;

/** RFC 4314 §2.1.1: what RFC 2086 called `c` and `d`. */
const VIRTUAL: Readonly<Record<string, string>> = Object.freeze({ c: 'kx', d: 'te' });

/** Of the letters those that are rights, virtual ones as what they stand for. Gives the first that is none. */
export function readRights(letters: string): { readonly rights: Rights } | { readonly unknown: string } {
  let expanded = '';
  for (const letter of letters) {
    const meant = VIRTUAL[letter] ?? letter;
    if (!RIGHTS.includes(meant.charAt(0))) return { unknown: letter };
    expanded += meant;
  }
  return { rights: united(expanded) };
}

/** All that are in one of them. */
export function united(...lists: readonly string[]): Rights {
  const all = lists.join('');
  return [...RIGHTS].filter((right) => all.includes(right)).join('') as Rights;
}

export function without(rights: string, taken: string): Rights {
  return [...RIGHTS].filter((right) => rights.includes(right) && !taken.includes(right)).join('') as Rights;
}

/** As clients are told them: with `c` and `d` for those that know no more (RFC 4314 §2.1.1). */
export function toldRights(rights: Rights): string {
  let told: string = rights;
  for (const [virtual, members] of Object.entries(VIRTUAL))
    if ([...members].some((member) => rights.includes(member))) told += virtual;
  return told;
}

/** A change of what is granted: in the place of it, or more or less than it. */
export interface RightsChange {
  readonly mode: 'replace' | 'add' | 'remove';
  readonly rights: Rights;
}

export function changedRights(before: Rights, { mode, rights }: RightsChange): Rights {
  if (mode === 'replace') return rights;
  return mode === 'add' ? united(before, rights) : without(before, rights);
}

/** Whom one may mean by a few letters: people one has written to or heard from, those one writes to most first. Pure. */
import type { Recipient } from './people.ts';

export interface Seen {
  readonly from: readonly Recipient[] | null;
  readonly to: readonly Recipient[] | null;
  readonly cc?: readonly Recipient[] | null;
}

/** Whom one writes to counts for more than who writes to one. */
const WRITTEN = 3;
const MOST = 6;

export function suggestionsFor(
  typed: string,
  mails: readonly Seen[],
  { me, chosen }: { readonly me: readonly string[]; readonly chosen: readonly Recipient[] },
): Recipient[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const isMe = (email: string): boolean => me.some((one) => one.toLowerCase() === email.toLowerCase());
  const taken = new Set(chosen.map(({ email }) => email.toLowerCase()));
  const found = new Map<string, { person: Recipient; count: number }>();
  const note = (person: Recipient, count: number): void => {
    const key = person.email.toLowerCase();
    if (taken.has(key) || !matches(person, words)) return;
    const known = found.get(key);
    found.set(key, {
      person: known?.person.name ? known.person : person,
      count: (known?.count ?? 0) + count,
    });
  };
  for (const { from, to, cc } of mails) {
    const isOwn = (from ?? []).some(({ email }) => isMe(email));
    for (const person of isOwn ? [...(to ?? []), ...(cc ?? [])] : (from ?? []))
      note(person, isOwn ? WRITTEN : 1);
  }
  return [...found.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST)
    .map(({ person }) => person);
}

/** Each word begins a word of the name or the address. */
function matches({ name, email }: Recipient, words: readonly string[]): boolean {
  const parts = `${name ?? ''} ${email}`.toLowerCase().split(/[\s@.,_-]+/);
  const whole = email.toLowerCase();
  return words.every((word) => whole.startsWith(word) || parts.some((part) => part.startsWith(word)));
}

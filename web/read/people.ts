/** Names of people as a line of a mail shows them. Pure. */
import type { Person } from './trust.ts';

/** What stands in a name could turn the text around it. */
export function nameOf({ name, email }: Person): string {
  const bare = (name ?? '').replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '').trim();
  return bare === '' ? email : bare;
}

/** `Name <address>`, only the address where there is no other name. */
export function wholeOf(person: Person): string {
  const name = nameOf(person);
  return name === person.email ? name : `${name} <${person.email}>`;
}

export function isMe({ email }: Person, me: readonly string[]): boolean {
  return me.some((one) => one.toLowerCase() === email.toLowerCase());
}

const MOST = 3;

/** "me, Anna, Olof +4": the reader first, then first names, then how many are left out. */
export function recipientsOf(people: readonly Person[], me: readonly string[], meWord: string): string {
  const mine = people.some((person) => isMe(person, me)) ? [meWord] : [];
  const others = people.filter((person) => !isMe(person, me)).map(firstName);
  const all = [...mine, ...others];
  const shown = all.slice(0, MOST).join(', ');
  return all.length > MOST ? `${shown} +${all.length - MOST}` : shown;
}

function firstName(person: Person): string {
  const name = nameOf(person);
  if (name === person.email) return name;
  const [first = name, second] = name.split(/\s+/);
  return first.endsWith(',') && second !== undefined ? second : first.replace(/,$/, '');
}

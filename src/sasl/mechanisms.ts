import { login } from './login.ts';
import type { SaslMechanism } from './mechanism.ts';
import { plain } from './plain.ts';

/** The mechanisms this server speaks, best first: the order in which they are announced. */
export const MECHANISMS: readonly SaslMechanism[] = Object.freeze([plain, login]);

/** RFC 4422 §3.1: names are upper case; clients are not always. */
export function findMechanism(name: string): SaslMechanism | undefined {
  const wanted = name.toUpperCase();
  return MECHANISMS.find((mechanism) => mechanism.name === wanted);
}

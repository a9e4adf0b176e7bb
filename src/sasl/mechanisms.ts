import { oauthBearer, xoauth2 } from './bearer.ts';
import { external } from './external.ts';
import { login } from './login.ts';
import type { SaslMechanism, SaslTerms } from './mechanism.ts';
import { plain } from './plain.ts';
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from './scram.ts';

/** The mechanisms this server speaks, best first: the order in which they are announced. */
export const MECHANISMS: readonly SaslMechanism[] = Object.freeze([
  external,
  scramSha256Plus,
  scramSha1Plus,
  scramSha256,
  scramSha1,
  oauthBearer,
  xoauth2,
  plain,
  login,
]);

/** RFC 4422 §3.1: names are upper case; clients are not always. */
export function findMechanism(name: string): SaslMechanism | undefined {
  const wanted = name.toUpperCase();
  return MECHANISMS.find((mechanism) => mechanism.name === wanted);
}

/** What is announced, and nothing else can be used. */
export function offeredMechanisms(terms: SaslTerms): readonly SaslMechanism[] {
  return MECHANISMS.filter((mechanism) => mechanism.isOffered(terms));
}

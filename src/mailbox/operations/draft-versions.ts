/**
 * Which drafts were saved anew: a program makes the next version, by APPEND or `Email/set`, and removes the one before by a request of
 * its own. The versions have one Message-ID, and whoever has the later one does not want the earlier back.
 *
 * Of Message-IDs there is an index, so what is in the mailbox is not read. What is not known of a draft leaves it one that may be
 * wanted.
 */
import type { Domain } from '../domain.ts';
import { emailId } from '../model/model.ts';
import { MAX_MATCHES, threadNames } from '../model/threads.ts';
import { damageIn } from '../port/store-words.ts';
import { loadFacts } from '../reading/message-reader.ts';
import type { AccountState } from '../state/account.ts';

/** By the number of an email those of the emails that came after it with its Message-ID, wherever they are, if they are. */
export type LaterVersions = ReadonlyMap<number, readonly number[]>;

export const NO_VERSIONS: LaterVersions = new Map();

export async function laterVersions(
  domain: Pick<Domain, 'store' | 'log'>,
  account: AccountState,
  emails: readonly number[],
): Promise<LaterVersions> {
  if (emails.length === 0) return NO_VERSIONS;
  const facts = await loadFacts(
    domain,
    emails.map((email) => emailId(account.id, email)),
    ['links'],
  );
  const own = facts.map((one) => threadNames({ links: one?.links, sort: undefined }).own);
  const ids = [...new Set(own.filter((id) => id !== undefined))];
  if (ids.length === 0) return NO_VERSIONS;
  const found = await domain.store
    .loadThreadMatches(account.id, ids, 'own', MAX_MATCHES)
    .catch((error: unknown) => {
      if (damageIn(error) === undefined) throw error;
      return [];
    });
  const versions = new Map(ids.map((id, i) => [id, (found[i] ?? []).map(({ email }) => email)]));
  const later = new Map<number, readonly number[]>();
  emails.forEach((email, i) => {
    const after = (versions.get(own[i] ?? '') ?? []).filter((other) => other > email);
    if (after.length > 0) later.set(email, after);
  });
  return later;
}

/**
 * Gives threads to the emails of an account that have none: mail from before there were any, and mail whose thread was lost to
 * damage. In the background, in slices, in the order of arrival; the account says how far it has come, so whoever is killed
 * goes on where it was. What comes in meanwhile waits for its turn, or it would be decided before the mail that it answers.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../domain.ts';
import { type AccountId, type EmailId, emailId, emailNumber } from '../model/model.ts';
import { type ThreadNames, threadNames } from '../model/threads.ts';
import { askForThreads } from '../operations/known-threads.ts';
import type { ListedEmail } from '../port/store.ts';
import { loadFacts } from '../reading/message-reader.ts';
import { isKept } from '../reading/moment.ts';
import { computeFacts } from './compute-facts.ts';

/** A change is one transaction of a few milliseconds. */
const EMAILS_PER_CHANGE = 100;
/** Between two changes, for everybody else. */
const REST_MS = 5;

/** Returns how many were given one. */
export async function giveThreads(
  domain: Domain,
  id: AccountId,
  isStopped: () => boolean = () => false,
): Promise<number> {
  let given = 0;
  while (!isStopped()) {
    const { unthreaded, nextEmail, unsettled } = await domain.accounts.open(id);
    // What is under way is counted here and not listed by the store, which may refuse it as well.
    if (!(await isKept(unsettled))) continue;
    if (unthreaded === 0) break;
    const page = await domain.store.listEmails(id, emailId(id, unthreaded) - 1, EMAILS_PER_CHANGE);
    const last = page.at(-1);
    if (last === undefined) await finish(domain, id, nextEmail);
    else given += await giveSome(domain, id, page);
    await pause(REST_MS);
  }
  return given;
}

/** Unless mail has come in since. */
async function finish(domain: Domain, id: AccountId, nextEmail: number): Promise<void> {
  const account = await domain.accounts.open(id);
  await domain.turns.run({
    account,
    run: (change) => {
      const isAll = account.nextEmail === nextEmail;
      change.facts.noteThreaded(isAll ? 0 : Math.min(nextEmail, account.nextEmail));
    },
  });
}

async function giveSome(domain: Domain, id: AccountId, page: readonly ListedEmail[]): Promise<number> {
  const without = page.filter(({ thread }) => thread === undefined);
  const names = await namesOf(domain, without);
  const account = await domain.accounts.open(id);
  const known = await askForThreads(domain, account, names);
  try {
    await domain.turns.run({
      account,
      run: (change) => {
        for (const [i, email] of without.entries())
          change.facts.giveThread(email.id, names[i] as ThreadNames, known);
        change.facts.noteThreaded(emailNumber((page.at(-1) as ListedEmail).id) + 1);
      },
    });
  } finally {
    known.close();
  }
  return without.length;
}

/** One that cannot be read names nobody. */
async function namesOf(domain: Domain, emails: readonly ListedEmail[]): Promise<readonly ThreadNames[]> {
  const stored = await loadFacts(
    domain,
    emails.map((email): EmailId => email.id),
    ['links', 'sort'],
  );
  const names: ThreadNames[] = [];
  for (const [i, { id, sizeBytes }] of emails.entries()) {
    const { links, sort } = stored[i] ?? {};
    if (links !== undefined && sort !== undefined) names.push(threadNames({ links, sort }));
    else {
      const facts = await computeFacts(domain, id, sizeBytes);
      names.push(threadNames({ links: facts?.links, sort: facts?.sortKeys }));
    }
  }
  return names;
}

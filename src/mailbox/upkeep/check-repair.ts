/**
 * What the checker may put right: sums are added up again, marks are raised above what they must exceed, references are
 * counted anew, a second holder of a role loses it, missing parents are made, and mail that lost its place in every
 * mailbox gets one in "Recovered", what was computed from octets is computed anew. Every repair is a change like any other:
 * durable, seen by sessions, undone when the
 * store refuses it. Nothing here removes a message.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AccountChange } from '../change/account-change.ts';
import type { Domain } from '../domain.ts';
import { computedFacts } from '../model/facts.ts';
import { type EmailId, emailId } from '../model/model.ts';
import { mailboxOf } from '../operations/mailboxes.ts';
import type { AccountState } from '../state/account.ts';
import { loadList, loadTail } from '../state/load.ts';
import type { MailboxState } from '../state/mailbox.ts';
import type { Repair, Suspicion } from './check-account.ts';
import { computeFacts } from './compute-facts.ts';
import { giveThreads } from './give-threads.ts';

/** The suspicions that are gone now. */
export async function repairAccount(
  domain: Domain,
  account: AccountState,
  suspicions: readonly Suspicion[],
): Promise<Set<Suspicion>> {
  const repaired = new Set<Suspicion>();
  // Usage last: it is the sum of counters that may be put right before it.
  const ordered = [...suspicions].sort(
    (a, b) => Number(a.repair?.kind === 'usage') - Number(b.repair?.kind === 'usage'),
  );
  for (const suspicion of ordered) {
    if (suspicion.repair === undefined) continue;
    try {
      if (await apply(domain, account, suspicion.repair)) repaired.add(suspicion);
    } catch (error) {
      domain.log.error(
        { err: error, account: account.record.address, what: suspicion.what },
        'could not be repaired',
      );
    }
    await nextTurn();
  }
  // The account's sums agreed with the wrong counters.
  const isRecounted = [...repaired].some(({ repair }) => repair?.kind === 'counters');
  if (isRecounted) await apply(domain, account, { kind: 'usage' });
  return repaired;
}

async function apply(domain: Domain, account: AccountState, repair: Repair): Promise<boolean> {
  if (repair.kind === 'orphan') return recover(domain, account, repair);
  if (repair.kind === 'thread') return findThread(domain, account, repair.email);
  if (!('mailbox' in repair)) {
    await domain.turns.run({ account, run: (change) => repairInAccount(change, repair) });
    return true;
  }
  const mailbox = account.mailboxes.get(repair.mailbox);
  if (mailbox === undefined) return false;
  if (repair.kind !== 'role') await loadList(domain, account, mailbox);
  const { kind } = repair;
  await domain.turns.run({
    account,
    run: (change) => {
      if (kind === 'role') change.mailboxes.describe(mailbox, { role: undefined });
      if (kind === 'counters' && mailbox.list !== undefined) change.repair.recount(mailbox);
      if (kind === 'keyword-sets') dropUnknownSets(change, mailbox);
      if (kind === 'marks' && mailbox.list !== undefined) change.repair.raiseMarks(mailbox);
    },
  });
  return true;
}

function repairInAccount(
  change: AccountChange,
  repair: Extract<Repair, { kind: 'usage' | 'parent' | 'references' | 'annotation' }>,
): void {
  const { account } = change;
  if (repair.kind === 'parent') {
    if (!account.byName.has(repair.name)) change.mailboxes.create(repair.name, undefined);
  } else if (repair.kind === 'annotation') {
    change.annotations.put(repair.place, undefined);
  } else if (repair.kind === 'usage') {
    change.repair.recountUsage();
  } else {
    if (repair.by > 0) change.retain(new Array<number>(repair.by).fill(repair.email));
    if (repair.by < 0) change.release(new Array<number>(-repair.by).fill(repair.email));
  }
}

const RECOVERED = 'Recovered';

/** An email in no mailbox was in a chunk that is lost: somebody's mail, of which only the flags are gone. */
async function recover(
  domain: Domain,
  account: AccountState,
  { email, references, sizeBytes: size }: Extract<Repair, { kind: 'orphan' }>,
): Promise<boolean> {
  if (!account.byName.has(RECOVERED)) {
    await domain.turns.run({ account, run: (change) => change.mailboxes.create(RECOVERED, undefined) });
  }
  const mailbox = mailboxOf(account, RECOVERED);
  await loadTail(domain, account, mailbox);
  await domain.turns.run({
    account,
    run: (change) => {
      // One reference stays, for the message that it is now.
      if (references > 1) change.release(new Array<number>(references - 1).fill(email));
      const now = Math.floor(change.nowMs / 1000);
      const blank = { flags: 0, traits: 0, keywordSet: 0, internalDate: now, saveDate: now };
      change.addMessages(mailbox, [{ ...blank, email, size }], 'copied');
    },
  });
  return true;
}

/** The first that has none, and all after it: those are done when their turn comes. */
async function findThread(domain: Domain, account: AccountState, email: number): Promise<boolean> {
  const id = emailId(account.id, email);
  const hasThread = async () => (await domain.store.loadEmails([id], ['thread']))[0]?.thread !== undefined;
  if (await hasThread()) return true;
  await domain.turns.run({ account, run: (change) => change.facts.noteThreaded(email) });
  await giveThreads(domain, account.id);
  return hasThread();
}

/** False when its octets are damaged as well. */
export async function mendFacts(
  domain: Domain,
  account: AccountState,
  email: EmailId,
  sizeBytes: number,
): Promise<boolean> {
  const facts = await computeFacts(domain, email, sizeBytes);
  if (facts === undefined) return false;
  await domain.turns.run({ account, run: (change) => change.facts.replace(email, computedFacts(facts)) });
  const [stored] = await domain.store.loadEmails([email], ['envelope', 'sort']);
  return stored?.envelope !== undefined && stored.sort !== undefined;
}

function dropUnknownSets(change: AccountChange, mailbox: MailboxState): void {
  const { list } = mailbox;
  if (list === undefined) return;
  const rows = Array.from({ length: list.count }, (_, row) => row).filter(
    (row) => !mailbox.keywords.isKnown(list.columns.keywordSet[row] as number),
  );
  const flags = rows.map((row) => list.columns.flags[row] as number);
  change.setFlags(mailbox, { rows, flags, keywordSets: rows.map(() => 0) });
}

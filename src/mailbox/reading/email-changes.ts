/**
 * Which emails were created, updated and destroyed since a moment (RFC 8620 §5.2; an email is there while it has a place, see
 * `model/history.ts`). The answer, applied to what there was then, gives what there was at the moment it leads to. What is
 * changed while it is computed is told the next time.
 *
 * It goes by number: a client that takes it in pieces is told of each email at most once, and of all. Threads follow from
 * it: to which one an email belongs never changes.
 */
import type { Domain } from '../domain.ts';
import type { AccountState } from '../state/account.ts';
import { loadPlaces } from '../state/load-places.ts';
import type { Placements } from '../state/placements.ts';
import { ChangedEmails } from './changed-emails.ts';
import {
  type Changes,
  durableMoment,
  isKept,
  isKnown,
  type Moment,
  type Position,
  readHistory,
} from './moment.ts';

/** Emails looked at for one answer: a few milliseconds. One that finds few changes among them says that there is more. */
const MOST_COUNTED = 50_000;

/** At most `most` emails. Undefined when it is not known any more what there was at that moment. */
export async function emailChanges(
  domain: Domain,
  account: AccountState,
  position: Position,
  most: number,
): Promise<Changes | undefined> {
  const { since, told } = position;
  for (;;) {
    if (!isKnown(account, 'emails', position)) return undefined;
    const upTo = told?.upTo ?? (await durableMoment(account, 'emails'));
    const changed = new ChangedEmails(since, upTo);
    const read = await changed.gather(domain, account);
    if (changed.areTooMany) return undefined;
    await loadPlaces(domain, account);
    const { placements, modseq, unsettled } = account;
    if (placements?.isWhole !== true) continue;
    const found = counted(changed, placements, told?.reached ?? 0);
    if (!(await isKept(unsettled))) continue;
    await readHistory(domain, account, read, (entry) => {
      if (entry.modseq <= modseq) changed.addGain(entry);
    });
    if (!isKnown(account, 'emails', position)) return undefined;
    return page(changed, found, position, upTo, most);
  }
}

/** The numbers of emails that changed since a moment in any way, however often, ascending: an email that came and went is among them. */
export async function emailsChangedSince(
  domain: Domain,
  account: AccountState,
  since: Moment,
  most: number,
): Promise<readonly number[] | 'many' | undefined> {
  if (!isKnown(account, 'emails', { since })) return undefined;
  const changed = new ChangedEmails(since, await durableMoment(account, 'emails'));
  await changed.gather(domain, account);
  if (!isKnown(account, 'emails', { since })) return undefined;
  if (changed.areTooMany) return 'many';
  const emails: number[] = [];
  for (const email of changed.candidates(1)) {
    if (emails.length === most) return 'many';
    emails.push(email);
  }
  return emails;
}

/** Emails that may have changed, ascending, and the places that each had at one moment. */
interface Counted {
  readonly emails: Uint32Array;
  readonly places: Uint16Array;
  readonly length: number;
  /** There are more behind the last. */
  readonly isCut: boolean;
}

/** In one go, while nobody changes anything. */
function counted(changed: ChangedEmails, placements: Placements, reached: number): Counted {
  const emails = new Uint32Array(MOST_COUNTED);
  const places = new Uint16Array(MOST_COUNTED);
  let length = 0;
  for (const email of changed.candidates(reached + 1)) {
    if (length === MOST_COUNTED) return { emails, places, length, isCut: true };
    emails[length] = email;
    places[length++] = placements.countOf(email);
  }
  return { emails, places, length, isCut: false };
}

function page(
  changed: ChangedEmails,
  { emails, places, length, isCut }: Counted,
  { since }: Position,
  upTo: Moment,
  most: number,
): Changes {
  const created: number[] = [];
  const updated: number[] = [];
  const destroyed: number[] = [];
  let found = 0;
  let at = 0;
  for (; at < length && found < most; at++) {
    const email = emails[at] as number;
    const now = places[at] as number;
    const wasThere = changed.wasThere(email, now);
    const isThere = changed.isThere(email, now);
    if (!wasThere && !isThere) continue;
    found++;
    if (!wasThere) created.push(email);
    else (isThere ? updated : destroyed).push(email);
  }
  if (at === length && !isCut) return { created, updated, destroyed, next: { since: upTo } };
  const told = { upTo, reached: emails[at - 1] as number };
  return { created, updated, destroyed, next: { since, told } };
}

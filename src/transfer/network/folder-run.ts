/**
 * One folder of the old server: what is there is listed, compared with what was brought before, and what is new, changed or gone is
 * followed. Listed anew each time, for that costs little beside the mail, and believes nothing that was said before.
 */
import { Bringing } from './bringing.ts';
import { SourceFailure } from './failure.ts';
import type { OpenFolder } from './imap-remote.ts';
import { marksOf } from './journal.ts';
import type { FolderWork, Migration } from './migration.ts';
import type { FollowedMarks } from './migration-access.ts';
import type { Place, Placing } from './placing.ts';
import { type FolderReceipt, noCounts, uidsOf } from './receipt.ts';
import type { RemoteMessage } from './remote-message.ts';
import { SharedWords } from './shared-words.ts';
import { verify } from './verifying.ts';

/** A folder of more is none. */
const MOST_MESSAGES = 10_000_000;
const CALL = 1000;

export interface Listing {
  readonly open: OpenFolder;
  /** Ascending, each UID once. */
  readonly messages: readonly RemoteMessage[];
}

export async function listFolder({ line }: Pick<Migration, 'line'>, path: string): Promise<Listing> {
  return line.inFolder(path, async (remote, open) => {
    const found = new Map<number, RemoteMessage>();
    const shared = new SharedWords();
    if (open.exists > 0) {
      await remote.list((message) => {
        // Told again: its flags have changed meanwhile.
        const { uid, flags } = message;
        const keywords = shared.of(message.keywords);
        const before = found.get(uid) ?? { ...message, labels: shared.of(message.labels) };
        found.set(uid, { ...before, flags, keywords });
        if (found.size > MOST_MESSAGES)
          throw new SourceFailure('refused', 'it has more messages than can be');
      });
    }
    return { open, messages: [...found.values()].sort((a, b) => a.uid - b.uid) };
  });
}

export async function runFolder(
  migration: Migration,
  { path, listing, placing }: { path: string; listing: Listing; placing: Placing },
): Promise<FolderReceipt> {
  const work: FolderWork = { ...migration, path, counts: noCounts() };
  work.counts.found = listing.messages.length;
  const { fresh, partly, known } = sort(listing.messages, placing);
  work.counts.there = partly.length + known.length;
  if (migration.mode === 'verify') {
    work.counts.refused = fresh.length;
    if (fresh.length > 0)
      work.onProblem({ where: path, why: `${fresh.length} of its messages were never brought` });
    await verify(work, listing.open.uidValidity, known.concat(partly), placing);
  } else if (migration.mode === 'bring') {
    await follow(work, known.concat(partly), placing);
    for (const message of partly) await complete(work, message, placing);
    if (migration.removes) await remove(work, listing, placing);
    await new Bringing(work, listing.open.uidValidity, placing).all(fresh);
  } else {
    work.counts.bytes = fresh.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    work.counts.brought = fresh.length;
  }
  const [only] = placing.places.length === 1 ? placing.places : [];
  return { folder: path, mailbox: placing.mailbox, ...work.counts, ...uidsOf(only?.takenOver) };
}

/** `fresh` are in none of their mailboxes, `partly` in some. */
function sort(messages: readonly RemoteMessage[], placing: Placing) {
  const fresh: RemoteMessage[] = [];
  const partly: RemoteMessage[] = [];
  const known: RemoteMessage[] = [];
  for (const message of messages) {
    const places = placing.placesOf(message);
    const there = places.filter(({ journal }) => journal.brought.has(message.uid)).length;
    (there === 0 ? fresh : there < places.length ? partly : known).push(message);
  }
  return { fresh, partly, known };
}

/** What was changed there since it was brought is changed here; what was changed here alone stays. */
async function follow(work: FolderWork, messages: readonly RemoteMessage[], placing: Placing): Promise<void> {
  const changed = new Map<Place, FollowedMarks[]>();
  for (const message of messages) {
    const { uid, flags, keywords } = message;
    const marks = marksOf(flags, keywords);
    for (const place of placing.placesOf(message)) {
      const before = place.journal.brought.get(uid);
      if (before === undefined || before.marks === marks) continue;
      const entries = changed.get(place) ?? [];
      changed.set(place, entries);
      entries.push({ importKey: place.journal.keyOf(uid), uid: before.uid, flags, keywords, marks });
    }
  }
  const { target, address, counts } = work;
  for (const [{ mailbox }, entries] of changed) {
    for (let at = 0; at < entries.length; at += CALL)
      counts.followed += await target.migration.followMarks(address, mailbox, entries.slice(at, at + CALL));
  }
}

/** Into the mailboxes where it is not yet; one that was moved or deleted here stays as it is. */
async function complete(work: FolderWork, message: RemoteMessage, placing: Placing): Promise<void> {
  const { uid, flags, keywords } = message;
  const places = placing.placesOf(message);
  const from = places.flatMap(({ mailbox, journal }) => {
    const brought = journal.brought.get(uid);
    return brought === undefined ? [] : [{ mailbox, uid: brought.uid }];
  });
  for (const { mailbox, journal } of places.filter((place) => !place.journal.brought.has(uid))) {
    const to = { mailbox, importKey: journal.keyOf(uid), marks: marksOf(flags, keywords) };
    for (const one of from) if (await work.target.migration.copyMessage(work.address, one, to)) break;
  }
}

/** What was brought and is not there any more. A listing that is not whole says nothing of what is gone. */
async function remove(
  work: FolderWork,
  { open, messages }: Listing,
  { places, placesOf }: Placing,
): Promise<void> {
  const { target, address, counts, path } = work;
  if (messages.length < open.exists) {
    const why = `the server tells of ${messages.length} of its ${open.exists} messages, so nothing is deleted here`;
    work.onProblem({ where: path, why });
    return;
  }
  const wanted = new Map<Place, Set<number>>();
  for (const place of places) wanted.set(place, new Set());
  for (const message of messages) for (const place of placesOf(message)) wanted.get(place)?.add(message.uid);
  for (const [{ mailbox, journal }, there] of wanted) {
    const gone = [...journal.brought].filter(([uid]) => !there.has(uid)).map(([, brought]) => brought.uid);
    for (let at = 0; at < gone.length; at += CALL)
      counts.removed += await target.migration.removeMessages(address, mailbox, gone.slice(at, at + CALL));
  }
}

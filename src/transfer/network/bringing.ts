/**
 * New messages of a folder into the account: fetched, added with what they are known again by in the same change, read back and
 * compared. The next batch is fetched while the one before it is on its way.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { headerEnd, readBookkeeping } from '../bookkeeping.ts';
import { type AddedMessage, isRefusal, type MessageToAdd } from '../mail-access.ts';
import { SourceFailure } from './failure.ts';
import { batchesOf, Fetching, isLarge } from './fetching.ts';
import type { FetchedMessage } from './imap-remote.ts';
import { marksOf } from './journal.ts';
import { type FolderWork, MigrationStopped } from './migration.ts';
import type { Place, Placing } from './placing.ts';
import type { Pop3Names } from './pop3-names.ts';
import type { RemoteMessage } from './remote-message.ts';
import { Renumbered } from './renumbered.ts';

const MAX_HEADER_BYTES = 256 * 1024;

/** A message and what came of it, hashed while it was sent. */
interface Sent {
  readonly message: RemoteMessage;
  readonly digest: () => string;
  readonly bytes: () => number;
  readonly toAdd: MessageToAdd;
}

/** What is known of a message when its octets are, or their beginning. */
interface Found {
  readonly date: number | undefined;
  /** By which POP3 programs know it. */
  readonly name: string | undefined;
  readonly chunks: MessageToAdd['chunks'];
}

export class Bringing {
  readonly #work: FolderWork;
  readonly #placing: Placing;
  readonly #fetching: Fetching;
  readonly #renumbered: Renumbered;
  #names: Pop3Names | undefined;

  constructor(work: FolderWork, uidValidity: number, placing: Placing) {
    this.#work = work;
    this.#placing = placing;
    this.#fetching = new Fetching(work, uidValidity);
    this.#renumbered = new Renumbered(work, placing.places);
  }

  async all(messages: readonly RemoteMessage[]): Promise<void> {
    if (messages.length > 0 && this.#work.path.toUpperCase() === 'INBOX')
      this.#names = await this.#work.pop3Names?.();
    let sending: Promise<void> = Promise.resolve();
    for (const batch of batchesOf(messages)) {
      const fitting = await this.#fitting(batch);
      const [first] = fitting;
      if (first === undefined) continue;
      if (isLarge(first)) {
        await sending;
        sending = Promise.resolve();
        await this.#bringLarge(first);
        continue;
      }
      const came = await this.#fetching.whole(fitting);
      await sending;
      sending = this.#bringWhole(came);
      // Looked at when the next batch is there.
      sending.catch(() => undefined);
    }
    await sending;
  }

  async #fitting(batch: readonly RemoteMessage[]): Promise<readonly RemoteMessage[]> {
    const refusals = await this.#work.room.refusals(batch.map(({ sizeBytes }) => sizeBytes));
    for (const [i, why] of refusals.entries())
      if (why !== undefined) this.#fetching.refuse(batch[i] as RemoteMessage, why);
    return batch.filter((_, i) => refusals[i] === undefined);
  }

  async #bringWhole(came: readonly FetchedMessage[]): Promise<void> {
    const byPlace = new Map<Place, Sent[]>();
    for (const [i, message] of came.entries()) {
      if (i % 16 === 15) await nextTurn();
      const { bytes } = message;
      const digest = createHash('sha256').update(bytes).digest('hex');
      if (await this.#renumbered.knows(message, digest)) {
        this.#work.onMessages(1, message.sizeBytes);
        continue;
      }
      const [place, ...others] = this.#placing.placesOf(message) as [Place, ...Place[]];
      const toAdd = this.#toAdd(message, [place, ...others], {
        date: message.internalDate ?? dateIn(bytes),
        name: this.#names?.take(bytes),
        chunks: () => [bytes],
      });
      const entries = byPlace.get(place) ?? [];
      byPlace.set(place, entries);
      entries.push({ message, digest: () => digest, bytes: () => bytes.length, toAdd });
    }
    for (const [place, entries] of byPlace) await this.#add(place, entries);
  }

  /** One that the old server cannot send costs only itself. */
  async #bringLarge(message: RemoteMessage): Promise<void> {
    const broken: { failure?: SourceFailure } = {};
    try {
      if (!(await this.#isRenumbered(message))) await this.#sendLarge(message, broken);
    } catch (error) {
      const failure = error instanceof SourceFailure ? error : broken.failure;
      if (failure === undefined) throw error;
      if (failure.kind !== 'lost' && failure.kind !== 'refused') throw failure;
      this.#fetching.refuse(message, `the old server cannot send it: ${failure.message}`);
    }
  }

  /** As it comes. Whoever adds it says in words of his own that it broke off; why is in `broken`. */
  async #sendLarge(message: RemoteMessage, broken: { failure?: SourceFailure }): Promise<void> {
    const places = this.#placing.placesOf(message) as [Place, ...Place[]];
    const hash = createHash('sha256');
    let bytes = 0;
    const fetching = this.#fetching;
    const chunks = async function* (): AsyncGenerator<Buffer> {
      try {
        for await (const piece of fetching.pieces(message)) {
          hash.update(piece);
          bytes += piece.length;
          yield piece;
        }
      } catch (error) {
        if (error instanceof SourceFailure) broken.failure = error;
        throw error;
      }
    };
    const name = await this.#nameOfLarge(message);
    const toAdd = this.#toAdd(message, places, { date: message.internalDate, name, chunks });
    let digest: string | undefined;
    const once = (): string => {
      digest ??= hash.digest('hex');
      return digest;
    };
    await this.#add(places[0], [{ message, digest: once, bytes: () => bytes, toAdd }]);
  }

  /** Fetched twice where the folder was numbered anew: octets that are on their way cannot be taken back. */
  async #isRenumbered(message: RemoteMessage): Promise<boolean> {
    if (!this.#renumbered.mayKnow) return false;
    const hash = createHash('sha256');
    for await (const piece of this.#fetching.pieces(message)) hash.update(piece);
    const isKnown = await this.#renumbered.knows(message, hash.digest('hex'));
    if (isKnown) this.#work.onMessages(1, message.sizeBytes);
    return isKnown;
  }

  async #nameOfLarge(message: RemoteMessage): Promise<string | undefined> {
    return this.#names === undefined ? undefined : this.#names.take(await this.#fetching.beginning(message));
  }

  #toAdd(
    { uid, flags, keywords }: RemoteMessage,
    [place, ...others]: readonly [Place, ...Place[]],
    { date, name, chunks }: Found,
  ): MessageToAdd {
    const taken = place.takenOver;
    const copies = others.map(({ mailbox, journal }) => ({ mailbox, importKey: journal.keyOf(uid) }));
    return {
      ...{ flags, keywords, internalDate: date, chunks },
      importKey: place.journal.keyOf(uid),
      importMarks: marksOf(flags, keywords),
      ...(copies.length > 0 && { copies }),
      ...(name !== undefined && { externalId: name }),
      ...(taken !== undefined && 'uidNext' in taken && { place: { uid, uidNext: taken.uidNext } }),
    };
  }

  async #add({ mailbox }: Place, entries: readonly Sent[]): Promise<void> {
    const { target, address, counts } = this.#work;
    const outcomes = await target.addMessages(
      address,
      mailbox,
      entries.map(({ toAdd }) => toAdd),
    );
    const added: { readonly sent: Sent; readonly uid: number }[] = [];
    for (const [i, sent] of entries.entries()) {
      const uid = this.#outcomeOf(sent, outcomes[i]);
      if (uid === undefined) continue;
      counts.brought++;
      counts.bytes += sent.bytes();
      if (sent.toAdd.externalId !== undefined) counts.named++;
      added.push({ sent, uid });
      this.#work.onMessages(1, sent.message.sizeBytes);
    }
    await this.#compare(mailbox, added);
  }

  #outcomeOf({ message, toAdd }: Sent, outcome: AddedMessage | undefined): number | undefined {
    if (outcome === undefined) throw new MigrationStopped('the server did not account for every message');
    if (!isRefusal(outcome)) {
      if (outcome.lostKeywords === true) this.#work.counts.lostKeywords++;
      if (toAdd.place !== undefined && toAdd.place.uid !== outcome.uid) this.#work.counts.lostUids++;
      return outcome.uid;
    }
    if (outcome.refused === 'unavailable' || outcome.refused === 'nonexistent')
      throw new MigrationStopped(outcome.why);
    if (outcome.refused === 'over-quota') this.#work.room.tighten();
    this.#fetching.refuse(message, outcome.why);
  }

  async #compare(
    mailbox: string,
    added: readonly { readonly sent: Sent; readonly uid: number }[],
  ): Promise<void> {
    if (added.length === 0) return;
    const { target, address, counts, path } = this.#work;
    const ordered = added.toSorted((a, b) => a.uid - b.uid);
    const digests = await target.migration.digestsOf(
      address,
      mailbox,
      ordered.map(({ uid }) => uid),
    );
    for (const [i, { sent }] of ordered.entries()) {
      if (digests[i] === sent.digest()) {
        counts.equal++;
      } else if (digests[i] === undefined) {
        // Somebody has moved or deleted it already.
        counts.missing++;
      } else {
        counts.different++;
        const where = `${path}, UID ${sent.message.uid}`;
        this.#work.onProblem({ where, why: 'what is read back is not what came; it is here, and damaged' });
      }
    }
  }
}

/** When the server does not tell when it came: as its header has it. */
function dateIn(bytes: Buffer): number | undefined {
  const start = bytes.subarray(0, MAX_HEADER_BYTES);
  return readBookkeeping(start.subarray(0, headerEnd(start))).date;
}

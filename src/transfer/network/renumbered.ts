/**
 * A folder that has another UIDVALIDITY than when mail was last brought from it: it was made anew, or its server has lost count. Its
 * messages are known again by their octets, so that nobody has all of them twice.
 */
import { marksOf } from './journal.ts';
import type { FolderWork } from './migration.ts';
import type { Place } from './placing.ts';
import type { RemoteMessage } from './remote-message.ts';

const CALL = 500;

interface Known {
  readonly place: Place;
  readonly uid: number;
}

export class Renumbered {
  readonly #work: FolderWork;
  readonly #places: readonly Place[];
  #known: Map<string, Known[]> | undefined;

  constructor(work: FolderWork, places: readonly Place[]) {
    this.#work = work;
    this.#places = places.filter(({ journal }) => journal.stale.length > 0);
  }

  get mayKnow(): boolean {
    return this.#places.length > 0;
  }

  /** It was brought before, and is remembered by its place of now. */
  async knows({ uid, flags, keywords }: RemoteMessage, digest: string): Promise<boolean> {
    if (!this.mayKnow) return false;
    this.#known ??= await this.#load();
    const known = this.#known.get(digest)?.pop();
    if (known === undefined) return false;
    const { target, address, counts } = this.#work;
    const { mailbox, journal } = known.place;
    const marks = marksOf(flags, keywords);
    const entry = { importKey: journal.keyOf(uid), uid: known.uid, flags, keywords, marks };
    counts.followed += await target.migration.followMarks(address, mailbox, [entry]);
    counts.there++;
    return true;
  }

  async #load(): Promise<Map<string, Known[]>> {
    const { target, address } = this.#work;
    const known = new Map<string, Known[]>();
    for (const place of this.#places) {
      // Several UIDVALIDITYs may have named the same message.
      const uids = [...new Set(place.journal.stale)].sort((a, b) => a - b);
      const taken = new Set([...place.journal.brought.values()].map(({ uid }) => uid));
      const free = uids.filter((uid) => !taken.has(uid));
      for (let at = 0; at < free.length; at += CALL) {
        const slice = free.slice(at, at + CALL);
        const digests = await target.migration.digestsOf(address, place.mailbox, slice);
        for (const [i, digest] of digests.entries()) {
          if (digest === undefined) continue;
          const entries = known.get(digest) ?? [];
          known.set(digest, entries);
          entries.unshift({ place, uid: slice[i] as number });
        }
      }
    }
    return known;
  }
}

/**
 * Makes one pack of several that have little left in them, or something that is to be forgotten. Entries are taken as they are; what
 * cannot be read stays where it is, and with it its pack.
 */
import { isDamage } from '../database.ts';
import { BLOCK_BYTES, type IndexEntry } from './format.ts';
import { chained, isSound, type PackContext } from './make-pack.ts';
import { PackFiles } from './pack-files.ts';
import type { Packed, PackRequest } from './pack-work.ts';
import { PackWriter } from './pack-writer.ts';
import { PackedBytes, type PackedPlace } from './packed-bytes.ts';
import { kindOf, placesIn } from './part-rows.ts';

const LIVE = 'SELECT id, segment, offset FROM blob WHERE kind >= 2 AND kind = ?';

interface LiveEntry {
  readonly entry: IndexEntry;
  readonly pack: number;
}

export function rewritePacks(
  context: PackContext,
  request: Extract<PackRequest, { kind: 'rewrite' }>,
): Packed {
  const { db, packs, breathe } = context;
  const files = new PackFiles(packs);
  const bytes = new PackedBytes(files, placesIn(db));
  const live = request.from.flatMap((pack) => liveIn(context, files, pack));
  // Of an account together, in the order in which they were.
  live.sort((a, b) => a.entry.account - b.entry.account);
  const writer = new PackWriter(context, request.pack, request.createdMs);
  const taken = new Map<number, LiveEntry>();
  try {
    for (const one of live) {
      if (take(writer, bytes, one, breathe)) taken.set(one.entry.blob, one);
      breathe();
    }
    if (taken.size === 0) {
      writer.abandon();
      return { kind: 'packed', moves: [], parts: [], after: undefined, mailBytes: 0, fileBytes: 0 };
    }
    const entries = writer.finish();
    const moves = entries.flatMap(({ blob, frame, offset, ...rest }) => {
      const old = taken.get(blob);
      const entry = { blob, frame, offset, ...rest };
      if (old === undefined || !isSound(entry, request.pack, bytes)) return [];
      breathe();
      const from = { kind: kindOf(old.pack), segment: old.entry.frame, offset: old.entry.offset };
      return { blob, from, frame, offset, parts: [] };
    });
    const mailBytes = live.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
    return {
      kind: 'packed',
      moves,
      parts: [],
      after: undefined,
      mailBytes,
      fileBytes: files.facts(request.pack).fileBytes,
    };
  } catch (error) {
    writer.abandon();
    throw error;
  } finally {
    files.close();
  }
}

function liveIn({ db }: PackContext, files: PackFiles, pack: number): LiveEntry[] {
  const places = new Map(
    db
      .prepare(LIVE)
      .all(kindOf(pack))
      .map(([id, frame, offset]) => [id, `${frame} ${offset}`]),
  );
  try {
    return files
      .index(pack)
      .filter(({ blob, frame, offset }) => places.get(blob) === `${frame} ${offset}`)
      .map((entry) => ({ entry, pack }));
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [];
  }
}

/** False when it cannot be read. */
function take(
  writer: PackWriter,
  bytes: PackedBytes,
  { entry, pack }: LiveEntry,
  breathe: () => void,
): boolean {
  const place: PackedPlace = { ...entry, pack };
  try {
    if (entry.sizeBytes <= BLOCK_BYTES) writer.addWhole(entry, entry.parts, [...bytes.whole(place)]);
    else {
      // Looked at before it is written: an entry that stops half-way is none.
      if (!isSound(entry, pack, bytes)) return false;
      writer.addChain(entry, entry.parts, chained(Buffer.alloc(0), bytes.whole(place), breathe));
    }
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}

/** How much of a shard is packed, how much waits, and how much of each pack is still needed. */
import { isDamage } from '../database.ts';
import type { PackContext } from './make-pack.ts';
import { PackFiles, packsIn } from './pack-files.ts';
import type { Amount, PackSurvey, Survey } from './pack-work.ts';
import { kindOf } from './part-rows.ts';

const SQL = {
  live: 'SELECT kind, count(*), total(size) FROM blob WHERE kind >= 2 GROUP BY kind',
  parts: 'SELECT count(*), total(size) FROM part',
  unpacked: 'SELECT count(*), total(size) FROM blob WHERE kind < 2',
  due: 'SELECT count(*), total(size) FROM blob WHERE kind < 2 AND id <= ?',
} as const;

export function survey({ db, packs: directory, breathe }: PackContext, upTo: number): Survey {
  const files = new PackFiles(directory);
  const live = new Map<number, Amount>();
  for (const [kind, blobs, bytes] of db.prepare(SQL.live).all())
    live.set(kind as number, { blobs: blobs as number, bytes: bytes as number });
  const packs: PackSurvey[] = [];
  for (const pack of packsIn(directory)) {
    const found = surveyOf(files, pack, live.get(kindOf(pack)) ?? { blobs: 0, bytes: 0 });
    if (found !== undefined) packs.push(found);
    breathe();
  }
  files.close();
  // Parts are in the messages that have them.
  const [parts = 0, partBytes = 0] = (db.prepare(SQL.parts).get() ?? []) as readonly number[];
  const packed = { blobs: -parts, bytes: -partBytes };
  for (const { blobs, bytes } of live.values()) {
    packed.blobs += blobs;
    packed.bytes += bytes;
  }
  const amount = (sql: string, ...values: number[]): Amount => {
    const [blobs = 0, bytes = 0] = db.prepare(sql).get(...values) ?? [];
    return { blobs: blobs as number, bytes: bytes as number };
  };
  return { kind: 'survey', packs, packed, unpacked: amount(SQL.unpacked), due: amount(SQL.due, upTo) };
}

/** Undefined for one that cannot be read: its messages are missed when they are asked for, and by the check. */
function surveyOf(files: PackFiles, pack: number, live: Amount): PackSurvey | undefined {
  try {
    const { createdMs, fileBytes, entries } = files.facts(pack);
    const isWhole = live.blobs >= entries;
    const all = isWhole ? 0 : files.index(pack).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const deadShare = isWhole ? 0 : all === 0 ? 1 : Math.max(0, 1 - live.bytes / all);
    return { pack, createdMs, fileBytes, entries, live: live.blobs, deadShare };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

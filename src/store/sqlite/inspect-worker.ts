/**
 * The thread in which a shard is looked over, which may take minutes of reading, or its indexes are made anew, beside which
 * nobody writes. One run, one answer.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Database } from './database.ts';
import { type Findings, inspectShard, type ShardFolders } from './inspection.ts';
import { tune } from './migrate.ts';

export type InspectRequest =
  | { readonly path: string; readonly folders: ShardFolders }
  | { readonly path: string; readonly reindexes: true };

/** `damaged`: a table is broken, not only an index. */
export type InspectReply = Findings | 'mended' | 'damaged';

const request = workerData as InspectRequest;
const db = new Database(request.path, { busyMs: 5000 });
tune(db, { isAutoCheckpointed: false });
const reply = 'reindexes' in request ? reindex() : inspectShard(db, request.folders);
db.close();
parentPort?.postMessage(reply);

function reindex(): InspectReply {
  try {
    db.exec('REINDEX');
    return 'mended';
  } catch {
    return 'damaged';
  }
}

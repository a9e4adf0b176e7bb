/** The thread in which a shard is looked over: it may take minutes of reading. One run, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { Database } from './database.ts';
import { type InspectionOptions, inspectShard } from './inspection.ts';
import { tune } from './migrate.ts';

export interface InspectRequest extends InspectionOptions {
  readonly path: string;
}

const request = workerData as InspectRequest;
const db = new Database(request.path, { busyMs: 5000 });
tune(db, { isAutoCheckpointed: false });
const findings = inspectShard(db, request);
db.close();
parentPort?.postMessage(findings);

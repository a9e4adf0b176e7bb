/**
 * The owner's side of an inspection: it keeps the writers of this shard waiting while something is repaired, makes the
 * repair durable, and tells the segments what they lost.
 */
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { StoreProblem } from '../../mailbox/port/store.ts';
import { workerUrl } from './checkpointer.ts';
import type { GroupCommit } from './group-commit.ts';
import type { InspectRequest } from './inspect-worker.ts';
import type { Findings } from './inspection.ts';
import type { Segments } from './segments.ts';

export interface InspectedShard {
  readonly directory: string;
  readonly db: { readonly path: string };
  readonly segments: Segments;
  readonly commits: GroupCommit;
  readonly context: { readonly sync: () => Promise<void> };
}

export async function inspect(shard: InspectedShard, isRepairing: boolean): Promise<readonly StoreProblem[]> {
  const request: InspectRequest = {
    path: shard.db.path,
    segmentsDirectory: join(shard.directory, 'segments'),
    isRepairing,
  };
  const findings = isRepairing ? await shard.commits.paused(() => run(request)) : await run(request);
  if (findings.removedFrom.length > 0) {
    const durable = shard.context.sync();
    shard.segments.rowsDeleted(findings.removedFrom, durable);
    await durable;
  } else if (isRepairing && findings.problems.length > 0) {
    await shard.context.sync();
  }
  const shardName = basename(shard.directory);
  return findings.problems.map((problem) => ({ ...problem, where: `${shardName}/${problem.where}` }));
}

async function run(request: InspectRequest): Promise<Findings> {
  const worker = new Worker(workerUrl('inspect-worker'), { workerData: request });
  const exited = once(worker, 'exit');
  exited.catch(() => {}); // an error is thrown by the wait for the message
  const [findings] = (await once(worker, 'message')) as [Findings];
  await exited;
  return findings;
}

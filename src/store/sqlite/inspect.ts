/**
 * The owner's side of an inspection. It reads beside the writers, in a thread; what it finds is put right in turns like any
 * others. Only an index that has to be made anew keeps the writers of this shard waiting, and only where that is quick:
 * in a large database a person stops the server for it.
 */
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { StoreProblem } from '../../mailbox/port/store.ts';
import { workerUrl } from './checkpointer.ts';
import type { GroupCommit } from './group-commit.ts';
import type { InspectReply, InspectRequest } from './inspect-worker.ts';
import { type Findings, problem } from './inspection.ts';
import { applyRepairs, type RepairedShard } from './repairs.ts';

export interface InspectedShard extends RepairedShard {
  readonly directory: string;
  readonly db: { readonly path: string };
  readonly commits: GroupCommit;
}

/** 64 MB, of which an index is made anew in some tenths of a second. */
const MOST_REINDEXED_PAGES = 16_384;
const ADVICE =
  'the database is damaged; "brevduva check --repair", with the server stopped, mends it or saves what is readable into a new one and keeps this one';

export async function inspect(
  shard: InspectedShard,
  isRepairing: boolean,
  onTrouble: (error: Error) => void,
): Promise<readonly StoreProblem[]> {
  const path = shard.db.path;
  const folders = { segments: join(shard.directory, 'segments'), packs: join(shard.directory, 'packs') };
  const request: InspectRequest = { path, folders };
  let findings = await look(request);
  const complaints = new Set(findings.complaints);
  if (isRepairing && complaints.size > 0 && findings.pages <= MOST_REINDEXED_PAGES) {
    await shard.commits.paused(() => ask({ path, reindexes: true })).catch(onTrouble);
    findings = await look(request);
  }
  const left = new Set(findings.complaints);
  const problems = [...complaints].map((line) => problem(line, undefined, !left.has(line)));
  if (left.size > 0) problems.push(problem(ADVICE));
  const { repairable } = findings;
  const repairs = isRepairing ? repairable.map(({ repair }) => repair) : [];
  const done = await applyRepairs(shard, repairs, onTrouble);
  for (const [i, { problem: found }] of repairable.entries()) {
    if (found !== undefined) problems.push({ ...found, repaired: done[i] === true });
  }
  const shardName = basename(shard.directory);
  return [...problems, ...findings.problems].map((one) => ({ ...one, where: `${shardName}/${one.where}` }));
}

async function look(request: InspectRequest): Promise<Findings> {
  return (await ask(request)) as Findings;
}

async function ask(request: InspectRequest): Promise<InspectReply> {
  const worker = new Worker(workerUrl('inspect-worker'), { workerData: request });
  const exited = once(worker, 'exit');
  exited.catch(() => {}); // an error is thrown by the wait for the message
  const [reply] = (await once(worker, 'message')) as [InspectReply];
  await exited;
  return reply;
}

/**
 * The thread that makes packs. It reads the database and writes files, and changes nothing that anybody refers to: killed at
 * any moment it leaves a file without a name or a pack that no row knows, and the next start deletes both.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Database, storeError } from '../database.ts';
import { tune } from '../migrate.ts';
import { makeFactBlocks } from './make-fact-blocks.ts';
import { makePack, type PackContext } from './make-pack.ts';
import type { FactStep, FactSteps, PackReply, PackRequest, PackWorkerData } from './pack-work.ts';
import { rewritePacks } from './rewrite-packs.ts';
import { survey } from './survey.ts';

const STEPS_AT_ONCE = 32;

const data = workerData as PackWorkerData;
const db = new Database(data.path, { busyMs: 5000 });
tune(db, { isAutoCheckpointed: false });

/** Sleeps as long as it has worked, so that whoever serves clients on the same core has half of it at least. */
class Breath {
  #startMs = performance.now();
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));

  take(): void {
    if (!data.isGentle) return;
    const spentMs = performance.now() - this.#startMs;
    if (spentMs < 20) return;
    Atomics.wait(this.#cell, 0, 0, spentMs);
    this.#startMs = performance.now();
  }
}

const breath = new Breath();

function answer(request: PackRequest): PackReply {
  try {
    const context = { ...data, db, breathe: () => breath.take() };
    switch (request.kind) {
      case 'pack':
        return makePack(context, request);
      case 'rewrite':
        return rewritePacks(context, request);
      case 'facts':
        return nextSteps(context, request);
      case 'survey':
        return survey(context, request.upTo);
    }
  } catch (error) {
    const { message, code } = storeError(error, 'making a pack');
    return { kind: 'failed', message, code };
  }
}

let facts: Generator<FactStep> | undefined;

/** Some blocks, which the owner writes before more are made. */
function nextSteps(
  context: PackContext,
  { nowMs, takesNew }: Extract<PackRequest, { kind: 'facts' }>,
): FactSteps {
  facts ??= makeFactBlocks(context, { nowMs, takesNew, isGentle: data.isGentle });
  const steps: FactStep[] = [];
  while (steps.length < STEPS_AT_ONCE) {
    const { value, done } = facts.next();
    if (done === true) {
      facts = undefined;
      return { kind: 'facts', steps, isOver: true };
    }
    steps.push(value);
  }
  return { kind: 'facts', steps, isOver: false };
}

parentPort?.on('message', (request: PackRequest | 'close') => {
  if (request === 'close') {
    db.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(answer(request));
});

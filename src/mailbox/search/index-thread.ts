/**
 * The owner's side of `index-worker.ts`. The thread starts at the first need, ends when nobody has needed it for a minute and does not keep
 * the process alive. It is used by one at a time, who takes each answer before asking again.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { EmailOctets, IndexAnswer, IndexJob } from './index-worker.ts';

const IDLE_MS = 60_000;

export class IndexThread {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** In ascending order; returns what is held by now, see `SegmentWriter.weight`. Throws what ended the thread. */
  async add(emails: readonly EmailOctets[]): Promise<number> {
    const answer = await this.#ask({ kind: 'emails', emails });
    return answer.kind === 'taken' ? answer.weight : 0;
  }

  /** The segment of what was added since the last one. */
  async end(): Promise<Uint8Array> {
    const answer = await this.#ask({ kind: 'end' });
    if (answer.kind !== 'segment') throw new Error('the thread of the index gave no segment');
    return answer.octets;
  }

  /** What was added since the last segment is not wanted any more. */
  forget(): void {
    this.#worker?.postMessage({ kind: 'forget' } satisfies IndexJob);
  }

  close(): void {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  async #ask(job: IndexJob): Promise<IndexAnswer> {
    clearTimeout(this.#idle);
    this.#worker ??= start();
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<IndexAnswer>();
    const onExit = (): void => reject(new Error('the thread of the index ended'));
    worker.once('message', resolve).once('error', reject).once('exit', onExit);
    worker.postMessage(job);
    try {
      const answer = await promise;
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
      return answer;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      worker.off('message', resolve).off('error', reject).off('exit', onExit);
    }
  }
}

function start(): Worker {
  const file = `./index-worker${extname(import.meta.filename)}`;
  const worker = new Worker(new URL(file, import.meta.url), {
    // The words of one segment take a tenth of it; a message that takes more must not take everything.
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  worker.unref();
  return worker;
}

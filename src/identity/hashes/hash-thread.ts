/**
 * The owner's side of `hash-worker.ts`. The thread starts at the first need, ends when nobody has needed it for a minute
 * and does not keep the process alive. It is asked one question at a time: whoever owns it keeps the queue.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Secret } from '../../base/secret.ts';
import type { CryptHash, HashJob } from './hash-worker.ts';

const IDLE_MS = 60_000;

export class HashThread {
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** Throws what ended the thread. */
  async verify(hash: CryptHash, password: Secret): Promise<boolean> {
    const job: HashJob = { hash, password: password.reveal() };
    clearTimeout(this.#idle);
    this.#worker ??= start();
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const onExit = (): void => reject(new Error('the thread that verifies passwords ended'));
    worker.once('message', resolve).once('error', reject).once('exit', onExit);
    worker.ref();
    worker.postMessage(job);
    try {
      const isRight = await promise;
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
      return isRight;
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      worker.off('message', resolve).off('error', reject).off('exit', onExit);
      worker.unref();
    }
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }
}

function start(): Worker {
  const file = `./hash-worker${extname(import.meta.filename)}`;
  return new Worker(new URL(file, import.meta.url));
}

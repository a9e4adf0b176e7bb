/**
 * Somebody else who uses the server meanwhile: a NOOP every 20 ms on a connection of its own, in a thread of its own. How long
 * the slowest in a hundred took says whom a row keeps waiting.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { LineClient } from './line-client.ts';
import type { Running } from './peers/peer.ts';
import { BYSTANDER_USER } from './workloads/workload.ts';

const EVERY_MS = 20;

export class Bystander {
  readonly #worker: Worker;
  readonly #latencies = Promise.withResolvers<readonly number[]>();

  constructor(server: Running) {
    const { ports, password } = server;
    const workerData = { port: ports.imap, user: server.user(BYSTANDER_USER), password };
    this.#worker = new Worker(new URL(import.meta.url), { workerData });
    this.#worker.once('message', this.#latencies.resolve);
    this.#worker.once('error', this.#latencies.reject);
    this.#worker.once('exit', () => this.#latencies.resolve([]));
  }

  /** Of all NOOPs since it came, in ms, ascending; none when the row was over at once. */
  async latenciesMs(): Promise<readonly number[]> {
    this.#worker.postMessage('end');
    const latencies = await this.#latencies.promise;
    await this.#worker.terminate();
    return latencies;
  }
}

async function watch({
  port,
  user,
  password,
}: {
  port: number;
  user: string;
  password: string;
}): Promise<void> {
  const latencies: number[] = [];
  let isOver = false;
  parentPort?.once('message', () => {
    isOver = true;
  });
  try {
    const client = await LineClient.open(port);
    await client.line(/\* OK/);
    await client.imap(`LOGIN ${user} ${password}`);
    await client.imap('NOOP');
    while (!isOver) {
      const start = performance.now();
      await client.imap('NOOP');
      latencies.push(performance.now() - start);
      await pause(EVERY_MS);
    }
    client.end();
  } catch {
    // The server was stopped by the row itself.
  }
  parentPort?.postMessage(latencies.sort((a, b) => a - b));
}

if (!isMainThread) await watch(workerData);

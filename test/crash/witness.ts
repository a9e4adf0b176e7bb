/**
 * Somebody who behaves while others do not: a signed-in session that asks for something small all the time, and a look
 * at the memory of the server.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '../imap-client.ts';
import type { TestServer } from '../kit/server.ts';

export class Witness {
  readonly #server: TestServer;
  readonly #client: ImapClient;
  readonly #latenciesMs: number[] = [];
  readonly #before: string;
  readonly #done: Promise<void>;
  #isOver = false;
  maxRssBytes = 0;

  private constructor(server: TestServer, client: ImapClient, before: string) {
    this.#server = server;
    this.#client = client;
    this.#before = before;
    this.#done = this.#watch();
    this.#done.catch(() => {}); // `leave` tells
  }

  static async arrive(server: TestServer, address: string, password: string): Promise<Witness> {
    const client = await ImapClient.signIn(server.port('imap'), address, password);
    await client.ok('SELECT INBOX');
    return new Witness(server, client, await everything(client));
  }

  /** It was answered all the while, in time, and what it has is what it had. */
  async leave({ mostMs }: { readonly mostMs: number }): Promise<string> {
    this.#isOver = true;
    await this.#done;
    assert.equal(await everything(this.#client), this.#before);
    await this.#client.ok('LOGOUT');
    this.#client.close();
    const sorted = this.#latenciesMs.sort((a, b) => a - b);
    const longestMs = sorted.at(-1) ?? 0;
    assert.ok(longestMs < mostMs, `an answer took ${Math.round(longestMs)} ms`);
    const medianMs = sorted[sorted.length >> 1] ?? 0;
    const rss = Math.round(this.maxRssBytes / 2 ** 20);
    return `${sorted.length} answers, median ${medianMs.toFixed(1)} ms, longest ${longestMs.toFixed(0)} ms; at most ${rss} MiB`;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      const startMs = performance.now();
      await this.#client.ok('NOOP');
      this.#latenciesMs.push(performance.now() - startMs);
      this.maxRssBytes = Math.max(this.maxRssBytes, rssBytes(this.#server.pid));
      await sleep(10);
    }
  }
}

export function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
}

async function everything(client: ImapClient): Promise<string> {
  const { untagged } = await client.ok('UID FETCH 1:* (FLAGS RFC822.SIZE BODY.PEEK[])');
  return untagged.filter((line) => / FETCH /.test(line)).join('\n');
}

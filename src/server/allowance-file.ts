/**
 * How much accounts have sent in the last day, in a file of each process: a server that forgot it at each start would let a stolen password
 * send as much again. What was sent in the last minute before a crash is forgotten. A file that cannot be read is a memory that is short.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Allowances } from '../submission/allowance.ts';

const WRITE_MS = 60_000;
const NAME = /^sent-counts(?:-\d+)?\.json$/;
const count = z.number().int().min(0);
const FileSchema = z.array(z.tuple([count, z.array(z.tuple([count, count, count])).max(1000)]));

export interface AllowanceFileOptions {
  readonly folder: string;
  /** As one of several: its number. */
  readonly worker: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class AllowanceFile {
  readonly #options: AllowanceFileOptions;
  readonly #allowances: Pick<Allowances, 'snapshot' | 'restore'>;
  readonly #timer: NodeJS.Timeout;
  #written = '';

  /** What any process has written is taken up: accounts may have been with another one. */
  constructor(allowances: Pick<Allowances, 'snapshot' | 'restore'>, options: AllowanceFileOptions) {
    this.#options = options;
    this.#allowances = allowances;
    const { folder, clock, log } = options;
    for (const name of readdirSync(folder).filter((one) => NAME.test(one))) {
      try {
        const read = FileSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
        allowances.restore(read, clock.nowMs());
      } catch (err) {
        log.warn({ err, file: name }, 'how much accounts have sent is not known any more');
      }
    }
    this.#timer = setInterval(() => this.#write(), WRITE_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#write();
  }

  #write(): void {
    const { folder, worker, clock, log } = this.#options;
    const text = JSON.stringify(this.#allowances.snapshot(clock.nowMs()));
    if (text === this.#written) return;
    const path = join(folder, `sent-counts${worker === undefined ? '' : `-${worker}`}.json`);
    try {
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      this.#written = text;
    } catch (err) {
      log.debug({ err }, 'how much accounts have sent is kept in memory alone');
    }
  }
}

/** Gives the way to end it. */
export function countSent(
  { allowances }: { readonly allowances: Pick<Allowances, 'snapshot' | 'restore'> },
  options: AllowanceFileOptions,
): () => Promise<void> {
  const file = new AllowanceFile(allowances, options);
  return async () => file.close();
}

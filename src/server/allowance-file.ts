/**
 * How much accounts have sent in the last day, in a file of each process: a server that forgot it at each start would let a stolen password
 * send as much again. What was sent in the last minute before a crash is forgotten. A file that cannot be read is a memory that is short.
 * There may be very many accounts: the file is written in pieces, between which everybody else has their turn.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import type { Allowances } from '../submission/allowance.ts';

const WRITE_MS = 60_000;
const NAME = /^sent-counts(?:-\d+)?\.json$/;
const count = z.number().int().min(0);
const FileSchema = z.array(z.tuple([count, z.array(z.tuple([count, count, count])).max(1000)]));

const PIECE = 64 * 1024;

type Counted = Pick<Allowances, 'snapshot' | 'restore' | 'changes'>;

export interface AllowanceFileOptions {
  readonly folder: string;
  /** As one of several: its number. */
  readonly worker: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class AllowanceFile {
  readonly #options: AllowanceFileOptions;
  readonly #allowances: Counted;
  readonly #timer: NodeJS.Timeout;
  #written: number;
  #writing: Promise<void> | undefined;

  /** What any process has written is taken up: accounts may have been with another one. */
  constructor(allowances: Counted, options: AllowanceFileOptions) {
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
    this.#written = allowances.changes;
    this.#timer = setInterval(() => void this.write(), WRITE_MS).unref();
  }

  /** When something has been counted since. Never rejects. */
  write(): Promise<void> {
    this.#writing ??= this.#write()
      .catch((err) => this.#options.log.debug({ err }, 'how much accounts have sent is kept in memory alone'))
      .finally(() => {
        this.#writing = undefined;
      });
    return this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    await this.write();
  }

  async #write(): Promise<void> {
    const { folder, worker, clock } = this.#options;
    const { changes } = this.#allowances;
    if (changes === this.#written) return;
    const path = join(folder, `sent-counts${worker === undefined ? '' : `-${worker}`}.json`);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      const slice = new TimeSlice();
      let text = '[';
      let between = '';
      for (const counts of this.#allowances.snapshot(clock.nowMs())) {
        text += between + JSON.stringify(counts);
        between = ',';
        if (text.length > PIECE) {
          await file.write(text);
          text = '';
        }
        await slice.spent();
      }
      await file.write(`${text}]`);
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    this.#written = changes;
  }
}

/** Gives the way to end it. */
export function countSent(
  { allowances }: { readonly allowances: Counted },
  options: AllowanceFileOptions,
): () => Promise<void> {
  const file = new AllowanceFile(allowances, options);
  return () => file.close();
}

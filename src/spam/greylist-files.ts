/**
 * The memory of greylisting on the disk: a file a day, to which all workers append whole lines and from which each reads what the
 * others have added. Losing the last lines in a power cut makes somebody wait once more, so nothing is synced. A file has a
 * greatest size; the files of long ago are removed.
 */
import { appendFile, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import { type GreylistEntry, type GreylistLog, PASS_MS } from './greylist.ts';

const DAY_MS = 86_400_000;
/** Some sixty thousand lines. */
const MAX_FILE_BYTES = 3 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const NAME = /^(\d{4}-\d\d-\d\d)$/;
const LINE = /^([sp]) ([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{1,11})$/;

export class GreylistFiles implements GreylistLog {
  readonly #folder: string;
  readonly #log: Log;
  readonly #nowMs: () => number;
  /** Octets of each file that were read. */
  readonly #read = new Map<string, number>();
  /** One after the other: two who read at once would both take the same lines. */
  #reading: Promise<void> = Promise.resolve();
  /** The day of the last look at all files. */
  #knownDay = '';

  constructor(folder: string, log: Log, nowMs: () => number) {
    this.#folder = folder;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  news(take: (entry: GreylistEntry) => void): Promise<void> {
    this.#reading = this.#reading.then(() =>
      this.#gather(take).catch((err: unknown) => {
        this.#log.error({ err }, 'the memory of greylisting cannot be read');
      }),
    );
    return this.#reading;
  }

  async add(entries: readonly GreylistEntry[]): Promise<boolean> {
    const path = join(this.#folder, dayOf(this.#nowMs()));
    const lines = entries.map(
      ({ kind, from, key, atMs }) => `${kind[0]} ${from} ${key} ${atMs.toString(16)}\n`,
    );
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if ((await sizeOf(path)) > MAX_FILE_BYTES) return false;
      await appendFile(path, lines.join(''), { mode: 0o600 });
      return true;
    } catch (err) {
      this.#log.error({ err }, 'greylisting cannot remember');
      return false;
    }
  }

  async #gather(take: (entry: GreylistEntry) => void): Promise<void> {
    const nowMs = this.#nowMs();
    const today = dayOf(nowMs);
    const isKnown = this.#knownDay === today;
    const names = isKnown ? [dayOf(nowMs - DAY_MS), today] : await this.#allThatCount(nowMs);
    for (const name of names) await this.#newsOf(name, take);
    this.#knownDay = today;
  }

  /** Once a day; the files of long ago are removed. */
  async #allThatCount(nowMs: number): Promise<readonly string[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => NAME.test(name)).sort();
    const eldest = dayOf(nowMs - PASS_MS - DAY_MS);
    for (const name of names) {
      if (name >= eldest) continue;
      this.#read.delete(name);
      await unlink(join(this.#folder, name)).catch(() => undefined);
    }
    return names.filter((name) => name >= eldest);
  }

  /** A month of a flood is millions of lines: others have their turns in between. */
  async #newsOf(name: string, take: (entry: GreylistEntry) => void): Promise<void> {
    const path = join(this.#folder, name);
    const from = this.#read.get(name) ?? 0;
    const size = Math.min(await sizeOf(path), MAX_FILE_BYTES + READ_BYTES);
    if (size <= from) return;
    const file = await open(path, 'r');
    const slice = new TimeSlice();
    try {
      let at = from;
      for (let rest = ''; at < size; ) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, at);
        if (bytesRead === 0) break;
        const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
        at += bytesRead;
        // A line that is not whole yet is read again.
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const entry = entryOf(line);
          if (entry !== undefined) take(entry);
          const spent = slice.spent();
          if (spent !== undefined) await spent;
        }
        this.#read.set(name, at - rest.length);
      }
    } finally {
      await file.close();
    }
  }
}

function entryOf(line: string): GreylistEntry | undefined {
  const [, kind, from = '', key = '', atMs = ''] = LINE.exec(line) ?? [];
  if (kind === undefined) return undefined;
  return { kind: kind === 's' ? 'seen' : 'passed', from, key, atMs: Number.parseInt(atMs, 16) };
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

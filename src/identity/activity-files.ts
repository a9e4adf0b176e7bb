/**
 * The journal of activity in the data folder: JSON lines, for each kind a file that is written and the one before it. When
 * the first is full it takes the place of the second, so the journal has a size and forgets what is oldest. Lines are
 * gathered for a moment and appended without syncing: a killed server loses the last second of them, and a disk that
 * is full loses lines, never mail.
 */
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ActivityEvent, type ActivityJournal, type ActivityKind, inOrderOfTime } from './activity.ts';
import { linesBackward } from './lines-backward.ts';

const FOLDER = 'activity';
const KINDS = ['own', 'strangers'] as const satisfies readonly ActivityKind[];
const WRITE_MS = 500;
/** Of one file, from its end. */
const RECENT_BYTES = 2 * 1024 * 1024;
/** Waiting to be written; beyond it lines are lost. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface ActivityPart {
  readonly worker: number;
  readonly workers: number;
}

const folderOf = (worker: number): string => `worker-${worker}`;

export class ActivityFiles implements ActivityJournal {
  readonly #all: string;
  readonly #part: ActivityPart;
  readonly #folder: string;
  readonly #maxFileBytes: number;
  readonly #waiting = new Map<ActivityKind, string>();
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /**
   * `maxBytes`: of all files together. Each of several processes writes files of its own, and reads them; the first reads
   * those of processes that are no more as well.
   */
  constructor(data: string, maxBytes: number, part: ActivityPart = { worker: 0, workers: 1 }) {
    this.#all = join(data, FOLDER);
    this.#part = part;
    this.#folder = part.worker === 0 ? this.#all : join(this.#all, folderOf(part.worker));
    this.#maxFileBytes = Math.floor(maxBytes / (2 * KINDS.length * part.workers));
  }

  append(kind: ActivityKind, event: ActivityEvent): void {
    if (this.#waitingBytes > MAX_WAITING_BYTES) return;
    const line = `${JSON.stringify(event)}\n`;
    this.#waiting.set(kind, (this.#waiting.get(kind) ?? '') + line);
    this.#waitingBytes += line.length;
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MS).unref();
  }

  /** Resolves when everything so far is in the files, or could not be written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** The last `limit` events of the account, the oldest first. Reads the files as far as they are there. */
  async read(account: string, limit: number): Promise<ActivityEvent[]> {
    await this.flush();
    const wanted = JSON.stringify(account);
    const found: ActivityEvent[] = [];
    for (const folder of await this.#readable()) {
      for (const kind of KINDS) found.push(...(await this.#readKind(folder, kind, wanted, limit)));
    }
    return inOrderOfTime(found).slice(-limit);
  }

  /** The last `limit` events that fit, of all accounts, the oldest first; from the ends of the files, no further back than is quick. */
  async recent(limit: number, fits: (event: ActivityEvent) => boolean): Promise<ActivityEvent[]> {
    await this.flush();
    const found: ActivityEvent[] = [];
    for (const folder of await this.#readable()) {
      for (const kind of KINDS) found.push(...(await recentOf(folder, kind, limit, fits)));
    }
    return inOrderOfTime(found).slice(-limit);
  }

  async #readKind(
    folder: string,
    kind: ActivityKind,
    wanted: string,
    limit: number,
  ): Promise<ActivityEvent[]> {
    const found: ActivityEvent[] = [];
    for (const path of [pathIn(folder, kind, true), pathIn(folder, kind, false)]) {
      for await (const line of linesOf(path)) {
        if (!line.includes(wanted)) continue;
        const event = parsed(line);
        if (event === undefined || JSON.stringify(event.account) !== wanted) continue;
        found.push(event);
        if (found.length >= 2 * limit) found.splice(0, limit);
      }
    }
    return found.slice(-limit);
  }

  async #readable(): Promise<readonly string[]> {
    const { worker, workers } = this.#part;
    if (worker !== 0) return [this.#folder];
    const names = await readdir(this.#all).catch((): string[] => []);
    const left = names.filter((name) => Number(/^worker-(\d+)$/.exec(name)?.[1] ?? 0) >= workers);
    return [this.#folder, ...left.map((name) => join(this.#all, name))];
  }

  async #write(): Promise<void> {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const [kind, text] of waiting) {
      try {
        await this.#appendTo(kind, text);
      } catch {
        // A journal that cannot be written must not stop what it is about; the log has the same lines.
      }
    }
  }

  async #appendTo(kind: ActivityKind, text: string): Promise<void> {
    const path = pathIn(this.#folder, kind, false);
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > 0 && size + text.length > this.#maxFileBytes)
      await rename(path, pathIn(this.#folder, kind, true));
    if (size === 0) await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await appendFile(path, text, { mode: 0o600 });
  }
}

function pathIn(folder: string, kind: ActivityKind, isOld: boolean): string {
  return join(folder, `${kind}${isOld ? '.1' : ''}.jsonl`);
}

async function recentOf(
  folder: string,
  kind: ActivityKind,
  limit: number,
  fits: (event: ActivityEvent) => boolean,
): Promise<ActivityEvent[]> {
  const found: ActivityEvent[] = [];
  for (const isOld of [false, true]) {
    for await (const line of linesBackward(pathIn(folder, kind, isOld), RECENT_BYTES)) {
      const event = parsed(line);
      if (event !== undefined && fits(event)) found.push(event);
      if (found.length >= limit) return found;
    }
  }
  return found;
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const stream = createReadStream(path, { encoding: 'utf8' });
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }))
      yield line;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    stream.destroy();
  }
}

/** A line that a kill cut in two is none. */
function parsed(line: string): ActivityEvent | undefined {
  try {
    return JSON.parse(line) as ActivityEvent;
  } catch {
    return undefined;
  }
}

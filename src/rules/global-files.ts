/**
 * Files of an administrator's folder, by name, each read as something: read when they are needed, looked at again now and then. One that
 * cannot be read, or is not what it should be, is said in the log and counts as one that is not there.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

const LOOK_MS = 2000;
const MAX_FILE_BYTES = 1024 * 1024;
/** Names that were asked for; a script may make up others. */
const MAX_KNOWN = 500;

interface Known<T> {
  /** What the file was: when it is another, it is read again. */
  readonly version: string;
  readonly value: T | undefined;
}

export interface GlobalFilesOptions<T> {
  /** Undefined: there are none. */
  readonly folder: string | undefined;
  /** What stands behind the name: `.sieve`. */
  readonly ending: string;
  /** Throws when it is none. */
  readonly read: (text: Buffer, name: string) => T | Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
}

export class GlobalFiles<T> {
  readonly #options: GlobalFilesOptions<T>;
  readonly #known = new Map<string, { readonly at: number; readonly found: Promise<Known<T>> }>();

  constructor(options: GlobalFilesOptions<T>) {
    this.#options = options;
  }

  /** Whether there may be any. */
  get isOn(): boolean {
    return this.#options.folder !== undefined;
  }

  async find(name: string): Promise<T | undefined> {
    const { folder, clock, ending } = this.#options;
    if (folder === undefined || !/^[^/\\\0]{1,128}$/.test(name) || name.startsWith('.')) return undefined;
    const known = this.#known.get(name);
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs - known.at < LOOK_MS) return (await known.found).value;
    const found = this.#look(join(folder, `${name}${ending}`), name, known?.found);
    this.#known.delete(name);
    this.#known.set(name, { at: nowMs, found });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return (await found).value;
  }

  async #look(path: string, name: string, before: Promise<Known<T>> | undefined): Promise<Known<T>> {
    const version = await stat(path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      () => '',
    );
    const known = await before;
    if (known?.version === version) return known;
    if (version === '') return { version, value: undefined };
    try {
      const text = await readFile(path);
      if (text.length > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} octets`);
      return { version, value: await this.#options.read(text, name) };
    } catch (error) {
      this.#options.log.error({ err: error, path }, 'a file for rules is not used');
      return { version, value: undefined };
    }
  }
}

/**
 * Scripts of the server, in a folder of the administrator's: `before.sieve` and `after.sieve` are run for every account, before
 * and after its own; any `NAME.sieve` can be included as `:global`. Files are read when they are needed and looked at again now
 * and then; one that cannot be read or compiled is said in the log and counts as one that is not there.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Script } from '../sieve/compile/script.ts';
import type { Compiler } from './compiler.ts';

const LOOK_MS = 2000;
const MAX_FILE_BYTES = 1024 * 1024;
/** Names that were asked for; a script may make up others. */
const MAX_KNOWN = 500;

interface Known {
  /** What the file was: when it is another, it is read again. */
  readonly version: string;
  readonly script: Script | undefined;
}

export interface GlobalOptions {
  readonly folder: string | undefined;
  readonly compiler: Compiler;
  readonly clock: Clock;
  readonly log: Log;
}

export class GlobalScripts {
  readonly #options: GlobalOptions;
  readonly #known = new Map<string, { readonly at: number; readonly found: Promise<Known> }>();

  constructor(options: GlobalOptions) {
    this.#options = options;
  }

  /** Whether there may be any. */
  get isOn(): boolean {
    return this.#options.folder !== undefined;
  }

  async find(name: string): Promise<Script | undefined> {
    const { folder, clock } = this.#options;
    if (folder === undefined || !/^[^/\\\0]{1,128}$/.test(name) || name.startsWith('.')) return undefined;
    const known = this.#known.get(name);
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs - known.at < LOOK_MS) return (await known.found).script;
    const found = this.#look(join(folder, `${name}.sieve`), name, known?.found);
    this.#known.delete(name);
    this.#known.set(name, { at: nowMs, found });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return (await found).script;
  }

  async #look(path: string, name: string, before: Promise<Known> | undefined): Promise<Known> {
    const version = await stat(path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      () => '',
    );
    const known = await before;
    if (known?.version === version) return known;
    if (version === '') return { version, script: undefined };
    try {
      const text = await readFile(path);
      if (text.length > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} octets`);
      return { version, script: await this.#options.compiler.compile(text, name) };
    } catch (error) {
      this.#options.log.error({ err: error, path }, 'a Sieve script of the server is not used');
      return { version, script: undefined };
    }
  }
}

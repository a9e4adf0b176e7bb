/**
 * The index of texts in a folder beside the mail: `search/a1/00000001.words`. Nothing here is synced, for nothing here is missed: a file
 * that was cut says so by its checksum.
 */
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AccountId, asAccountId } from '../mailbox/model/model.ts';
import type { IndexFile, IndexFiles } from '../mailbox/port/index-files.ts';

const FOLDER = 'search';
const ENDING = '.words';
/** Its time says when the account was searched. */
const USED = 'used';

/** In the data folder. */
export class FolderIndexFiles implements IndexFiles {
  readonly #root: string;

  constructor(data: string) {
    this.#root = join(data, FOLDER);
  }

  async accounts(): Promise<readonly AccountId[]> {
    const names = await namesIn(this.#root);
    return names.flatMap((name) => (/^a[1-9][0-9]*$/.test(name) ? [asAccountId(Number(name.slice(1)))] : []));
  }

  async list(account: AccountId): Promise<readonly IndexFile[]> {
    const folder = this.#folder(account);
    const names = (await namesIn(folder)).filter((name) => name.endsWith(ENDING)).sort();
    const files = names.map(async (name): Promise<IndexFile> => {
      const { mtimeMs } = await stat(join(folder, name));
      return { name: name.slice(0, -ENDING.length), writtenMs: mtimeMs };
    });
    return await Promise.all(files);
  }

  async read(account: AccountId, name: string): Promise<Buffer | undefined> {
    return await orNothing(readFile(this.#file(account, name)));
  }

  async write(account: AccountId, name: string, octets: Uint8Array): Promise<void> {
    await mkdir(this.#folder(account), { recursive: true, mode: 0o700 });
    const file = this.#file(account, name);
    const unfinished = `${file}.tmp`;
    await writeFile(unfinished, octets, { mode: 0o600 });
    await rename(unfinished, file);
  }

  async remove(account: AccountId, names: readonly string[]): Promise<void> {
    for (const name of names) await rm(this.#file(account, name), { force: true });
  }

  async lastUsedMs(account: AccountId): Promise<number> {
    const used = await orNothing(stat(join(this.#folder(account), USED)));
    return used?.mtimeMs ?? 0;
  }

  async used(account: AccountId): Promise<void> {
    const file = join(this.#folder(account), USED);
    await mkdir(this.#folder(account), { recursive: true, mode: 0o700 });
    await writeFile(file, '', { mode: 0o600 });
    const now = new Date();
    await utimes(file, now, now);
  }

  async removeAll(account: AccountId): Promise<void> {
    await rm(this.#folder(account), { recursive: true, force: true });
  }

  /** Of all accounts. */
  async clear(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  #folder(account: AccountId): string {
    return join(this.#root, `a${account}`);
  }

  #file(account: AccountId, name: string): string {
    return join(this.#folder(account), `${name}${ENDING}`);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await orNothing(readdir(folder))) ?? [];
}

async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

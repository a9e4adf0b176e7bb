/**
 * Sees to it that there is a build of the webmail to serve. A published package has one and no sources. A clone is built when the
 * sources are newer than the build: in a process of its own, while everything else starts, into `dist/web/`, or into the data
 * folder where the clone may not be written. Without a bundler mail works, and the log says once why the webmail does not.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Log } from '../base/log.ts';
import { type Builds, readBuilds } from './build-files.ts';

export interface AppBuildOptions {
  /** Of the clone or package. */
  readonly root: string;
  /** The data folder. */
  readonly data: string;
  readonly log: Log;
}

export type BuildState =
  | { readonly state: 'making' }
  | { readonly state: 'absent' }
  | { readonly state: 'there'; readonly builds: Builds };

interface Builder {
  stampOf(root: string): string;
}

export class AppBuild {
  readonly #options: AppBuildOptions;
  #now: BuildState = { state: 'making' };
  readonly done: Promise<void>;

  private constructor(options: AppBuildOptions) {
    this.#options = options;
    this.done = this.#make().then(
      (builds) => {
        this.#now = builds === undefined ? { state: 'absent' } : { state: 'there', builds };
      },
      (err: unknown) => {
        this.#now = { state: 'absent' };
        options.log.warn({ err }, 'the webmail cannot be made and is not served; everything else works');
      },
    );
  }

  static begin(options: AppBuildOptions): AppBuild {
    return new AppBuild(options);
  }

  get now(): BuildState {
    return this.#now;
  }

  async #make(): Promise<Builds | undefined> {
    const { root } = this.#options;
    const script = join(root, 'web', 'build.mjs');
    const published = join(root, 'dist', 'web');
    if (!existsSync(script)) return readBuilds(published);
    const { stampOf } = (await import(pathToFileURL(script).href)) as Builder;
    const stamp = stampOf(root);
    const there = await readBuilds(published, stamp);
    if (there !== undefined) return there;
    const folder = this.#writable(published);
    return (await readBuilds(folder, stamp)) ?? this.#build(script, folder, stamp);
  }

  /** The clone, or when somebody else owns it, the data folder. */
  #writable(folder: string): string {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      return join(this.#options.data, 'cache', 'web');
    }
  }

  async #build(script: string, folder: string, stamp: string): Promise<Builds | undefined> {
    const beganMs = performance.now();
    const child = spawn(process.execPath, [script, '--out', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (code !== 0) throw new Error(`making the webmail ended with ${code}: ${said}`);
    this.#options.log.info({ ms: Math.round(performance.now() - beganMs) }, 'the webmail was made');
    return readBuilds(folder, stamp);
  }
}

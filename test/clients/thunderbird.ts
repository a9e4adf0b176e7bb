/**
 * Thunderbird, headless, with a profile of its own: started, asked to do things (`thunderbird-steps.js`, which runs inside it), and what it
 * said to the server, read from its own log, so that TLS and compression hide nothing.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Marionette } from './marionette.ts';
import { start, succeed } from './program.ts';

const STEPS = readFileSync(join(import.meta.dirname, 'thunderbird-steps.js'), 'utf8');
const START_MS = 60_000;
const STEP_MS = 60_000;
const END_MS = 20_000;

export interface ThunderbirdOptions {
  /** Names that lead to this machine. */
  readonly hosts: readonly string[];
  /** Where the usual ports of the web lead. */
  readonly http: number;
  readonly https: number;
}

/** A line of a conversation over IMAP. */
export interface Said {
  readonly connection: string;
  readonly by: 'client' | 'server';
  readonly text: string;
}

export class Thunderbird {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #marionette: Marionette;

  private constructor(folder: string, child: ChildProcess, marionette: Marionette) {
    this.#folder = folder;
    this.#child = child;
    this.#marionette = marionette;
  }

  static async version(): Promise<string> {
    return (await succeed('thunderbird', ['--version'])).stdout.toString().trim();
  }

  static async open(options: ThunderbirdOptions): Promise<Thunderbird> {
    const folder = await mkdtemp(join(tmpdir(), 'brevduva-thunderbird-'));
    await writeFile(join(folder, 'user.js'), preferences(options));
    const child = start(
      'thunderbird',
      ['--headless', '--no-remote', '--profile', folder, '--marionette', '--remote-allow-system-access'],
      {
        env: {
          ...{ HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), TZ: 'UTC' },
          ...{ MOZ_LOG: 'IMAP:5,sync', MOZ_LOG_FILE: join(folder, 'protocol') },
        },
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
    try {
      const port = await portIn(join(folder, 'MarionetteActivePort'), child, () => said);
      return new Thunderbird(folder, child, await Marionette.connect(port, STEP_MS));
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** One of `thunderbird-steps.js`. */
  async ask<T = void>(step: string, ...args: readonly unknown[]): Promise<T> {
    return (await this.#marionette.run(`${STEPS}\nreturn steps.${step}(...args);`, ...args)) as T;
  }

  /** All that was said until now. */
  async said(): Promise<readonly Said[]> {
    const log = await readFile(join(this.#folder, 'protocol.moz_log'), 'utf8');
    return [...log.matchAll(SAID)].map(([, connection = '', kind, text = '']) => ({
      connection,
      by: kind === 'SendData' ? ('client' as const) : ('server' as const),
      text: text.trimEnd(),
    }));
  }

  async close(): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#marionette.quit();
    await ended;
    clearTimeout(timer);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const SAID = /\/IMAP ([0-9a-f]+):[^:]*:(?:NA|A|S-[^\n]*?):(SendData|CreateNewLineFromSocket): ([^\n]*)/g;

async function portIn(path: string, child: ChildProcess, said: () => string): Promise<number> {
  for (const endMs = performance.now() + START_MS; performance.now() < endMs; await pause(50)) {
    const port = Number(await readFile(path, 'latin1').catch(() => ''));
    if (port > 0) return port;
    if (child.exitCode !== null) break;
  }
  throw new Error(`Thunderbird did not start: ${said()}`);
}

function preferences({ hosts, http, https }: ThunderbirdOptions): string {
  const values: Readonly<Record<string, string | number | boolean>> = {
    'marionette.port': 0,
    'network.dns.localDomains': hosts.join(','),
    'network.socket.forcePort': `80=${http};443=${https}`,
    'network.proxy.type': 0,
    // Nothing is asked of the network, and nothing of whoever sits before it, that has to do with itself.
    'app.update.enabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.enabled': false,
    'mail.provider.suppress_dialog_on_startup': true,
    'mail.rights.version': 1,
    'mail.shell.checkDefaultClient': false,
    'mailnews.start_page.enabled': false,
    'mailnews.smtp.loglevel': 'All',
  };
  return Object.entries(values)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('');
}

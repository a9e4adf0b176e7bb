/**
 * The command as people start it: `bin/brevduva.mjs`, under this Node.js or as if under an older one, which then looks for
 * the right one and stays as its launcher.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');
export const PROGRAM = join(ROOT, 'bin', 'brevduva.mjs');

export { FREE_PORTS } from './listeners.ts';

const OLD = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.0.0' } })`;
/** As if this were Node.js 18, which cannot become another program, or 22.15, which can. */
const OLD_NODES = { launcher: `${OLD}; delete process.execve`, execve: OLD } as const;

export interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it said so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when standard output or error has it. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  ended(): Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly oldNode?: keyof typeof OLD_NODES;
  readonly command?: readonly [string, ...string[]];
}

/** However many cores this machine has; options beat the environment. */
const ONE_PROCESS = { BREVDUVA_WORKERS: '1', BREVDUVA_STORE_SHARDS: '1' };
const WAIT_MS = 30_000;
const launched = new Set<ChildProcess>();

/** For `after`: what a failed test left running would keep the test runner waiting. */
export function endLaunched(): void {
  for (const child of launched) child.kill('SIGKILL');
}

/** `args` of the program, or of `command` when that is given. */
export function launch(args: readonly string[], options: LaunchOptions = {}): Launched {
  const { env = {}, cwd, oldNode } = options;
  const node: readonly [string, ...string[]] = oldNode
    ? [process.execPath, '--import', `data:text/javascript,${OLD_NODES[oldNode]}`, PROGRAM]
    : [process.execPath, PROGRAM];
  const [file, ...first] = options.command ?? node;
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^BREVDUVA_|^NODE_TEST|^NODE_COMPILE_CACHE|^npm_/.test(name),
    ),
  );
  const launcher = oldNode ? { BREVDUVA_NODE: process.execPath } : {};
  const child = spawn(file, [...first, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...{ ...clean, BREVDUVA_CONFIG: '' },
      ...(args.includes('config') ? {} : ONE_PROCESS),
      ...{ ...launcher, ...env },
    },
    ...(cwd === undefined ? {} : { cwd }),
  });
  launched.add(child);
  child.once('exit', () => launched.delete(child));
  const text = { stdout: '', stderr: '' };
  child.stdin?.on('error', () => {});
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text.stderr += chunk;
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  return {
    child,
    pid: child.pid as number,
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
    async said(pattern) {
      return until(
        `${pattern}`,
        () => pattern.exec(text.stdout) ?? pattern.exec(text.stderr) ?? undefined,
        text,
      );
    },
    async ended() {
      const [code, signal] = await exited;
      return { code, signal };
    },
  };
}

/** Looks again and again until there is something. */
export async function until<T>(what: string, look: () => T | undefined, said: object = {}): Promise<T> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}: ${JSON.stringify(said)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Gone, or a zombie that nobody has asked for. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * The real server and the real command line as processes, for tests. Every listener is bound to a free port on loopback;
 * a data folder that was not given is removed by `stop`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { showLoggedBugs } from './bug-log.ts';
import { runInHost } from './commands.ts';
import { entry } from './entry.ts';
import { LISTENERS } from './listeners.ts';
import { TEST_WORKERS } from './relayed.ts';

const MAIN = entry('src/main.ts');
/** Slow machines start slowly; a test that waits this long has failed. */
const READY_MS = 90_000;
/** However many cores this machine has; options beat the environment. */
const ONE_PROCESS = { BREVDUVA_WORKERS: '1', BREVDUVA_STORE_SHARDS: '1' };

export interface ServerOptions {
  /** Options of the configuration by name: `{ 'limits.line_bytes': '8KiB' }`. */
  readonly config?: Readonly<Record<string, string>>;
  /** An existing data folder, which `stop` leaves where it is. */
  readonly data?: string;
  readonly args?: readonly string[];
  /** Processes that serve; BREVDUVA_TEST_WORKERS, else one, when absent. A new data folder gets as many shards. */
  readonly workers?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A descriptor for its standard error; a pipe that `log` gathers when absent. */
  readonly stderr?: number;
}

export interface TestServer {
  /** `imap`, `imaps`, `lmtp`, ... as bound: `127.0.0.1:40123`. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly data: string;
  readonly pid: number;
  /** The reading end of its standard error, when that is a pipe. */
  readonly stderr: Readable | null;
  /** What it wrote to standard error so far. */
  readonly log: string;
  port(name: string): number;
  /** Runs a command against this server's data folder. */
  cli(args: readonly string[], input?: string): Promise<CommandResult>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Those that serve, when there are several. */
  workerPids(): readonly number[];
  /** SIGKILL, to all of its processes; the data folder stays. */
  kill9(): Promise<void>;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'brevduva-server-')));
  const { workers = TEST_WORKERS } = options;
  const args = [
    'serve',
    '--data',
    data,
    '--no-demo',
    ...(workers > 1 ? ['--workers', String(workers), '--set', `store.shards=${workers}`] : []),
    ...settings(options.config ?? {}),
    ...(options.args ?? []),
  ];
  const child = spawnMain(args, options.env, options.stderr);
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  child.stderr?.once('end', () => showLoggedBugs(log));
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const addresses = await readyAddresses(child, exited, () => log);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  };
  return {
    addresses,
    data,
    pid: child.pid as number,
    stderr: child.stderr,
    get log() {
      return log;
    },
    port: (name) => Number(addresses[name]?.split(':').at(-1)),
    cli: (commandArgs, input) => runCommand([...commandArgs, '--data', data], input),
    async stop() {
      const code = await end('SIGTERM');
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
      return code;
    },
    workerPids: () => childrenOf(child.pid as number),
    async kill9() {
      // Nobody is left who could start anybody anew, or end in order.
      const workers = childrenOf(child.pid as number);
      child.kill('SIGSTOP');
      for (const pid of workers) process.kill(pid, 'SIGKILL');
      await end('SIGKILL');
      await until(() => !workers.some(isThere));
    },
  };
}

function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text
      .split(' ')
      .filter((word) => word !== '')
      .map(Number);
  } catch {
    return [];
  }
}

/** A zombie that nobody has asked for is not. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + READY_MS;
  while (!isSo() && performance.now() < endMs) await sleep(10);
}

/** The command line to its end. */
export function runCommand(args: readonly string[], input = ''): Promise<CommandResult> {
  // How many processes there are to be is what these are about.
  if (args[0] === 'serve' || args[0] === 'config') return runProcess(args, input);
  return runInHost({ args, input }, { ...environment(), ...ONE_PROCESS });
}

/** The same as a process of its own. */
export async function runProcess(
  args: readonly string[],
  input?: string,
  env?: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const child = spawnMain(args, env);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input ?? '');
  const code = await new Promise<number | null>((resolve) => child.once('close', (exit) => resolve(exit)));
  return { code, stdout, stderr };
}

/** For tests that stop a command in the middle. */
export function spawnMain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stderr: number | 'pipe' = 'pipe',
): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    stdio: ['pipe', 'pipe', stderr],
    env: { ...environment(), ...(args[0] === 'config' ? {} : ONE_PROCESS), ...env },
  });
}

/** Neither a configuration of this machine nor one of whoever runs the tests. */
function environment(): Readonly<Record<string, string | undefined>> {
  const kept = Object.entries(process.env).filter(([name]) => !/^BREVDUVA_|^NODE_TEST/.test(name));
  return { ...Object.fromEntries(kept), BREVDUVA_CONFIG: '' };
}

function settings(config: Readonly<Record<string, string>>): string[] {
  const free = LISTENERS.map((name) => [`listen.${name}`, '127.0.0.1:0'] as const);
  const all = { 'auth.fail_delay': '0', ...Object.fromEntries(free), ...config };
  return Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
}

async function readyAddresses(
  child: ChildProcess,
  exited: Promise<number | null>,
  log: () => string,
): Promise<Record<string, string>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, string>>();
  const timer = setTimeout(() => reject(new Error(`the server is not ready:\n${log()}`)), READY_MS);
  void exited.then((code) => reject(new Error(`the server ended with ${code}:\n${log()}`)));
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (!line.startsWith('ready')) return;
    const pairs = line
      .split(' ')
      .slice(1)
      .map((word) => word.split('=', 2) as [string, string]);
    resolve(Object.fromEntries(pairs));
  });
  try {
    return await promise;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

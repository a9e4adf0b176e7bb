/**
 * Running the mail programs of other people: output whole, time limited, nothing of this user's configuration. Where a
 * program is missing its tests are skipped, and fail instead when `BREVDUVA_TEST_CLIENTS=required`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { CLIENT_PACKAGES, missingClients } from '../../tools/clients.ts';

export interface Outcome {
  readonly code: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;

/** As the options of a test: skipped with the reason, or nothing. */
export function needs(...programs: readonly string[]): { readonly skip?: string } {
  if (process.env.BREVDUVA_TEST_CLIENTS === 'required') return {};
  const missing = missingClients().filter((program) => programs.includes(program));
  if (missing.length === 0) return {};
  return {
    skip: `not on this machine: ${missing.map((name) => `${name} (${CLIENT_PACKAGES[name]})`).join(', ')}`,
  };
}

/** As `needs`, of programs that are installed, and tests that are run, only with `--long`. */
export function needsWhenLong(...programs: readonly string[]): { readonly skip?: string } {
  return process.env.BREVDUVA_TEST_MORE_CLIENTS === '1' ? needs(...programs) : { skip: 'only with --long' };
}

/** Starts it; the caller waits or kills. */
export function start(command: string, args: readonly string[], options: RunOptions = {}): ChildProcess {
  return spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs it to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const child = start(command, args, options);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  // A program that ends before it has read everything is judged by its exit code.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.input);
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? TIMEOUT_MS);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    const text = Buffer.concat(stderr).toString();
    return {
      code: code ?? undefined,
      stdout: Buffer.concat(stdout),
      stderr: signal === null ? text : `${text}\n(ended by ${signal})`,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs it; anything but exit code 0 is an error that shows what it said. */
export async function succeed(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const outcome = await run(command, args, options);
  if (outcome.code === 0) return outcome;
  const said = `${outcome.stderr}\n${outcome.stdout.toString('latin1')}`.trim();
  throw new Error(`${command} ${args.join(' ')}: exit code ${outcome.code}\n${said.slice(-4000)}`);
}

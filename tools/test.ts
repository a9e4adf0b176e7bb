import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { checkBudget } from './budget.ts';
import { prepareClients } from './clients.ts';
import { checkConfigDocs } from './config-docs.ts';
import { checkDependencies } from './dependencies.ts';
import { joinProgram } from './joined.ts';
import { checkLayers } from './layers.ts';
import { checkIndex } from './rfc.ts';
import slowest from './slowest.ts';
import { ROOT, readSources } from './sources.ts';
import { together } from './together.ts';
import { checkWebLayers, readWebSources } from './web-layers.ts';

/**
 * What `npm test` runs: the checks of the text, then all tests. `npm test -- imap/wire` runs only the tests whose path
 * contains that, and of the checks only those of the types; `--no-checks` leaves these out, `--no-install` installs no mail clients,
 * `--long` runs whatever has a longer form in that, on the sources as they are. Every step is run whatever the
 * ones before it said; the test runner's summary comes after all of them and the exit code counts all of them.
 */
type Step = readonly [name: string, run: () => readonly string[] | Promise<readonly string[]>];

const STEPS: readonly Step[] = [
  ['types', () => command('tsc', ['--noEmit'])],
  ['types of the webmail', () => command('tsc', ['--noEmit', '-p', 'tsconfig.web.json'])],
  ['format and lint', () => command('biome', ['check', '--diagnostic-level=error', '--error-on-warnings'])],
  ['layers', () => checkLayers(readSources(['src']))],
  ['layers of the webmail', () => checkWebLayers(readWebSources())],
  ['budget', () => checkBudget(readSources(['src']))],
  ['budget of the webmail', () => checkBudget(readWebSources())],
  ['configuration docs', checkConfigDocs],
  ['RFC index', checkIndex],
  ['dependencies', () => checkDependencies()],
  ['webmail', () => command(process.execPath, ['web/build.mjs'])],
];

const PATTERNS = ['src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'];
/**
 * What takes long begins first, or the last of it would be alone in the end: real servers and browsers before what takes a moment.
 */
const ORDER = ['test/crash/', 'test/standstill/', 'test/web/', 'test/', 'src/store/', ''];
/** More than can compute at once: most of them wait for the disk, for a server of theirs or for time to pass now and then. */
const AT_ONCE = Math.min(availableParallelism(), 3) + 2;

/** What `--long` asks for, where the environment asks for nothing else. Takes hours. */
const LONG = {
  BREVDUVA_TEST_DAMAGES: '200',
  BREVDUVA_TEST_FAULTS: '500',
  BREVDUVA_TEST_FUZZ: '5',
  BREVDUVA_TEST_KILLS: '200',
  BREVDUVA_TEST_LARGE: '100000',
  BREVDUVA_TEST_MORE_CLIENTS: '1',
  BREVDUVA_TEST_MUTANTS: '1',
  BREVDUVA_TEST_NOISE: '2000',
  BREVDUVA_TEST_QUIT_KILLS: '100',
  BREVDUVA_TEST_STANDSTILL: '1000000',
  BREVDUVA_TEST_STORIES: '1',
  POWER_CUTS: '2000',
};
const OPTIONS = {
  long: { type: 'boolean', default: false },
  'no-checks': { type: 'boolean', default: false },
  'no-install': { type: 'boolean', default: false },
} as const;

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals: filters } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  const chosen = globSync(PATTERNS, { cwd: ROOT })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
  if (chosen.length === 0) {
    console.log(`no test file has ${filters.join(' or ')} in its path`);
    process.exitCode = 1;
    return;
  }
  const files = chosen.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  const env = prepareClients({
    ...{ files, mayInstall: !values['no-install'], isLong: values.long },
    say: (line) => console.log(line),
  });
  if (values.long) Object.assign(process.env, { ...LONG, ...process.env });
  const steps = filters.length === 0 ? STEPS : STEPS.slice(0, 2);
  const failed = values['no-checks'] ? [] : await runSteps(steps);
  if (failed.length > 0) console.log(`\nFAILED before the tests: ${failed.join(', ')} (see above)\n`);
  Object.assign(process.env, env);
  // A whole run starts hundreds of servers; a few are sooner started from the sources than joined.
  const isQuick = filters.length === 0 && !values.long;
  if (isQuick) process.env.BREVDUVA_TEST_JOINED = await joinProgram();
  await runTests(isQuick ? together(files) : chosen);
  if (failed.length > 0) process.exitCode = 1;
}

function placeOf(file: string): number {
  return ORDER.findIndex((beginning) => file.startsWith(beginning));
}

/** All at once; gives the names of those that failed. */
async function runSteps(steps: readonly Step[]): Promise<readonly string[]> {
  const failed: string[] = [];
  const running = steps.map(async ([name, step]) => {
    const startMs = performance.now();
    const problems = await attempt(step);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    for (const problem of problems) console.log(`       ${problem}`);
    if (problems.length > 0) failed.push(name);
  });
  await Promise.all(running);
  return failed;
}

async function attempt(step: Step[1]): Promise<readonly string[]> {
  try {
    return await step();
  } catch (error) {
    return [(error as Error).stack ?? String(error)];
  }
}

async function command(name: string, args: readonly string[]): Promise<readonly string[]> {
  const child = spawn(resolve(ROOT, 'node_modules', '.bin', name), args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const [status] = await once(child, 'close');
  if (status === 0) return [];
  const lines = said.join('').split('\n');
  return [`ended with ${status}`, ...lines].filter((line) => line.trim() !== '');
}

/** A process for each file: what one sets up before each of its tests is done for no other. */
async function runTests(files: readonly string[]): Promise<void> {
  Object.assign(process.env, { UV_THREADPOOL_SIZE: '16', NODE_COMPILE_CACHE: compileCache() });
  const tests = run({
    cwd: ROOT,
    files: files.map((file) => join(ROOT, file)),
    isolation: 'process',
    concurrency: AT_ONCE,
  });
  tests.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) process.exitCode = 1;
  });
  const slow = Array.fromAsync(tests.compose(slowest));
  for await (const text of tests.compose(new spec())) process.stdout.write(text);
  process.stdout.write((await slow).join(''));
}

/** Where the program keeps its own: each test loads much of it, and reading that anew is half the time of most. */
function compileCache(): string {
  const folder = join(ROOT, '.cache');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

await main(process.argv.slice(2));

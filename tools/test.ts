import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkBudget } from './budget.ts';
import { prepareClients } from './clients.ts';
import { checkConfigDocs } from './config-docs.ts';
import { checkDependencies } from './dependencies.ts';
import { checkLayers } from './layers.ts';
import { checkIndex } from './rfc.ts';
import { ROOT, readSources } from './sources.ts';
import { checkWebLayers, readWebSources } from './web-layers.ts';

/**
 * What `npm test` runs: the checks of the text, then all tests. `npm test -- imap/wire` runs only the tests whose path
 * contains that, and of the checks only those of the types; `--no-install` installs no mail clients. Every step is run whatever the
 * ones before it said; the test runner's summary comes last and the exit code counts all of them. What is run twice has a summary of
 * its own before that.
 */
type Step = readonly [name: string, run: () => readonly string[]];

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
];

const PATTERNS = ['src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'];
/** Run a second time, on servers of three workers: mail programs see all of a protocol. The others by BREVDUVA_TEST_WORKERS. */
const AGAIN = ['curl', 'imapflow', 'pop3', 'together'].map((name) => `test/clients/${name}.test.ts`);
const WORKERS = { BREVDUVA_TEST_WORKERS: '3' };
/** One more than can compute at once: most of them wait for the disk or for a server of theirs now and then. */
const AT_ONCE = Math.min(availableParallelism(), 3) + 1;
const REPORTERS = ['./tools/slowest.ts', 'spec'].flatMap((name) => [
  `--test-reporter=${name}`,
  '--test-reporter-destination=stdout',
]);

function main(args: readonly string[]): number {
  const { values, positionals: filters } = parseArgs({
    args: [...args],
    options: { 'no-install': { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const names = globSync(PATTERNS, { cwd: ROOT }).sort();
  const chosen = names.filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  );
  if (chosen.length === 0) {
    console.log(`no test file has ${filters.join(' or ')} in its path`);
    return 1;
  }
  const files = chosen.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
  const env = prepareClients({ files, mayInstall: !values['no-install'], say: (line) => console.log(line) });
  const steps = filters.length > 0 ? STEPS.slice(0, 2) : STEPS;
  const failed = steps.filter((step) => !runStep(step)).map(([name]) => name);
  if (failed.length > 0) console.log(`\nFAILED before the tests: ${failed.join(', ')} (see above)\n`);
  const again =
    process.env.BREVDUVA_TEST_WORKERS === undefined ? chosen.filter((file) => AGAIN.includes(file)) : [];
  const through = again.length === 0 ? 0 : runTests(again, { ...env, ...WORKERS });
  const status = runTests(chosen, env);
  return failed.length > 0 || through !== 0 ? 1 : status;
}

function runStep([name, run]: Step): boolean {
  const startMs = performance.now();
  const problems = attempt(run);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  for (const problem of problems) console.log(`       ${problem}`);
  return problems.length === 0;
}

function attempt(run: () => readonly string[]): readonly string[] {
  try {
    return run();
  } catch (error) {
    return [(error as Error).stack ?? String(error)];
  }
}

function command(name: string, args: readonly string[]): readonly string[] {
  const result = spawnSync(join(ROOT, 'node_modules', '.bin', name), args, { cwd: ROOT, encoding: 'utf8' });
  if (result.status === 0) return [];
  return [result.error?.message ?? '', result.stdout ?? '', result.stderr ?? '']
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.trim() !== '');
}

/**
 * A process for each file: what one sets up before each of its tests is done for no other. What is timed is the processor
 * time of its server. Node sorts the files by their names.
 */
function runTests(files: readonly string[], env: Readonly<Record<string, string>>): number {
  const args = [
    '--test',
    '--test-isolation=process',
    `--test-concurrency=${AT_ONCE}`,
    ...REPORTERS,
    ...files,
  ];
  const environment = {
    ...process.env,
    UV_THREADPOOL_SIZE: '16',
    NODE_COMPILE_CACHE: compileCache(),
    ...env,
  };
  const result = spawnSync(process.execPath, args, { cwd: ROOT, env: environment, stdio: ['ignore', 1, 2] });
  return result.status ?? 1;
}

/** Where the program keeps its own: each test loads much of it, and reading that anew is half the time of most. */
function compileCache(): string {
  const folder = join(ROOT, '.cache');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

process.exitCode = main(process.argv.slice(2));

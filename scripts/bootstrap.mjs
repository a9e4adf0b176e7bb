/**
 * Makes a fresh clone runnable: installs the dependencies when they are missing or package-lock.json changed, and sees to
 * it that there is a Node.js that can run TypeScript files. Runs before `npm start` and, with `--dev`, before `npm test`,
 * under whatever Node.js the machine has (18 or newer), with nothing but what Node.js ships. When there is nothing to do
 * it does nothing.
 *
 * What works is never taken away: the new node_modules is made in a folder beside, and changes places with the old one
 * when it is whole. Without a network, what is there is run.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledNode, isNewEnough, WANTED_NODE } from '../bin/node-version.mjs';
import { comparePackages } from './installed.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const STAGING = '.install-';
const wantsTools = process.argv.includes('--dev');

/** What npm tells its scripts about itself would steer the npm we start; only how to reach the registry is passed on. */
const KEPT_NPM_VARIABLE =
  /^npm_config_(registry|cache|userconfig|globalconfig|cafile|https?_proxy|proxy|noproxy|prefer_offline|offline|fetch_.*)$/;

/** npm's own patience is more than a minute before it says that there is no network. */
const PATIENT = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
const IMPATIENT = [
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=2000',
  '--fetch-timeout=30000',
];

await bootstrap();

async function bootstrap() {
  clearLeftovers();
  const state = look();
  if (!state.isComplete) await install(state);
  if (!isNewEnough(process.versions.node) && !bundledNode()) {
    fail(
      `Node.js ${WANTED_NODE} or newer is needed; this is ${process.versions.node}, and there is no package of it`,
      `for ${process.platform} ${process.arch}. Install it from your system or from nodejs.org and try again.`,
    );
  }
}

function look() {
  return comparePackages(root, { wantsTools, needsNode: !isNewEnough(process.versions.node) });
}

/** An installation that was killed leaves its folder; killed between its last two steps, the old packages are in there. */
function clearLeftovers() {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(STAGING) || isAlive(Number(name.slice(STAGING.length)))) continue;
    const old = join(root, name, 'old');
    if (existsSync(old) && !existsSync(modules)) renameSync(old, modules);
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function install(state) {
  say(state.isEmpty ? 'Installing the dependencies' : 'The dependencies changed; installing them');
  const tools = wantsTools || state.hasTools;
  const size = tools
    ? 'about 350 MB with the right Node.js and the development tools'
    : 'about 230 MB with the right Node.js';
  say(`(once; ${size}) ...`);
  const startMs = Date.now();
  const ticker = setInterval(() => say(`... still installing, ${seconds(startMs)} s`), 10_000);
  const failure = await installBeside(tools, state.canRun);
  clearInterval(ticker);
  if (failure === undefined) {
    say(`Installed in ${seconds(startMs)} s.`);
    return;
  }
  if (!state.canRun) fail(...failure, `Missing: ${listed(state.missing)}. What was there is left as it was.`);
  for (const line of failure) say(line);
  say(
    `Going on with the packages that are there (other versions than package-lock.json names: ${listed(state.changed)}).`,
  );
}

/** Undefined when it is done; else what to tell. */
async function installBeside(tools, hasFallback) {
  const staging = join(root, `${STAGING}${process.pid}`);
  process.on('exit', () => rmSync(staging, { recursive: true, force: true }));
  mkdirSync(staging);
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    if (existsSync(join(root, name))) copyFileSync(join(root, name), join(staging, name));
  }
  const patience = hasFallback ? IMPATIENT : PATIENT;
  const omitted = tools ? [] : ['--omit=dev'];
  // In an emptied folder npm would look for a project above it, and take away what is installed there: one whose parent was killed
  // while it began, when the next start clears up.
  const here = ['--prefix', staging];
  const status = await runNpm(
    [
      'ci',
      ...here,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...omitted,
      ...patience,
    ],
    staging,
  );
  if (status === 'absent')
    return ['npm was not found. Install npm (Debian: apt-get install npm) and try again.'];
  if (status !== 0) {
    return [
      `npm could not install the dependencies (exit code ${status}); its message is above.`,
      'Without a network, copy node_modules from a machine that has one.',
    ];
  }
  return changePlaces(staging);
}

/** Two renames: whoever runs from the old folder keeps what it has opened, and finds the new one by its path. */
function changePlaces(staging) {
  // Another one that ran at the same time may have brought more than this one.
  if (look().isComplete) return undefined;
  try {
    if (existsSync(modules)) renameSync(modules, join(staging, 'old'));
    renameSync(join(staging, 'node_modules'), modules);
    return undefined;
  } catch (error) {
    const old = join(staging, 'old');
    if (existsSync(old) && !existsSync(modules)) renameSync(old, modules);
    return [
      `node_modules could not be replaced: ${error.message}. If it is a mounted folder, run npm ci by hand.`,
    ];
  }
}

/** Through the npm that runs us when there is one, so that a PATH without npm is no obstacle. */
function runNpm(args, cwd) {
  const cli = process.env.npm_execpath;
  const node = process.env.npm_node_execpath ?? process.execPath;
  const [command, first] = cli && /\.c?js$/.test(cli) ? [node, [cli]] : ['npm', []];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') || KEPT_NPM_VARIABLE.test(name)),
  );
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], {
      cwd,
      env,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        child.kill(signal);
        process.exit(1);
      });
    }
    child.on('error', () => resolve('absent'));
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
}

function listed(names) {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}

function seconds(sinceMs) {
  return Math.round((Date.now() - sinceMs) / 1000);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(...lines) {
  for (const line of lines) say(line);
  process.exit(1);
}

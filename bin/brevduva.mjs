#!/usr/bin/env node
/**
 * The command: sets what must be set before the first line of the server runs, and runs it on a Node.js that can.
 *
 * The thread pool does file synchronisation and password hashing; with Node's default of four threads a few sign-ins at
 * once would delay every acknowledgement of mail. It takes its size from the environment at its first use.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundledNode, isNewEnough, WANTED_NODE } from './node-version.mjs';

process.env.UV_THREADPOOL_SIZE ??= '16';

const isServer = process.argv[2] === 'serve';

/**
 * For the server alone; other verbs are over too soon.
 *
 * - A small young generation: most of what a mail server allocates is octets outside the heap, which V8 frees only when it
 *   collects the objects that hold them. With the default of 16 MB a download collects the whole heap again and again.
 * - Functions are compiled when they are loaded, and kept compiled in Node's cache, not one by one at their first call:
 *   the first commands after a start take half the time. It costs 13 MB and 0.3 s of the start.
 */
const SERVER_FLAGS = ['--max-semi-space-size=4', '--no-lazy'];

/** All that would end this process and leave the other one. Ctrl-Z and its kind reach both by themselves. */
const PASSED_ON = [
  ...['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGABRT', 'SIGUSR1', 'SIGUSR2'],
  ...['SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPWR', 'SIGXCPU', 'SIGSYS'],
];

if (!isNewEnough(process.versions.node)) runElsewhere();
else if (wantsOtherFlags()) becomeServer();
else await run();

/** Flags count only at the start of V8, so the server begins anew in the same process. */
function wantsOtherFlags() {
  const isSet = SERVER_FLAGS.every((flag) => process.execArgv.includes(flag));
  return isServer && !isSet && typeof process.execve === 'function';
}

/**
 * For glibc's allocator, which holds the octets of mail that pass through.
 *
 * - It learns from the first freed block of 19 MB (a password hash) to keep such blocks for each thread: hundreds of
 *   megabytes that are never used again. A fixed threshold gives large blocks back to the system.
 * - That switches off what else it would learn, and it would give back every 128 KB that are free at its end, to ask for
 *   them again a moment later: page by page, which took longer than all the rest of a download.
 */
function serverMemory() {
  return {
    MALLOC_MMAP_THRESHOLD_: String(8 * 1024 * 1024),
    MALLOC_TRIM_THRESHOLD_: String(32 * 1024 * 1024),
  };
}

function becomeServer() {
  const script = fileURLToPath(import.meta.url);
  // Whoever starts it with flags of their own has the last word.
  const args = [...SERVER_FLAGS, ...process.execArgv, script, ...process.argv.slice(2)];
  process.execve(process.execPath, [process.execPath, ...args], environment());
}

/** Without the cache of compiled code that others may have named: `compile-cache.ts` says why. */
function environment() {
  const { NODE_COMPILE_CACHE: _foreign, ...env } = process.env;
  return isServer ? { ...serverMemory(), ...env } : env;
}

async function run() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  // A clone runs its sources; those of a published package were joined (`tools/joined.ts`), also since Node.js strips no types below node_modules.
  const source = join(root, 'src', 'main.ts');
  const main = existsSync(source) ? source : join(root, 'dist', 'main.js');
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
}

function runElsewhere() {
  const node = process.env.BREVDUVA_NODE ?? bundledNode();
  if (!node) {
    process.stderr.write(
      `Brevduva needs Node.js ${WANTED_NODE} or newer; this is ${process.versions.node}. Run npm install in its folder first.\n`,
    );
    process.exit(1);
  }
  const flags = isServer ? SERVER_FLAGS : [];
  const args = [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  if (process.execve && isExecutable(node)) process.execve(node, [node, ...args], environment());
  launch(node, args);
}

/** An older Node.js cannot become another program: it waits for it, and the two live and die together. */
function launch(node, args) {
  // It looks for this process now and then, for nobody can pass on a kill -9.
  const env = { ...environment(), BREVDUVA_LAUNCHER: String(process.pid) };
  const child = spawn(node, args, { stdio: 'inherit', env });
  const passOn = (signal) => child.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  child.on('error', (error) => {
    process.stderr.write(`${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // As it ended, so do we: whoever waits for us sees the same.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

#!/usr/bin/env node
/**
 * The command: sets what must be set before the first line of the server runs, and runs it on a Node.js that can.
 *
 * The thread pool does file synchronisation and password hashing; with Node's default of four threads a few sign-ins at
 * once would delay every acknowledgement of mail. It takes its size from the environment at its first use.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundledNode, isNewEnough, WANTED_NODE } from './node-version.mjs';

process.env.UV_THREADPOOL_SIZE ??= '16';

if (isNewEnough(process.versions.node)) await run();
else runElsewhere();

async function run() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  // Halves the time to start; a folder that cannot be written only costs that gain.
  module.enableCompileCache?.();
  // A clone runs its sources; a published package was compiled, since Node.js strips no types below node_modules.
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
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

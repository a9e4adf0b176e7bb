/**
 * Makes a fresh clone runnable: installs the dependencies when they are missing or package-lock.json changed, and sees to
 * it that there is a Node.js that can run TypeScript files. Runs before `npm start` and `npm test`, under whatever Node.js
 * the machine has (18 or newer), with nothing but what Node.js ships. When there is nothing to do it does nothing.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledNode, isNewEnough, WANTED_NODE } from '../bin/node-version.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockPath = join(root, 'package-lock.json');
const stampPath = join(root, 'node_modules', '.brevduva-lock');

/** What npm tells its scripts about itself would steer the npm we start; only how to reach the registry is passed on. */
const KEPT_NPM_VARIABLE =
  /^npm_config_(registry|cache|userconfig|globalconfig|cafile|https?_proxy|proxy|noproxy|prefer_offline|offline)$/;

await bootstrap();

async function bootstrap() {
  const wanted = createHash('sha256').update(readFileSync(lockPath)).digest('hex');
  if (readStamp() !== wanted) {
    if (!isInstalled()) await install();
    mkdirSync(dirname(stampPath), { recursive: true });
    writeFileSync(stampPath, wanted);
  }
  if (!isNewEnough(process.versions.node) && !bundledNode()) {
    fail(
      `Node.js ${WANTED_NODE} or newer is needed; this is ${process.versions.node}, and there is no package of it`,
      `for ${process.platform} ${process.arch}. Install it from your system or from nodejs.org and try again.`,
    );
  }
}

function readStamp() {
  return existsSync(stampPath) ? readFileSync(stampPath, 'utf8').trim() : '';
}

/** npm's own record of what it installed agrees with the lock: after `npm install` by hand nothing has to be redone. */
function isInstalled() {
  const recordPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(recordPath)) return false;
  const wanted = JSON.parse(readFileSync(lockPath, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(recordPath, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

async function install() {
  say(
    existsSync(join(root, 'node_modules'))
      ? 'The dependencies changed; installing them'
      : 'Installing the dependencies',
  );
  say('(once; about 250 MB with the right Node.js and the development tools) ...');
  const startMs = Date.now();
  const ticker = setInterval(() => say(`... still installing, ${seconds(startMs)} s`), 10_000);
  const status = await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  clearInterval(ticker);
  if (status === 'absent')
    fail('npm was not found. Install npm (Debian: apt-get install npm) and try again.');
  if (status !== 0) {
    fail(
      `npm could not install the dependencies (exit code ${status}); its message is above.`,
      'Without a network, copy node_modules from a machine that has one.',
    );
  }
  say(`Installed in ${seconds(startMs)} s.`);
}

/** Through the npm that runs us when there is one, so that a PATH without npm is no obstacle. */
function runNpm(args) {
  const cli = process.env.npm_execpath;
  const node = process.env.npm_node_execpath ?? process.execPath;
  const [command, first] = cli && /\.c?js$/.test(cli) ? [node, [cli]] : ['npm', []];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') || KEPT_NPM_VARIABLE.test(name)),
  );
  return new Promise((resolve) => {
    const isWindows = process.platform === 'win32';
    const child = spawn(command, [...first, ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
      shell: isWindows,
    });
    child.on('error', () => resolve('absent'));
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
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

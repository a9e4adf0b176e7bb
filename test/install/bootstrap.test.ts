/** `scripts/bootstrap.mjs`: what works is never taken away, whatever happens to the network or to the installation. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, until } from '../kit/launch.ts';
import { openRegistry, type Registry } from './registry.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-bootstrap-'));
after(() => rmSync(root, { recursive: true, force: true }));

const hasNpm = (() => {
  try {
    execFileSync('npm', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

/** Nothing listens there. */
const DEAD = 'http://127.0.0.1:9';

interface Outcome {
  readonly code: number | null;
  readonly said: string;
}

describe('bootstrap', { skip: hasNpm ? false : 'needs npm' }, () => {
  let registry: Registry;
  before(async () => {
    registry = await openRegistry();
  });
  after(() => registry.close());

  /** A project with a package for running it and one for working on it. */
  function project(name: string): string {
    const folder = join(root, name);
    mkdirSync(join(folder, 'bin'), { recursive: true });
    cpSync(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true });
    cpSync(join(ROOT, 'bin', 'node-version.mjs'), join(folder, 'bin', 'node-version.mjs'));
    want(folder, '1.0.0', '1.0.0');
    return folder;
  }

  function want(folder: string, server: string, tool: string): void {
    const packages = {
      '': { name: 'project', version: '1.0.0', dependencies: { server }, devDependencies: { tool } },
      'node_modules/server': registry.add('server', server),
      'node_modules/tool': { ...registry.add('tool', tool), dev: true },
    };
    const { name, version, ...rest } = packages[''];
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, ...rest }));
    writeFileSync(
      join(folder, 'package-lock.json'),
      JSON.stringify({ name, version, lockfileVersion: 3, requires: true, packages }),
    );
  }

  function spawnIn(
    folder: string,
    args: readonly string[],
    url: string,
    more: Readonly<Record<string, string>> = {},
  ) {
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
    const env = {
      ...Object.fromEntries(clean),
      npm_config_registry: url,
      // An npm that has lost its parent goes on for a moment: it has a cache of its own.
      npm_config_cache: join(
        root,
        `cache-${url === registry.url ? 'alive' : url === DEAD ? 'dead' : 'held'}`,
      ),
      ...more,
    };
    return spawn(process.execPath, [join(folder, 'scripts', 'bootstrap.mjs'), ...args], { env });
  }

  async function bootstrap(
    folder: string,
    args: readonly string[] = [],
    url = registry.url,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Outcome> {
    const child = spawnIn(folder, args, url, more);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  }

  /** Name and version of what is installed. */
  function installed(folder: string): string[] {
    const modules = join(folder, 'node_modules');
    if (!existsSync(modules)) return [];
    return readdirSync(modules)
      .filter((name) => !name.startsWith('.'))
      .map((name) => JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')))
      .map(({ name, version }: { name: string; version: string }) => `${name} ${version}`);
  }

  function leftovers(folder: string): string[] {
    return readdirSync(folder).filter((name) => name.startsWith('.install-'));
  }

  test('installs what the server needs, and for the tests the tools as well; then does nothing', async () => {
    const folder = project('fresh');
    const first = await bootstrap(folder);
    assert.equal(first.code, 0, first.said);
    assert.deepEqual(installed(folder), ['server 1.0.0']);
    const before = registry.requests;
    assert.deepEqual(await bootstrap(folder), { code: 0, said: '' });
    assert.equal(registry.requests, before, 'nobody was asked');
    assert.equal((await bootstrap(folder, ['--dev'])).code, 0);
    assert.deepEqual(installed(folder), ['server 1.0.0', 'tool 1.0.0']);
    assert.deepEqual(await bootstrap(folder), { code: 0, said: '' });
    assert.deepEqual(leftovers(folder), []);
  });

  test('takes npm ci --omit=dev for what it is: complete', async () => {
    const folder = project('omit');
    const env = {
      ...process.env,
      npm_config_registry: registry.url,
      npm_config_cache: join(root, 'cache-alive'),
    };
    // Not waited for in one call: the registry is in this process.
    await promisify(execFile)('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: folder, env });
    assert.deepEqual(await bootstrap(folder, [], DEAD), { code: 0, said: '' });
    assert.deepEqual(installed(folder), ['server 1.0.0']);
  });

  test('brings changed packages, and keeps the tools of whoever has them', async () => {
    const folder = project('changed');
    await bootstrap(folder, ['--dev']);
    want(folder, '1.1.0', '1.1.0');
    const { code, said } = await bootstrap(folder);
    assert.equal(code, 0, said);
    assert.deepEqual(installed(folder), ['server 1.1.0', 'tool 1.1.0']);
  });

  test('without a network runs what is there and says so', async () => {
    const folder = project('offline');
    await bootstrap(folder);
    const { ino } = statSync(join(folder, 'node_modules', 'server'));
    want(folder, '2.0.0', '2.0.0');
    const { code, said } = await bootstrap(folder, [], DEAD);
    assert.equal(code, 0, said);
    assert.match(said, /could not install/);
    assert.match(said, /Going on with the packages that are there .*server 2\.0\.0 \(there: 1\.0\.0\)/);
    assert.deepEqual(installed(folder), ['server 1.0.0']);
    assert.equal(statSync(join(folder, 'node_modules', 'server')).ino, ino, 'untouched');
    assert.deepEqual(leftovers(folder), []);
  });

  test('without a network and without the tools cannot test, and leaves what is there', async () => {
    const folder = project('no-tools');
    await bootstrap(folder);
    const { code, said } = await bootstrap(folder, ['--dev'], DEAD);
    assert.equal(code, 1);
    assert.match(said, /Missing: tool 1\.0\.0\. What was there is left as it was\./);
    assert.deepEqual(await bootstrap(folder, [], DEAD), { code: 0, said: '' });
  });

  test('with nothing there and no network ends with what to do', async () => {
    const folder = project('nothing');
    const { code, said } = await bootstrap(folder, [], DEAD);
    assert.equal(code, 1);
    assert.match(said, /Without a network, copy node_modules from a machine that has one/);
    assert.deepEqual([existsSync(join(folder, 'node_modules')), leftovers(folder)], [false, []]);
  });

  test('killed in the middle leaves the old packages, and the next one tidies up', async () => {
    const folder = project('killed');
    await bootstrap(folder);
    want(folder, '3.0.0', '3.0.0');
    const held = await openRegistry();
    held.hold();
    const child = spawnIn(folder, [], held.url);
    await until('the installation to begin', () => leftovers(folder)[0]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    held.close();
    assert.deepEqual(installed(folder), ['server 1.0.0']);
    assert.equal((await bootstrap(folder)).code, 0);
    assert.deepEqual([installed(folder), leftovers(folder)], [['server 3.0.0'], []]);
  });

  test('an npm that outlives its folder takes nothing away', async () => {
    const folder = project('outlived');
    await bootstrap(folder);
    want(folder, '4.0.0', '4.0.0');
    // As when the next start has cleared up before it has looked where it is.
    const late = join(root, 'late-npm.cjs');
    const began = `for (const name of ['package.json', 'package-lock.json']) require('node:fs').rmSync(name);`;
    const went = `require('node:child_process').spawnSync('npm', process.argv.slice(2)).status`;
    writeFileSync(late, `${began}\nprocess.exitCode = ${went};\n`);
    const { code } = await bootstrap(folder, [], registry.url, { npm_execpath: late });
    assert.deepEqual([code, installed(folder)], [0, ['server 1.0.0']]);
  });

  test('killed between its last two steps loses nothing', async () => {
    const folder = project('between');
    await bootstrap(folder);
    mkdirSync(join(folder, '.install-999999999'));
    renameSync(join(folder, 'node_modules'), join(folder, '.install-999999999', 'old'));
    assert.deepEqual(await bootstrap(folder, [], DEAD), { code: 0, said: '' });
    assert.deepEqual([installed(folder), leftovers(folder)], [['server 1.0.0'], []]);
  });

  test('two at once are one installation in the end', async () => {
    const folder = project('twice');
    const outcomes = await Promise.all([bootstrap(folder), bootstrap(folder, ['--dev'])]);
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [0, 0],
      outcomes.map(({ said }) => said).join(''),
    );
    assert.deepEqual(installed(folder), ['server 1.0.0', 'tool 1.0.0']);
    assert.deepEqual(leftovers(folder), []);
  });
});

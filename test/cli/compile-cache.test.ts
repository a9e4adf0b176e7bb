/** Compiled code is only taken from where nobody else can put any. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { endLaunched, FREE_PORTS, launch, ROOT } from '../kit/launch.ts';

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'brevduva-cache-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

/** The program in a folder of its own, so that its cache is. */
function copyOfProgram(name: string): string {
  const copy = join(root, name);
  for (const part of ['bin', 'src', 'package.json'])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Node.js makes folders before any program runs; what counts is what is in them. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const VERBS: readonly (readonly string[])[] = [
  ['account', 'add', 'alice@example.org', '--generate'],
  ['account', 'list'],
  ['check'],
  ['config', 'check'],
  ['config', 'print'],
  ['--version'],
];

describe('the cache of compiled code', () => {
  test('no verb uses a folder that the environment names, or the temporary one', async () => {
    const copy = copyOfProgram('named');
    const [named, temporary] = [join(root, 'everybody'), join(root, 'tmp')];
    for (const folder of [named, temporary]) {
      mkdirSync(folder);
      chmodSync(folder, 0o777);
    }
    const env = { ...process.env, NODE_COMPILE_CACHE: named, TMPDIR: temporary, BREVDUVA_CONFIG: '' };
    const data = join(root, 'named-data');
    for (const program of [join(copy, 'bin', 'brevduva.mjs'), join(copy, 'src', 'main.ts')]) {
      for (const verb of VERBS) {
        const args = verb[0] === '--version' ? verb : [...verb, '--data', data];
        await run(process.execPath, [program, ...args], { env }).catch((error: { stderr?: string }) => {
          if (!/there is an account/.test(error.stderr ?? '')) throw error;
        });
      }
    }
    assert.deepEqual([...filesIn(named), ...filesIn(temporary)], []);
    const own = join(copy, '.cache');
    assert.equal(statSync(own).mode & 0o777, 0o700);
    assert.ok(readdirSync(own, { recursive: true }).length > 20, 'it is used');
  });

  test('the server does not either, and not below an older Node.js', async () => {
    const named = join(root, 'server-named');
    mkdirSync(named);
    for (const oldNode of [undefined, 'execve'] as const) {
      const server = launch(
        ['serve', '--data', join(root, `served-${oldNode}`), '--no-demo', ...FREE_PORTS],
        {
          env: { NODE_COMPILE_CACHE: named, TMPDIR: root },
          ...(oldNode ? { oldNode } : {}),
        },
      );
      await server.said(/^ready /m);
      server.child.kill('SIGTERM');
      assert.deepEqual(await server.ended(), { code: 0, signal: null }, server.stderr);
    }
    assert.deepEqual(filesIn(named), []);
  });

  const TRAPS: Readonly<Record<string, (copy: string) => void>> = {
    'a link': (copy) => {
      mkdirSync(join(root, 'target'), { mode: 0o700 });
      symlinkSync(join(root, 'target'), join(copy, '.cache'));
    },
    'a folder that others may write to': (copy) => {
      mkdirSync(join(copy, '.cache'));
      chmodSync(join(copy, '.cache'), 0o777);
    },
    'a folder that the group may write to': (copy) => {
      mkdirSync(join(copy, '.cache'));
      chmodSync(join(copy, '.cache'), 0o770);
    },
    'a program that others may write to': (copy) => chmodSync(copy, 0o777),
  };
  for (const [what, prepare] of Object.entries(TRAPS)) {
    test(`${what} is not used`, async () => {
      const copy = copyOfProgram(what.replaceAll(' ', '-'));
      prepare(copy);
      const { stdout } = await run(process.execPath, [join(copy, 'bin', 'brevduva.mjs'), 'config', 'print']);
      assert.match(stdout, /^hostname = /m);
      const cache = join(copy, '.cache');
      assert.deepEqual(existsSync(cache) ? readdirSync(cache) : [], []);
    });
  }

  const isRoot = process.geteuid?.() === 0;
  test('a folder of another user is not used', { skip: isRoot ? false : 'needs root' }, async () => {
    const copy = copyOfProgram('anothers');
    mkdirSync(join(copy, '.cache'), { mode: 0o700 });
    await run('chown', ['65534', join(copy, '.cache')]);
    await run(process.execPath, [join(copy, 'bin', 'brevduva.mjs'), 'config', 'print']);
    assert.deepEqual(readdirSync(join(copy, '.cache')), []);
  });
});

/** What a start does not load. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const SRC = join(import.meta.dirname, '..', 'src');
const PARTS = [
  'server/protocols.ts',
  'server/metrics-listener.ts',
  'admin/control-client.ts',
  'http/listener.ts',
];

test('no HTTP client of Node.js comes along with its HTTP server', () => {
  const script = `
    for (const part of ${JSON.stringify(PARTS.map((part) => join(SRC, part)))}) await import(part);
    console.log(process.moduleLoadList.filter((name) => name.includes('undici')).join());`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(out.trim(), '');
});

/** Prints what is loaded. */
const TELLTALE = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { console.error(url); return next(url, context); } });
`)}`;

for (const args of [['--version'], ['serve', '--help'], ['config', 'print'], ['queue', '--help']]) {
  test(`no other command comes along with ${args.join(' ')}`, () => {
    const program = ['--import', TELLTALE, join(SRC, 'main.ts'), ...args];
    const { status, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /\/src\/cli\/program\.ts$/m);
    const others =
      /\/src\/(?:sieve|rules|transfer|store|mail)\/.*|\/src\/cli\/(?:account|domain|import)-?\w*\.ts$/gm;
    assert.deepEqual(stderr.match(others), null);
  });
}

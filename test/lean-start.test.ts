/** What a start does not load. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
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

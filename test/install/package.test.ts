/** The package as npm would install it: joined, below a `node_modules`, where Node.js strips no types. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { joinPackage } from '../../tools/joined.ts';
import { endLaunched, FREE_PORTS, launch, ROOT } from '../kit/launch.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-package-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

test('the package runs, and its hints say how it is called there', async () => {
  const folder = join(root, 'node_modules', 'brevduva');
  const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { files: string[] };
  await joinPackage(join(folder, 'dist'));
  for (const name of ['package.json', ...files.filter((one) => one !== 'dist')])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const program = [process.execPath, join(folder, 'bin', 'brevduva.mjs')] as const;
  const server = launch(['serve', '--data', join(root, 'data'), ...FREE_PORTS], { command: program });
  await server.said(/^ready /m);
  assert.match(server.stderr, /^ {4}npx brevduva account passwd demo@localhost --data /m);
  const list = launch(['account', 'list', '--data', join(root, 'data')], { command: program });
  assert.equal((await list.ended()).code, 0, list.stderr);
  assert.match(list.stdout, /^demo@localhost /m);
  server.child.kill('SIGTERM');
  assert.deepEqual(await server.ended(), { code: 0, signal: null });
  assert.ok(existsSync(join(folder, '.cache')));
  assert.ok(!existsSync(join(folder, 'src')));
});

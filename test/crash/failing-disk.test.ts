/**
 * A disk that fails at any call: what was answered OK is there, what was refused is not, nothing is half there and the
 * checker has nothing to say; seen while it runs, as a killed process leaves it, and after an orderly stop.
 *
 * BREVDUVA_TEST_FAULTS sets the number of failures, BREVDUVA_TEST_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DiskControl } from './failing-disk/control.ts';
import { makeTemplate } from './failing-disk/template.ts';
import { seedOf } from './random.ts';

const FAULTS = Number(process.env.BREVDUVA_TEST_FAULTS ?? 20);
const SEED = seedOf('BREVDUVA_TEST_SEED');
const HERE = fileURLToPath(new URL('./failing-disk/', import.meta.url));
/** What fails is simulated, so real syncs would be a waste of time. */
const MEMORY = '/dev/shm';
const hasCompiler = spawnSync('gcc', ['--version']).status === 0;

describe('a disk that fails', { skip: hasCompiler ? false : 'needs gcc' }, () => {
  let root = '';

  before(async () => {
    root = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'brevduva-failing-'));
    execFileSync('gcc', [
      '-shared',
      '-fPIC',
      '-O1',
      '-o',
      join(root, 'shim.so'),
      join(HERE, 'shim.c'),
      '-ldl',
    ]);
    await makeTemplate(join(root, 'template'));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  function run(): string[] {
    const work = join(root, 'work');
    mkdirSync(work);
    const control = join(root, 'control');
    DiskControl.makeFile(control);
    const args = [join(HERE, 'run.ts'), join(root, 'template'), work, `${SEED}`, `${FAULTS}`];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      env: {
        ...process.env,
        LD_PRELOAD: join(root, 'shim.so'),
        FAILING_ROOT: join(work, 'data'),
        FAILING_CONTROL: control,
        UV_USE_IO_URING: '0',
      },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    return stdout.trim().split('\n');
  }

  it(`at any call, once or from then on (${FAULTS} failures, BREVDUVA_TEST_SEED=${SEED})`, (t) => {
    const lines = run();
    const last = lines.pop() ?? '';
    assert.match(last, /^done /);
    t.diagnostic(`calls of the work: ${last.slice('done '.length)}`);
    assert.deepEqual(lines, []);
  });
});

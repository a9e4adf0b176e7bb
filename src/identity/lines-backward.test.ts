import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { linesBackward } from './lines-backward.ts';

describe('lines from the end of a file', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-lines-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function read(text: string, maxBytes = 10_000_000): Promise<string[]> {
    const path = join(folder, 'file');
    await writeFile(path, text);
    return Array.fromAsync(linesBackward(path, maxBytes));
  }

  it('come last first, whatever the pieces they are read in cut', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${i} ${'å'.repeat(i % 97)}`);
    assert.deepEqual(await read(`${lines.join('\n')}\n`), lines.toReversed());
    assert.deepEqual(await read('one\ntwo'), ['two', 'one'], 'one that is still being written too');
    assert.deepEqual(await read('\n\na\n\n'), ['a']);
    assert.deepEqual(await read(''), []);
    const long = 'x'.repeat(200_000);
    assert.deepEqual(await read(`${long}\n${long}y\n`), [`${long}y`, long]);
  });

  it('no further back than is asked for, and no part of a line', async () => {
    assert.deepEqual(await read('first\nsecond\nthird\n', 13), ['third']);
    assert.deepEqual(await Array.fromAsync(linesBackward(join(folder, 'none'), 10)), []);
  });
});

/**
 * Whether the model would notice. Each mutant of the sources is put into a copy of the tree, and the model runs there until
 * it fails; one that it does not notice fails this test. Takes minutes: only with BREVDUVA_TEST_MUTANTS=1.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Of 400 steps each; most mutants are noticed in the first few. */
const RUNS = 1500;
const isAsked = process.env.BREVDUVA_TEST_MUTANTS === '1';

describe('the model', { skip: isAsked ? false : 'only with BREVDUVA_TEST_MUTANTS=1' }, () => {
  let tree = '';
  before(() => {
    tree = mkdtempSync(join(tmpdir(), 'brevduva-mutants-'));
    for (const part of ['src', 'test', 'package.json', 'tsconfig.json']) {
      cpSync(join(ROOT, part), join(tree, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  });
  after(() => rmSync(tree, { recursive: true, force: true }));

  it('finds nothing in the sources as they are', () => assert.equal(hunt(20), ''));

  for (const { name, edits } of MUTANTS) {
    it(`notices: ${name}`, (t) => {
      const before = new Map(edits.map(([file]) => [file, readFileSync(join(tree, file), 'utf8')]));
      const mutated = new Map(before);
      for (const [file, from, to] of edits) {
        const text = mutated.get(file) as string;
        assert.equal(text.split(from).length, 2, `${file} has this once: ${from}`);
        mutated.set(
          file,
          text.replace(from, () => to),
        );
      }
      for (const [file, text] of mutated) writeFileSync(join(tree, file), text);
      const found = hunt(RUNS);
      for (const [file, text] of before) writeFileSync(join(tree, file), text);
      assert.notEqual(found, '', `${RUNS} runs did not show it`);
      t.diagnostic(found.split('\n').slice(0, 3).join(' ').slice(0, 200));
    });
  }

  /** What it printed. */
  function hunt(runs: number): string {
    const hunter = join(tree, 'test/model/hunt.ts');
    const { stdout, stderr } = spawnSync(process.execPath, [hunter, '1', `${runs}`], { encoding: 'utf8' });
    return stdout + stderr;
  }
});

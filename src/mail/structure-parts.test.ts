import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bodyStructure } from './body-structure.ts';
import { type Part, scanParts } from './part.ts';
import { structureParts } from './structure-parts.ts';

/** Those that are no multiparts; of a message its inside belongs to it. */
function leaves(part: Part): readonly { mediaType: string; sizeBytes: number }[] {
  if (part.kind === 'multipart') return part.children.flatMap(leaves);
  return [{ mediaType: part.fields.mediaType, sizeBytes: part.end - part.bodyStart }];
}

test('types and sizes are those of the parts', () => {
  for (const name of globSync('test/corpus/*.eml')) {
    const root = scanParts(readFileSync(name));
    assert.deepEqual(structureParts(bodyStructure(root)), leaves(root), name);
  }
});

test('what is cut or damaged gives what is before it, and never throws', () => {
  const root = scanParts(readFileSync('test/corpus/digest.eml'));
  const whole = bodyStructure(root);
  const expected = leaves(root);
  for (let end = 0; end < whole.length; end++) {
    const found = structureParts(whole.subarray(0, end));
    // A number may be cut: the last one is not looked at.
    assert.deepEqual(found.slice(0, -1), expected.slice(0, Math.max(0, found.length - 1)));
  }
  assert.deepEqual(structureParts(Buffer.from('(((((((((((((((((((')), []);
  assert.deepEqual(structureParts(Buffer.alloc(0)), []);
});

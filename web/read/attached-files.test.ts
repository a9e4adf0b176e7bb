import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attachedFiles, type FilePart, safeName } from './attached-files.ts';

const part = (rest: Partial<FilePart>): FilePart => ({
  ...{ partId: '2', blobId: 'b1.2', size: 10, name: 'a.pdf', type: 'application/pdf', cid: null },
  ...{ disposition: 'attachment', ...rest },
});
const one = (name: string | null, type: string) => attachedFiles([part({ name, type })], new Set())[0];

describe('files of a mail', () => {
  test('that can do harm are known by name or type', () => {
    const rows: readonly (readonly [string | null, string, boolean])[] = [
      ['offer.pdf', 'application/pdf', false],
      ['photo.JPG', 'image/jpeg', false],
      ['setup.EXE', 'application/octet-stream', true],
      ['setup.exe.', 'application/octet-stream', true],
      ['setup.exe ', 'application/pdf', true],
      ['invoice.pdf.js', 'application/pdf', true],
      ['page.html', 'text/plain', true],
      ['innocent.txt', 'text/html', true],
      ['picture.svg', 'image/svg+xml', true],
      ['budget.xlsm', 'application/vnd.ms-excel.sheet.macroEnabled.12', true],
      ['\u202Efdp.exe', 'application/pdf', true],
      ['disk.iso', 'application/octet-stream', true],
      ['notes.one', 'application/onenote', true],
      [null, 'application/x-msdownload', true],
      [null, 'application/octet-stream', false],
      ['archive.zip', 'application/zip', false],
    ];
    for (const [name, type, expected] of rows) {
      assert.equal(one(name, type)?.isDangerous, expected, `${name} ${type}`);
      if (expected) assert.equal(one(name, type)?.canBeShown, false);
    }
  });

  test('are not those that stand in the text', () => {
    const parts = [
      part({ cid: 'a', disposition: 'inline' }),
      part({ cid: 'b', disposition: 'inline' }),
      part({ cid: 'a', disposition: 'attachment' }),
      part({ blobId: null }),
    ];
    assert.equal(attachedFiles(parts, new Set(['a'])).length, 2);
  });

  test('have names that say what they are', () => {
    assert.equal(safeName('../../etc/passwd'), '.._.._etc_passwd');
    assert.equal(safeName('a\u0000b\u202Ec\u200B\n.txt'), 'abc.txt');
    assert.equal(safeName(`${'x'.repeat(500)}.pdf`).length, 200);
    assert.match(safeName(`${'x'.repeat(500)}.pdf`), /….pdf$/);
    assert.equal(one('', 'image/png')?.name, undefined);
    assert.equal(one('bild.png', 'image/png')?.kind, 'picture');
  });
});

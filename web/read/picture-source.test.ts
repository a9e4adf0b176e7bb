import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pictureSource } from './picture-source.ts';

describe('where a picture is', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['cid:photo@example.org', 'part photo@example.org'],
    ['CID:%3Cphoto@example.org%3E', 'part photo@example.org'],
    ['cid:100%', 'part 100%'],
    ['cid:', undefined],
    ['data:image/png;base64,iVBORw0KGgo=', 'inline data:image/png;base64,iVBORw0KGgo='],
    ['data:image/svg+xml;base64,PHN2Zz4=', undefined],
    ['data:image/png,<svg>', undefined],
    ['data:text/html;base64,AAAA', undefined],
    [' https://example.org/a.png ', 'remote https://example.org/a.png'],
    ['HTTP://Example.org/a.png', 'remote http://example.org/a.png'],
    ['https://user:pass@example.org/', undefined],
    ['//example.org/a.png', undefined],
    ['/web/image?x', undefined],
    ['a.png', undefined],
    ['javascript:alert(1)', undefined],
    ['java\nscript:alert(1)', undefined],
    ['blob:https://example.org/1', undefined],
    ['file:///etc/passwd', undefined],
    ['', undefined],
    [`https://example.org/${'a'.repeat(9000)}`, undefined],
    [`data:image/png;base64,${'A'.repeat(1_600_000)}`, undefined],
  ];
  for (const [address, expected] of rows)
    test(address.slice(0, 60), () => {
      const source = pictureSource(address);
      const said = source && `${source.kind} ${source.kind === 'part' ? source.contentId : source.url}`;
      assert.equal(said, expected);
    });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUidList } from './uid-list.ts';

test('names that were brought along, and those that Dovecot makes', () => {
  const names = parseUidList(
    [
      '3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1',
      '25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394',
      '25017 W2481 Pold-server-17 :1276533073.M242911P3632.kurkku,S=1438',
      'broken',
      'x :file',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    [...names],
    [
      ['1276528487.M364837P9451.kurkku,S=1355,W=1394', '000061ae4c0907b0'],
      ['1276533073.M242911P3632.kurkku,S=1438', 'old-server-17'],
    ],
  );
});

test('other versions are left alone', () => {
  for (const text of ['', '1 1275660208 25022\n1 file\n', '3 N1\n1 :file\n']) {
    assert.equal(parseUidList(text).size, 0, text);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUidList } from './uid-list.ts';

const LIST = [
  '3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1',
  '25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394',
  '25017 W2481 Pold-server-17 :1276533073.M242911P3632.kurkku,S=1438',
  'broken',
  'x :file',
  '0 :zero',
  '99999999999 :much',
  '',
];

test('UIDs, names that were brought along, and those that Dovecot makes', () => {
  const list = parseUidList(LIST.join('\n'));
  assert.deepEqual([list?.uidValidity, list?.uidNext], [1275660208, 25022]);
  const first = { uid: 25006, externalId: '000061ae4c0907b0' };
  const second = { uid: 25017, externalId: 'old-server-17' };
  const rows: readonly (readonly [string, object | undefined])[] = [
    ['1276528487.M364837P9451.kurkku,S=1355,W=1394:2,S', first],
    ['1276528487.M364837P9451.kurkku,S=1355,W=1394', first],
    ['1276528487.M364837P9451.kurkku:2,FS', first],
    ['1276533073.M242911P3632.kurkku,S=1438,W=1500:2,', second],
    ['1276533073.M242911P3632.kurkk', undefined],
    ['file', undefined],
    ['zero', undefined],
    ['much', undefined],
  ];
  for (const [file, expected] of rows) assert.deepEqual(list?.find(file), expected, file);
});

test('lines that were added after the header was written count; the last one of a file is true', () => {
  const list = parseUidList([...LIST, '25030 :1276533073.M242911P3632.kurkku,S=1438', ''].join('\n'));
  assert.equal(list?.uidNext, 25031);
  assert.equal(list?.find('1276533073.M242911P3632.kurkku,S=1438:2,S')?.uid, 25030);
});

test('fields of the header in any order', () => {
  assert.equal(parseUidList('3 N7 Gx V5\n')?.uidValidity, 5);
  assert.equal(parseUidList('3 V5\n')?.uidNext, 1);
});

test('other versions are left alone', () => {
  for (const text of ['', '1 1275660208 25022\n1 file\n', '3 N1\n1 :file\n', '3 V0 N1\n', '4 V1 N1\n']) {
    assert.equal(parseUidList(text), undefined, text);
  }
});

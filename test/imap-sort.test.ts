/**
 * SORT, THREAD and what else is answered from the keys that delivery computed, over a connection.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

interface Sample {
  readonly from?: string;
  readonly to?: string;
  readonly cc?: string;
  readonly subject?: string;
  readonly date?: string;
  readonly internalDate: number;
  readonly body?: string;
}

const SAMPLES: readonly Sample[] = [
  {
    from: 'Zoe <a@example.com>',
    to: 'x@example.com',
    subject: 'Re: banana',
    date: '3 Jan 2024 10:00 +0000',
    internalDate: 300,
  },
  {
    from: 'adam <c@example.com>',
    to: 'Y <b@example.com>',
    subject: '[list] Apple',
    date: '3 Jan 2024 10:30 +0200',
    internalDate: 100,
  },
  {
    from: 'b@example.com',
    cc: 'q@example.com',
    subject: 'apple (fwd)',
    date: '1 Jan 2024 10:00 +0000',
    internalDate: 200,
    body: 'longer than the others',
  },
  { subject: 'banana', internalDate: 50 },
  {
    from: '=?utf-8?q?=C3=84nna?= <d@example.com>',
    subject: '',
    date: 'not a date',
    internalDate: 1_704_189_000,
  },
];

describe('SORT (RFC 5256), SORT=DISPLAY (RFC 5957), ESORT (RFC 5267)', () => {
  let server: TestImap;
  let client: ImapClient;

  before(async () => {
    server = await startTestImap();
    await server.kit.addAccount('alice@example.com', 'secret');
    for (const { internalDate, body = 'body', ...fields } of SAMPLES) {
      const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
      await server.addMessage('alice@example.com', 'INBOX', {
        bytes: `${head.join('')}\r\n${body}\r\n`,
        internalDate,
      });
    }
    client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await client.ok('SELECT INBOX');
    await client.ok('STORE 2 +FLAGS.SILENT (\\Flagged)');
  });
  after(async () => {
    client.close();
    await server.close();
  });

  const ORDERS: readonly (readonly [command: string, answer: string])[] = [
    ['SORT (SUBJECT) UTF-8 ALL', 'SORT 5 2 3 1 4'],
    ['SORT (REVERSE SUBJECT) UTF-8 ALL', 'SORT 1 4 2 3 5'],
    ['SORT (SUBJECT DATE) US-ASCII ALL', 'SORT 5 3 2 4 1'],
    ['SORT (SUBJECT REVERSE DATE) UTF-8 ALL', 'SORT 5 2 3 1 4'],
    ['SORT (DATE) UTF-8 ALL', 'SORT 4 3 5 2 1'],
    ['SORT (ARRIVAL) UTF-8 ALL', 'SORT 4 2 3 1 5'],
    ['SORT (REVERSE ARRIVAL) UTF-8 ALL', 'SORT 5 1 3 2 4'],
    ['SORT (FROM) UTF-8 ALL', 'SORT 4 1 3 2 5'],
    ['SORT (TO) UTF-8 ALL', 'SORT 3 4 5 2 1'],
    ['SORT (CC) UTF-8 ALL', 'SORT 1 2 4 5 3'],
    ['SORT (REVERSE SIZE) UTF-8 3:4', 'SORT 3 4'],
    ['SORT (DISPLAYFROM) UTF-8 ALL', 'SORT 4 2 5 3 1'],
    ['SORT (DISPLAYTO) UTF-8 1:2', 'SORT 1 2'],
    ['sort (subject) utf-8 flagged', 'SORT 2'],
    ['SORT (SUBJECT) UTF-8 SEEN', 'SORT'],
    ['UID SORT (SUBJECT) UTF-8 FROM "adam"', 'SORT 2'],
    ['UID SORT RETURN () (REVERSE ARRIVAL) UTF-8 ALL', 'ESEARCH (TAG "$") UID ALL 5,1,3,2,4'],
    ['SORT RETURN (MIN MAX COUNT) (SUBJECT) UTF-8 ALL', 'ESEARCH (TAG "$") MIN 5 MAX 4 COUNT 5'],
    ['SORT RETURN (ALL COUNT) (SIZE) UTF-8 SEEN', 'ESEARCH (TAG "$") COUNT 0'],
    ['SORT RETURN (ALL) (CC) UTF-8 1:4', 'ESEARCH (TAG "$") ALL 1:2,4,3'],
  ];
  for (const [command, answer] of ORDERS) {
    test(command, async () => {
      const { untagged } = await client.ok(command);
      assert.deepEqual(
        untagged.map((line) => line.replace(/\(TAG "[^"]*"\)/, '(TAG "$")')),
        [answer],
      );
    });
  }

  test('what is saved is the set (RFC 5182)', async () => {
    await client.ok('SORT RETURN (SAVE) (REVERSE SUBJECT) UTF-8 2:3');
    const { untagged } = await client.ok('SEARCH $');
    assert.deepEqual(untagged, ['SEARCH 2 3']);
  });

  for (const command of [
    'SORT () UTF-8 ALL',
    'SORT (SUBJECT) ALL',
    'SORT SUBJECT UTF-8 ALL',
    'SORT (REVERSE) UTF-8 ALL',
    'SORT (REVERSE REVERSE DATE) UTF-8 ALL',
    'SORT (COLOUR) UTF-8 ALL',
    `SORT (${'DATE '.repeat(30)}DATE) UTF-8 ALL`,
    'SORT (SUBJECT) UTF-8',
  ]) {
    test(`refused: ${command.slice(0, 60)}`, async () => {
      const { status } = await client.command(command);
      assert.ok(status === 'BAD' || (status === 'NO' && command === 'SORT (SUBJECT) ALL'), status);
    });
  }

  test('a charset nobody knows', async () => {
    const { status, text } = await client.command('SORT (SUBJECT) X-NOBODY ALL');
    assert.equal(status, 'NO');
    assert.match(text, /^\[BADCHARSET/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CommandFault, parseCommandLine, parsePath } from './command.ts';

const LINES: readonly (readonly [line: string, verb: string, argument: string])[] = [
  ['QUIT', 'QUIT', ''],
  ['noop', 'NOOP', ''],
  ['MAIL FROM:<a@example.org>', 'MAIL', 'FROM:<a@example.org>'],
  ['  rcpt   to:<b@example.org>  ', 'RCPT', 'to:<b@example.org>'],
  ['LHLO [192.0.2.1]', 'LHLO', '[192.0.2.1]'],
  ['', '', ''],
  ['250 ok', '', ''],
  ['MAILFROM:<a@example.org>', '', ''],
];

const PATHS: readonly (readonly [
  argument: string,
  address: string,
  parameters: Readonly<Record<string, string>>,
])[] = [
  ['FROM:<a@example.org>', 'a@example.org', {}],
  ['from : <a@example.org>', 'a@example.org', {}],
  ['FROM:<>', '', {}],
  ['FROM:<> SIZE=12 body=8BITMIME SMTPUTF8', '', { SIZE: '12', BODY: '8BITMIME', SMTPUTF8: '' }],
  ['FROM:<@one.example,@two.example:a@example.org>', 'a@example.org', {}],
  ['FROM:<"a b\\"<>"@example.org> SIZE=1', '"a b\\"<>"@example.org', { SIZE: '1' }],
  ['FROM:<alice>', 'alice', {}],
  ['FROM:<gr\u00fcn@b\u00fccher.example>', 'gr\u00fcn@b\u00fccher.example', {}],
];

const REFUSED = [
  'TO:<a@example.org>',
  'FROM:a@example.org',
  'FROM:<a@example.org',
  'FROM:<a b@example.org>',
  'FROM:<<a@example.org>>',
  'FROM:<a@example.org>SIZE=1',
  'FROM:<a@example.org> SIZE=',
  'FROM:<a@example.org> SIZE=1 size=2',
  'FROM:<a@example.org> =1',
  'FROM:<"a@example.org>',
  '',
];

describe('command lines', () => {
  for (const [line, verb, argument] of LINES) {
    test(JSON.stringify(line), () =>
      assert.deepEqual(parseCommandLine(Buffer.from(line)), { verb, argument }),
    );
  }

  test('octets that are no text, and control characters, are refused', () => {
    for (const line of [Buffer.from([0x4d, 0xff]), Buffer.from('NOOP \0'), Buffer.from('NOOP \x1b[2J')]) {
      assert.throws(() => parseCommandLine(line), CommandFault);
    }
  });

  for (const [argument, address, parameters] of PATHS) {
    test(`a path: ${argument}`, () => {
      const path = parsePath(argument, 'FROM');
      assert.equal(path.address, address);
      assert.deepEqual(Object.fromEntries(path.parameters), parameters);
    });
  }

  for (const argument of REFUSED) {
    test(`no path: ${JSON.stringify(argument)}`, () => {
      assert.throws(
        () => parsePath(argument, 'FROM'),
        (error) => error instanceof CommandFault && error.reply.code === 501,
      );
    });
  }
});

/**
 * Hostile and random input to whole sessions on sockets, before and after sign-in. Whatever comes: nothing fails in a way
 * it must not, the mail stays as it was, the maildrop is given back, and another session is served.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { ALICE, startTestPop3, type TestPop3 } from '../../test/kit/pop3.ts';
import { runs } from '../../test/kit/runs.ts';
import { Pop3Client } from '../../test/pop3-client.ts';
import { COMMANDS } from './commands.ts';

const RUNS = runs(150);
const BODY = 'Subject: here to stay\r\n\r\n.\r\nstill\r\n';

const verb = fc.constantFrom(
  ...[...COMMANDS.keys()].filter((name) => name !== 'STLS'),
  'XYZZY',
  '',
  'retr',
  'Top',
);
const argument = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '2',
    '1 1',
    '-1',
    '0',
    '4294967297',
    '1 99999999',
    '1 -1',
    '*',
    '=',
    'sv',
    'PLAIN',
    'LOGIN',
  ),
  fc.constantFrom(
    'PLAIN AGFsaWNlAHdyb25n',
    ALICE,
    'AGFsaWNlAHdyb25n',
    '1'.repeat(300),
    ' ',
    '\0',
    '\r',
    '\xff\xfe',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replace(/[\r\n]/g, '')),
);
const line = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(verb, argument).map(([v, a]) => `${v} ${a}\r\n`) },
  { weight: 1, arbitrary: fc.tuple(verb, argument).map(([v, a]) => `${v} ${a}\n`) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

/** QUIT deletes what was marked, so marks have to go first: the last word is ours. */
const harmless = (lines: readonly string[]): string =>
  lines.filter((text) => !/^(?:dele|quit)/i.test(text.trimStart())).join('');

describe('POP3 under fire', () => {
  let server: TestPop3;
  const bugs: string[] = [];
  before(async () => {
    const error = (_: unknown, text: string): void => void bugs.push(text);
    const log = { debug() {}, info() {}, warn() {}, record() {}, error, child: () => log };
    server = await startTestPop3({
      log,
      settings: {
        badCommands: 1000,
        badCommandsBeforeLogin: 1000,
        failuresPerConnection: 1000,
        lockWaitMs: 5000,
      },
    });
    await server.add([BODY]);
  });
  after(async () => {
    await server.close();
    assert.deepEqual(bugs, []);
  });

  const stillServed = async (): Promise<void> => {
    const client = await Pop3Client.signIn(server.port);
    assert.equal((await client.list('RETR 1')).body, BODY);
    await client.ok('QUIT');
  };

  for (const isSignedIn of [false, true]) {
    it(`random commands ${isSignedIn ? 'after' : 'before'} sign-in`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(line, { maxLength: 25 }), fc.nat(200), async (lines, cut) => {
          const client = isSignedIn
            ? await Pop3Client.signIn(server.port)
            : await Pop3Client.open(server.port);
          const bytes = Buffer.from(harmless(lines), 'latin1');
          client.send(bytes.subarray(0, cut));
          client.send(bytes.subarray(cut));
          client.socket.end();
          await client.ended();
        }),
        { numRuns: RUNS },
      );
      await stillServed();
    });
  }

  it('marks without QUIT delete nothing, however the connection ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 10 }), async (lines) => {
        const client = await Pop3Client.signIn(server.port);
        client.send(`DELE 1\r\n${harmless(lines)}`);
        client.destroy();
      }),
      { numRuns: runs(30) },
    );
    await stillServed();
  });
});

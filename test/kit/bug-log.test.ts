/** What a client is told is a bug can be found: its stack is on standard error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapClient } from '../imap-client.ts';
import { showLoggedBugs } from './bug-log.ts';
import { startTestImap } from './imap.ts';

test('SERVERBUG shows its stack in the test run', async (t) => {
  const shown: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => shown.push(text) > 0);
  const server = await startTestImap({
    mayBeDamaged: true,
    wrapStore: (store) =>
      new Proxy(store, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (name === 'loadAccount') return () => brokenOnPurpose();
          return typeof value === 'function' ? value.bind(target) : value;
        },
      }),
  });
  await server.kit.addAccount('alice@example.com', 'secret').catch(() => undefined);
  const client = await ImapClient.connect(server.port);
  await client.greeting();
  client.sendLine('a LOGIN alice@example.com secret');
  const { status, text } = await client.answer('a');
  client.close();
  await server.close();
  t.mock.restoreAll();
  assert.match(`${status} ${text}`, /NO \[SERVERBUG\]/);
  assert.match(shown.join(''), /a bug: [^\n]*\nTypeError: on purpose\n {4}at brokenOnPurpose \(/);
});

test('so does a server that is a process of its own', (t) => {
  const shown: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => shown.push(text) > 0);
  const bug = {
    level: 'error',
    err: { stack: 'TypeError: x\n    at there' },
    message: 'a bug: a command failed',
  };
  showLoggedBugs(`{"level":"info","message":"ready"}\n${JSON.stringify(bug)}\n`);
  t.mock.restoreAll();
  assert.equal(shown.join(''), 'a bug: a command failed\nTypeError: x\n    at there\n');
});

function brokenOnPurpose(): never {
  throw new TypeError('on purpose');
}

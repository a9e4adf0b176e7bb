/** Commands that take long say so (RFC 9585), between lines and for as long as they run. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MailStore } from '../src/mailbox/port/store.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const LONG = `Subject: long\r\n\r\n${'hay\r\n'.repeat(200_000)}`;

describe('INPROGRESS', () => {
  let server: TestImap;
  let held: PromiseWithResolvers<void> | undefined;

  /** Reads wait while `held`. */
  const wrapStore = (store: MailStore): MailStore =>
    new Proxy(store, {
      get(target, name) {
        if (name === 'readStream')
          return async function* (range: Parameters<MailStore['readStream']>[0]) {
            await held?.promise;
            yield* target.readStream(range);
          };
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (!String(name).startsWith('read')) return value.bind(target);
        return async (...args: unknown[]) => {
          await held?.promise;
          return value.apply(target, args);
        };
      },
    });

  before(async () => {
    server = await startTestImap({ wrapStore, settings: { progressMs: 20 } });
    await server.kit.addAccount('alice@example.com', 'secret');
    await server.addMessage('alice@example.com', 'INBOX', { bytes: LONG });
  });
  after(() => server.close());

  test('a search that waits says how far it is, and nothing when it is over', async () => {
    const client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await client.ok('SELECT INBOX');
    held = Promise.withResolvers();
    client.sendLine('s1 SEARCH BODY needle');
    for (let i = 0; i < 3; i++)
      assert.equal((await client.next()).text, 'OK [INPROGRESS ("s1" 0 1)] Still at work');
    held.resolve();
    const { status, untagged } = await client.answer('s1');
    assert.equal(status, 'OK');
    assert.equal(untagged.at(-1), 'SEARCH');
    client.sendLine('i1 IDLE');
    assert.equal((await client.next()).kind, 'continuation');
    await new Promise((resolve) => setTimeout(resolve, 60));
    client.sendLine('DONE');
    assert.deepEqual((await client.answer('i1')).untagged, []);
    client.close();
  });

  test('in the middle of a line nothing is said', async () => {
    const client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await client.ok('SELECT INBOX');
    held = Promise.withResolvers();
    client.sendLine('f1 FETCH 1 BODY.PEEK[]');
    await new Promise((resolve) => setTimeout(resolve, 60));
    held.resolve();
    const { untagged } = await client.answer('f1');
    assert.equal(untagged.length, 1);
    assert.ok(untagged[0]?.endsWith(`${LONG})`));
    client.close();
  });
});

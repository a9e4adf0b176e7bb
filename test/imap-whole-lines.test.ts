/**
 * A response line leaves whole or not at all, whatever fails in the middle of it.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { mailboxOf } from '../src/mailbox/operations/mailboxes.ts';
import { type MailStore, StoreError } from '../src/mailbox/port/store.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const LONG = `Subject: long\r\n\r\n${'abcdefgh\r\n'.repeat(100_000)}`;
const UNKNOWN = 'Content-Transfer-Encoding: x-none\r\n\r\nbody\r\n';

describe('a line that fails in the middle', () => {
  let server: TestImap;
  let client: ImapClient;
  /** How many slices of a long message can be read. */
  let slices: number;

  beforeEach(async () => {
    slices = Number.POSITIVE_INFINITY;
    server = await startTestImap({ wrapStore });
    await server.kit.addAccount('alice@example.com', 'secret');
    await server.addMessage('alice@example.com', 'INBOX', { bytes: LONG });
    client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await client.ok('SELECT INBOX');
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  function wrapStore(store: MailStore): MailStore {
    async function* readStream(range: Parameters<MailStore['readStream']>[0]): AsyncGenerator<Buffer> {
      let left = slices;
      for await (const slice of store.readStream(range)) {
        if (left-- <= 0) throw new StoreError('io', 'the disk is gone');
        yield slice;
      }
    }
    return new Proxy(store, {
      get(target, name) {
        if (name === 'readStream') return readStream;
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** From here on whoever reads this property of INBOX, or of its keywords, meets a bug. */
  async function breakInbox(property: 'unseen' | 'namesOf'): Promise<void> {
    const record = await server.kit.store.directory.find('alice@example.com');
    const account = await server.kit.domain.accounts.open(record?.id ?? assert.fail());
    const inbox = mailboxOf(account, 'INBOX');
    Object.defineProperty(property === 'namesOf' ? inbox.keywords : inbox, property, {
      get() {
        throw new TypeError('a bug that was made for the test');
      },
    });
  }

  async function isRefused(command: string, ...before: readonly RegExp[]): Promise<void> {
    const { status, text, untagged } = await client.command(command);
    assert.equal(`${status} ${text}`, 'NO [SERVERBUG] The server failed; the error was logged');
    assert.equal(untagged.length, before.length, untagged.join());
    before.forEach((pattern, at) => {
      assert.match(untagged[at] as string, pattern);
    });
  }

  test('STATUS', async () => {
    await breakInbox('unseen');
    await isRefused('STATUS INBOX (MESSAGES UNSEEN)');
  });

  test('LIST with STATUS says what it had said', async () => {
    await breakInbox('unseen');
    await isRefused('LIST "" INBOX RETURN (STATUS (MESSAGES UNSEEN))', /^LIST .* INBOX$/);
  });

  test('FETCH of flags', async () => {
    await server.addMessage('alice@example.com', 'INBOX', { bytes: 'a: b\r\n', keywords: ['$Work'] });
    await client.ok('NOOP');
    await breakInbox('namesOf');
    await isRefused('FETCH 1:2 (UID FLAGS)', /^1 FETCH \(UID 1 FLAGS/);
  });

  test('a body of which nothing has left', async () => {
    slices = 0;
    const { status, text, untagged } = await client.command('FETCH 1 (FLAGS BODY.PEEK[])');
    assert.match(`${status} ${text}`, /^NO \[UNAVAILABLE\]/);
    assert.deepEqual(untagged, []);
    await client.ok('NOOP');
  });

  test('a body of which something has left ends the connection, and nothing comes behind it', async () => {
    slices = 3;
    client.sendLine('a FETCH 1 (FLAGS BODY.PEEK[])');
    await assert.rejects(client.next(), /closed the connection/);
    await assert.rejects(client.ended(), (error: Error) => {
      const [, , literal = ''] = /FETCH \(FLAGS .*? BODY\[\] \{(\d+)\}\\r\\n(.*)/.exec(error.message) ?? [];
      assert.match(error.message, /more than was expected/);
      assert.match(literal, /^Subject: long/);
      return true;
    });
  });

  test('items that come to nothing leave no beginnings of lines', async () => {
    for (let i = 0; i < 400; i++) await server.addMessage('alice@example.com', 'INBOX', { bytes: UNKNOWN });
    await client.ok('NOOP');
    for (let i = 0; i < 5; i++) {
      const { status, text, untagged } = await client.command('FETCH 2:401 BINARY.SIZE[1]');
      assert.match(`${status} ${text}`, /^NO \[UNKNOWN-CTE\]/);
      assert.deepEqual(untagged, []);
    }
  });
});

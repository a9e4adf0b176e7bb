/**
 * A change that the store refuses was in memory for a while, where other sessions could see it. None of them may tell
 * anybody, at whatever moment they looked; who did not look goes on as if nothing had been.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type AccountBatch, type MailStore, StoreError } from '../src/mailbox/port/store.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';

const MESSAGE = 'Subject: one\r\n\r\nneedle\r\n';
const LONG = `Subject: long\r\n\r\n${'needle in hay\r\n'.repeat(40_000)}`;

/** Writes and long reads of a store wait until the test lets them go; a write can be refused then. */
class Gate {
  #write: PromiseWithResolvers<StoreError | undefined> | undefined;
  #read: PromiseWithResolvers<void> | undefined;
  #arrived = Promise.withResolvers<void>();

  wrap(store: MailStore): MailStore {
    const gate = this;
    return new Proxy(store, {
      get(target, name) {
        if (name === 'write') return (batches: readonly AccountBatch[]) => gate.#held(target, batches);
        if (name === 'readStream')
          return (range: Parameters<MailStore['readStream']>[0]) => gate.#slow(target, range);
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** From here on. */
  hold(what: 'writes' | 'reads'): void {
    this.#arrived = Promise.withResolvers();
    if (what === 'writes') this.#write = Promise.withResolvers();
    else this.#read = Promise.withResolvers();
  }

  /** Somebody waits at the gate, and whoever else had something to do has done it. */
  async waited(): Promise<void> {
    await this.#arrived.promise;
    await settled();
  }

  async refuseWrite(): Promise<void> {
    this.#write?.resolve(new StoreError('full', 'no room'));
    this.#write = undefined;
    await settled();
  }

  letReadsGo(): void {
    this.#read?.resolve();
    this.#read = undefined;
  }

  #held(store: MailStore, batches: readonly AccountBatch[]) {
    if (this.#write === undefined) return store.write(batches);
    this.#arrived.resolve();
    const committed = this.#write.promise.then((error) => batches.map(() => error));
    return { committed, durable: Promise.resolve() };
  }

  async *#slow(store: MailStore, range: Parameters<MailStore['readStream']>[0]): AsyncGenerator<Buffer> {
    this.#arrived.resolve();
    await this.#read?.promise;
    yield* store.readStream(range);
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 30; i++) await nextTurn();
}

describe('a change that was taken back', () => {
  let gate: Gate;
  let server: TestImap;
  let writer: ImapClient;
  let reader: ImapClient;

  beforeEach(async () => {
    gate = new Gate();
    server = await startTestImap({ wrapStore: (store) => gate.wrap(store) });
    await server.kit.addAccount('alice@example.com', 'secret');
    for (const bytes of [MESSAGE, LONG]) await server.addMessage('alice@example.com', 'INBOX', { bytes });
    [writer, reader] = await Promise.all([signIn(), signIn()]);
    await reader.ok('NOOP');
  });
  afterEach(async () => {
    writer.close();
    reader.close();
    await server.close();
  });

  async function signIn(): Promise<ImapClient> {
    const client = await ImapClient.signIn(server.port, 'alice@example.com', 'secret');
    await client.ok('SELECT INBOX');
    return client;
  }

  /** `STORE` of the writer is in memory, and the store has not said anything of it. */
  async function storeAndHold(): Promise<void> {
    gate.hold('writes');
    writer.sendLine('w STORE 1:2 +FLAGS (\\Flagged)');
    await gate.waited();
  }

  async function refuse(): Promise<void> {
    await gate.refuseWrite();
    const { status, untagged } = await writer.answer('w');
    assert.equal(status, 'NO');
    assert.deepEqual(untagged, []);
    await writer.ok('NOOP');
  }

  async function endsSilently(): Promise<void> {
    const { tag, text } = await reader.next();
    assert.equal(`${tag} ${text}`, '* BYE Storage failed; please reconnect');
    await reader.ended();
  }

  test('what waits to be durable is not told', async () => {
    await storeAndHold();
    reader.sendLine('r FETCH 1:2 (FLAGS MODSEQ)');
    await settled();
    await refuse();
    await endsSilently();
  });

  test('nor what waits for something else when the change is undone', async () => {
    gate.hold('reads');
    await storeAndHold();
    reader.sendLine('r FETCH 1:2 (FLAGS BODY.PEEK[])');
    await settled();
    await refuse();
    gate.letReadsGo();
    await endsSilently();
  });

  test('nor what a search has found by then', async () => {
    gate.hold('reads');
    await storeAndHold();
    reader.sendLine('r SEARCH FLAGGED BODY needle');
    await settled();
    await refuse();
    gate.letReadsGo();
    await endsSilently();
  });

  test('nor what was noted to be told later', async () => {
    await storeAndHold();
    reader.sendLine('r NOOP');
    await settled();
    await refuse();
    await endsSilently();
  });

  test('nor a removal that was noted by a command which then waited for its turn', async () => {
    await writer.ok('STORE 1 +FLAGS (\\Deleted)');
    await reader.ok('NOOP');
    gate.hold('writes');
    writer.sendLine('w EXPUNGE');
    await gate.waited();
    reader.sendLine('r UID STORE 2 +FLAGS (\\Answered)');
    await settled();
    await refuse();
    await endsSilently();
  });

  test('nor one that was noted by a command which then waited for octets', async () => {
    await writer.ok('STORE 1 +FLAGS (\\Deleted)');
    await reader.ok('NOOP');
    gate.hold('writes');
    writer.sendLine('w EXPUNGE');
    await gate.waited();
    reader.sendLine('r UID FETCH 1 (BODY.PEEK[])');
    await settled();
    await refuse();
    await endsSilently();
  });

  test('who looked before goes on', async () => {
    gate.hold('reads');
    reader.sendLine('r FETCH 1:2 (FLAGS BODY.PEEK[])');
    await gate.waited();
    await storeAndHold();
    await refuse();
    gate.letReadsGo();
    const { status, untagged } = await reader.answer('r');
    assert.equal(status, 'OK');
    assert.match(untagged[0] ?? '', /^1 FETCH \(FLAGS \((\\Recent)?\) BODY\[\]/);
    assert.equal(untagged.length, 2);
  });

  test('who waits goes on, and so does whose own change it was', async () => {
    reader.sendLine('r IDLE');
    assert.equal((await reader.next()).kind, 'continuation');
    await storeAndHold();
    await refuse();
    reader.sendLine('DONE');
    assert.equal((await reader.answer('r')).status, 'OK');
    const { untagged } = await reader.ok('FETCH 1 FLAGS');
    assert.doesNotMatch(untagged.join(), /Flagged/);
    await writer.ok('STORE 1 +FLAGS (\\Flagged)');
  });

  test('a message is read although it cannot be marked as read', async () => {
    gate.hold('writes');
    reader.sendLine('r FETCH 1 BODY[]');
    await gate.waited();
    await gate.refuseWrite();
    const { status, untagged } = await reader.answer('r');
    assert.equal(status, 'OK');
    assert.match(untagged.join(), /needle/);
    assert.doesNotMatch(untagged.join(), /Seen/);
  });
});

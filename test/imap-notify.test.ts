/**
 * What a client is told by NOTIFY (RFC 5465), applied to what it knew, gives what there is: names, subscriptions, counts and
 * messages, whatever two others do at once. And what it costs those who do not watch, or watch too much.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MailStore } from '../src/mailbox/port/store.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { Dice, step } from './kit/imap-steps.ts';
import { runs } from './kit/runs.ts';

const STEPS = 40;

interface Counts {
  readonly messages: number;
  readonly unseen: number;
}

/** What a client knows that applies what it is told in order. */
class Knowledge {
  readonly names = new Map<string, boolean>();
  readonly counts = new Map<string, Counts>();
  readonly messages: { uid: number; flags: string }[] = [];

  hear(line: string): void {
    const [, seq = '', event = '', rest = ''] = /^(\d+) (EXISTS|EXPUNGE|FETCH) ?(.*)$/.exec(line) ?? [];
    if (event === 'EXISTS')
      while (this.messages.length < Number(seq)) this.messages.push({ uid: 0, flags: 'unknown' });
    else if (event === 'EXPUNGE') this.messages.splice(Number(seq) - 1, 1);
    else if (event === 'FETCH') this.#fetched(Number(seq), rest);
    else if (line.startsWith('LIST ')) this.#listed(line);
    else if (line.startsWith('STATUS ')) this.#counted(line);
  }

  #fetched(seq: number, items: string): void {
    const message = this.messages[seq - 1];
    assert.ok(message !== undefined, `FETCH of ${seq} where there are ${this.messages.length}`);
    const [, uid = ''] = /UID (\d+)/.exec(items) ?? [];
    const [, flags = ''] = /FLAGS \(([^)]*)\)/.exec(items) ?? [];
    assert.ok(message.uid === 0 || message.uid === Number(uid), `${seq} was ${message.uid} and is ${uid}`);
    Object.assign(message, { uid: Number(uid), flags });
  }

  #listed(line: string): void {
    const [, attributes = '', name = '', old] =
      /^LIST \(([^)]*)\) "\/" (\S+)(?: \("OLDNAME" \((\S+)\)\))?$/.exec(line) ?? [];
    assert.notEqual(name, '', line);
    if (old !== undefined) this.#renamed(old, name);
    if (attributes.includes('\\NonExistent')) {
      this.names.delete(name);
      this.counts.delete(name);
      return;
    }
    if (!this.names.has(name)) this.counts.set(name, { messages: 0, unseen: 0 });
    this.names.set(name, attributes.includes('\\Subscribed'));
  }

  #renamed(from: string, to: string): void {
    for (const [name, subscribed] of [...this.names]) {
      if (name !== from && !name.startsWith(`${from}/`)) continue;
      const counts = this.counts.get(name) ?? { messages: 0, unseen: 0 };
      this.names.delete(name);
      this.counts.delete(name);
      this.names.set(to + name.slice(from.length), subscribed);
      this.counts.set(to + name.slice(from.length), counts);
    }
  }

  #counted(line: string): void {
    const [, name = ''] = /^STATUS (\S+) /.exec(line) ?? [];
    const item = (word: string): number => Number(new RegExp(`${word} (\\d+)`).exec(line)?.[1]);
    this.counts.set(name, { messages: item('MESSAGES'), unseen: item('UNSEEN') });
  }
}

describe('NOTIFY', () => {
  let server: TestImap;
  /** Reads wait while it is there. */
  let held: PromiseWithResolvers<void> | undefined;

  const wrapStore = (store: MailStore): MailStore =>
    new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'readRanges') return value.bind(target);
        return async (...args: unknown[]) => {
          await held?.promise;
          return value.apply(target, args);
        };
      },
    });

  before(async () => {
    server = await startTestImap({ wrapStore });
  });
  after(() => server.close());

  async function enter(address: string): Promise<ImapClient> {
    const client = await ImapClient.signIn(server.port, address, 'secret');
    await client.ok('ENABLE IMAP4rev2');
    return client;
  }

  for (let seed = 1; seed <= runs(4); seed++) {
    test(`what is told leads to what is there (seed ${seed})`, async () => {
      const address = `alice${seed}@example.com`;
      await server.kit.addAccount(address, 'secret');
      const [watcher, one, two] = [await enter(address), await enter(address), await enter(address)];
      const known = new Knowledge();
      const { untagged } = await watcher.ok('LIST "" * RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN))');
      for (const line of untagged) known.hear(line);
      await watcher.ok('SELECT INBOX');
      await watcher.ok(
        'NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))',
      );
      const dice = new Dice(seed);
      for (let i = 0; i < STEPS; i++) await Promise.all([step(one, dice), step(two, dice)]);
      for (const line of (await watcher.ok('NOOP')).untagged) known.hear(line);

      const fresh = await enter(address);
      const there = new Knowledge();
      const listed = await fresh.ok('LIST "" * RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN))');
      for (const line of listed.untagged) there.hear(line);
      for (const line of (await fresh.ok('SELECT INBOX')).untagged)
        if (/^\d+ EXISTS/.test(line)) there.hear(line);
      if (there.messages.length > 0)
        for (const line of (await fresh.ok('FETCH 1:* (UID FLAGS)')).untagged) there.hear(line);
      const others = ({ counts }: Knowledge) => [...counts].filter(([name]) => name !== 'INBOX').sort();
      const sorted = (flags: string): string => flags.split(' ').sort().join(' ');
      const told = ({ messages }: Knowledge) => messages.map(({ uid, flags }) => `${uid} ${sorted(flags)}`);
      assert.deepEqual([...known.names].sort(), [...there.names].sort());
      assert.deepEqual(others(known), others(there));
      assert.deepEqual(told(known), told(there));
      for (const client of [watcher, one, two, fresh]) client.close();
    });
  }

  test('who fell behind is told the counts by comparing, and who wants names that it is over', async () => {
    const address = 'carol@example.com';
    await server.kit.addAccount(address, 'secret');
    await server.addMessage(address, 'INBOX', { bytes: 'Subject: x\r\n\r\nx\r\n' });
    const [writer, counts, names] = [await enter(address), await enter(address), await enter(address)];
    await counts.ok('SELECT INBOX');
    await names.ok('SELECT INBOX');
    await counts.ok('NOTIFY SET (personal (MessageNew MessageExpunge))');
    await names.ok('NOTIFY SET (personal (MessageNew MessageExpunge MailboxName))');
    await writer.ok('SELECT INBOX');
    await writer.ok('CREATE Copies');
    assert.match((await names.next()).text, /^LIST .* Copies$/);
    held = Promise.withResolvers();
    for (const watcher of [counts, names]) watcher.sendLine('f FETCH 1 BODY.PEEK[]');
    // More than the log of an account holds, while both are busy.
    for (let i = 0; i < 11; i++) await writer.ok('COPY 1:* INBOX');
    for (let i = 0; i < 11; i++) await writer.ok('UID COPY 1:2048 Copies');
    held.resolve();
    held = undefined;
    const compared = await counts.answer('f');
    assert.match(
      compared.untagged.join('\n'),
      /STATUS Copies \(UIDVALIDITY \d+ UIDNEXT 22529 MESSAGES 22528\)/,
    );
    const over = await names.answer('f');
    assert.match(over.untagged.at(-1) ?? '', /^OK \[NOTIFICATIONOVERFLOW\] /);
    // From here on as after NOTIFY NONE (RFC 5465 §5.8), until it asks again.
    await writer.ok('CREATE Later');
    assert.deepEqual((await names.ok('NOOP')).untagged, []);
    await names.ok('NOTIFY SET (personal (MailboxName))');
    await writer.ok('CREATE Latest');
    assert.match((await names.next()).text, /^LIST .* Latest$/);
    for (const client of [writer, counts, names]) client.close();
  });

  test('the open mailbox goes, and the account goes', async () => {
    const address = 'dave@example.com';
    await server.kit.addAccount(address, 'secret');
    const [watcher, writer] = [await enter(address), await enter(address)];
    await watcher.ok('CREATE Work');
    await watcher.ok('SELECT Work');
    await watcher.ok('NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (personal (MailboxName))');
    await writer.ok('DELETE Work');
    assert.equal((await watcher.next()).text, 'LIST (\\NonExistent) "/" Work');
    await watcher.ok('NOOP');
    const record = await server.kit.store.directory.find(address);
    assert.ok(record !== undefined);
    const account = await server.kit.domain.accounts.open(record.id);
    for (const listener of [...account.listeners]) listener.onEvicted('The account has moved');
    assert.match((await watcher.next()).text, /^BYE The account has moved/);
    await watcher.ended();
    assert.equal([...account.listeners].length, 0);
    writer.close();
  });

  test('a client that is not told more names than can be followed is told that it is over', async () => {
    await server.kit.addAccount('bob@example.com', 'secret');
    const watcher = await enter('bob@example.com');
    const names = Array.from({ length: 1001 }, (_, i) => `m${i}`).join(' ');
    const refused = await watcher.command(`NOTIFY SET (mailboxes (${names}) (MailboxName))`);
    assert.equal(refused.status, 'NO');
    assert.match(refused.text, /^\[NOTIFICATIONOVERFLOW\]/);
    const groups = Array.from({ length: 101 }, () => '(personal (MailboxName))').join(' ');
    assert.match((await watcher.command(`NOTIFY SET ${groups}`)).text, /^\[NOTIFICATIONOVERFLOW\]/);
    watcher.close();
  });
});

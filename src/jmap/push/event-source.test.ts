/** The event source over a real socket (RFC 8620 §7.3). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type JmapClient, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { Secret } from '../../base/secret.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import { WritableAccount } from '../../mailbox/state/account.ts';

let server: TestJmap;
before(async () => {
  server = await startTestJmap();
});
after(() => server.close());

interface Event {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: Answer;
}

/** Events as they come; a comment has no fields. */
async function* listen(client: JmapClient, query: string, headers = {}): AsyncGenerator<Event> {
  const stop = new AbortController();
  const reply = await client.fetch(`/jmap/events?${query}`, { signal: stop.signal, headers });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('content-type'), 'text/event-stream');
  try {
    let text = '';
    for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(piece).toString('utf8');
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string) =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field('data');
        yield {
          event: field('event'),
          id: field('id'),
          data: data === undefined ? undefined : JSON.parse(data),
        };
      }
    }
  } finally {
    stop.abort();
  }
}

const deliver = () => server.imap.addMessage('alice@example.com', 'INBOX', { bytes: 'Subject: a\r\n\r\na' });

describe('events', () => {
  test('what changes is told, with the state of the next get', async () => {
    const stream = listen(server.alice, 'types=*&closeafter=no&ping=0');
    await stream.next();
    await deliver();
    const { value } = await stream.next();
    assert.equal(value.event, 'state');
    const changed = value.data.changed[server.alice.accountId];
    assert.deepEqual(Object.keys(changed).sort(), ['Email', 'EmailDelivery', 'Mailbox', 'Thread']);
    const { state } = await server.alice.call('Mailbox/get', { ids: [] });
    assert.equal(changed.Mailbox, state);
    await stream.return(undefined);
  });

  test('so is what belongs to the account beside its mail', async () => {
    const stream = listen(server.alice, 'types=*&closeafter=no&ping=0');
    await stream.next();
    const told = async (): Promise<Answer> => {
      const { value } = await stream.next();
      return value.data.changed[server.alice.accountId];
    };
    const { list } = await server.alice.call('Identity/get', {});
    const given = await told();
    assert.ok('Identity' in given);
    const [{ id }] = list;
    const { newState } = await server.alice.call('Identity/set', { update: { [id]: { name: 'Alice' } } });
    assert.deepEqual(await told(), { Identity: newState });
    await server.alice.call('VacationResponse/set', { update: { singleton: { isEnabled: true } } });
    const { state } = await server.alice.call('VacationResponse/get', {});
    assert.equal((await told()).VacationResponse, state);
    await stream.return(undefined);
  });

  test('nobody is waited for who wanted the header alone, or was gone before there was one', async (t) => {
    const { followers } = WritableAccount.of(await server.account());
    const before = followers.size;
    const path = '/jmap/events?types=*&closeafter=no&ping=0';
    assert.equal((await server.alice.fetch(path, { method: 'HEAD' })).status, 200);
    const { accounts } = server.kit.domain;
    const join = accounts.join.bind(accounts);
    const stop = new AbortController();
    const isJoined = Promise.withResolvers<void>();
    t.mock.method(accounts, 'join', async (...args: Parameters<typeof join>) => {
      await join(...args);
      stop.abort();
      // As long as it takes until that is known here.
      await sleep(50);
      isJoined.resolve();
    });
    await assert.rejects(server.alice.fetch(path, { signal: stop.signal }));
    await isJoined.promise;
    for (let tries = 0; followers.size > before; tries++) {
      assert.ok(tries < 400, 'somebody is followed for ever');
      await sleep(10);
    }
  });

  test('whoever asks while the account is read anew is told to try again, and not to sign in', async (t) => {
    const join = t.mock.method(server.kit.domain.accounts, 'join', async () => {
      throw new MailboxError('unavailable', 'made up');
    });
    const path = '/jmap/events?types=*&closeafter=no&ping=0';
    const refused = await server.alice.fetch(path);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5']);
    join.mock.restore();
    const stream = listen(server.alice, 'types=*&closeafter=no&ping=0');
    await stream.next();
    await stream.return(undefined);
  });

  test('many changes are few events, and only of the types that are wanted', async () => {
    const stream = listen(server.alice, 'types=EmailDelivery,Nose&closeafter=no&ping=0');
    await stream.next();
    await Promise.all(Array.from({ length: 50 }, deliver));
    const account = await server.account();
    let last = '';
    let events = 0;
    while (last !== `d${account.nextEmail}`) {
      const { value } = await stream.next();
      events++;
      assert.deepEqual(Object.keys(value.data.changed[server.alice.accountId]), ['EmailDelivery']);
      last = value.data.changed[server.alice.accountId].EmailDelivery;
    }
    assert.ok(events < 50, String(events));
    await stream.return(undefined);
  });

  test('whoever comes back is told what it missed, and can be let go', async () => {
    const first = listen(server.alice, 'types=Email&closeafter=state&ping=0');
    await first.next();
    await deliver();
    const { value } = await first.next();
    assert.equal((await first.next()).done, true);
    const again = listen(server.alice, 'types=Email&closeafter=state&ping=0', { 'last-event-id': value.id });
    await again.next();
    await deliver();
    const told = await again.next();
    assert.notDeepEqual(told.value.data, value.data);
    const missed = listen(server.alice, 'types=Email&closeafter=state&ping=0', { 'last-event-id': value.id });
    await missed.next();
    assert.deepEqual((await missed.next()).value.data, told.value.data);
  });

  test('it ends when the password is changed', async () => {
    const bob = await server.addAccount('bob@example.com', 'old');
    const stream = listen(bob, 'types=*&closeafter=no&ping=0');
    await stream.next();
    const bobs = await server.kit.domain.accounts.find('bob@example.com');
    assert.ok(bobs);
    await server.kit.admin.setPassword(bobs.id, { password: new Secret('new') });
    assert.equal((await stream.next()).done, true);
  });

  for (const query of [
    '',
    'types=*',
    'types=*&closeafter=x&ping=0',
    'types=a%20b&closeafter=no&ping=0',
    'types=*&closeafter=no&ping=-1',
  ])
    test(`refused: ${query}`, async () => {
      assert.equal((await server.alice.fetch(`/jmap/events?${query}`)).status, 400);
    });
});

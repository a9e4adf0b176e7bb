/** Requests over a real socket: who may ask, what is a request, and what becomes of its calls. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Answer, CORE, JmapClient, MAIL, startTestJmap, type TestJmap } from '../../test/kit/jmap.ts';

let server: TestJmap;
before(async () => {
  server = await startTestJmap();
});
after(() => server.close());

describe('who asks', () => {
  test('nobody gets nothing, and is told how to sign in', async () => {
    const reply = await fetch(`${server.base}/.well-known/jmap`);
    assert.equal(reply.status, 401);
    assert.match(reply.headers.get('www-authenticate') ?? '', /^Basic /);
  });

  test('a wrong password ends the connection', async () => {
    const wrong = new JmapClient(server.base, 'alice@example.com', 'wrong', 'a1');
    const reply = await wrong.post({ using: [CORE], methodCalls: [] });
    assert.equal(reply.status, 401);
    assert.equal(reply.headers.get('connection'), 'close');
  });

  test('the session object', async () => {
    const session = await server.alice.session();
    assert.equal(session.username, 'alice@example.com');
    const { accountId } = server.alice;
    assert.deepEqual(session.primaryAccounts[MAIL], accountId);
    assert.equal(session.accounts[accountId].name, 'alice@example.com');
    assert.equal(session.apiUrl, `${server.base}/jmap/api`);
    assert.equal(session.capabilities[CORE].maxCallsInRequest, 32);
  });
});

describe('calls', () => {
  test('Core/echo', async () => {
    const args = { hello: true, deep: { list: [1, null, 'å'] } };
    assert.deepEqual(await server.alice.call('Core/echo', args), args);
  });

  test('Mailbox/get', async () => {
    const { list, state, notFound } = await server.alice.call('Mailbox/get', { ids: null });
    assert.equal(typeof state, 'string');
    assert.deepEqual(notFound, []);
    const inbox = list.find(({ role }: Answer) => role === 'inbox');
    assert.equal(inbox.name, 'Inbox');
    assert.deepEqual([...list.map(({ role }: Answer) => role)].sort(), [
      ...['archive', 'drafts', 'inbox', 'junk', 'sent', 'trash'],
    ]);
    const some = await server.alice.call('Mailbox/get', { ids: [inbox.id, 'f99'], properties: ['name'] });
    assert.deepEqual(some.list, [{ id: inbox.id, name: 'Inbox' }]);
    assert.deepEqual(some.notFound, ['f99']);
  });

  test('another account, another property, another argument, another method', async () => {
    assert.equal((await server.alice.error('Mailbox/get', { accountId: 'a999' })).type, 'accountNotFound');
    const wrong = await server.alice.error('Mailbox/get', { properties: ['nose'] });
    assert.deepEqual([wrong.type, wrong.arguments], ['invalidArguments', ['properties']]);
    const unknown = await server.alice.error('Mailbox/get', { nose: 1, ids: 'f1' });
    assert.deepEqual([unknown.type, unknown.arguments], ['invalidArguments', ['nose', 'ids']]);
    assert.equal((await server.alice.error('Nose/get')).type, 'unknownMethod');
  });

  test('a method of a capability that the request is not using is unknown', async () => {
    const reply = await server.alice.post({
      using: [CORE],
      methodCalls: [['Mailbox/get', { accountId: server.alice.accountId }, 'a']],
    });
    assert.deepEqual(((await reply.json()) as Answer).methodResponses, [
      ['error', { type: 'unknownMethod' }, 'a'],
    ]);
  });

  test('a call may refer to the answer of one before (RFC 8620 §3.7)', async () => {
    const answers = await server.alice.calls([
      ['Core/echo', { list: [{ ids: ['f1'] }, { ids: ['f2', 'f3'] }], 'b/c': ['f4'] }, 'x'],
      ['Mailbox/get', { '#ids': { resultOf: 'x', name: 'Core/echo', path: '/list/*/ids' } }, 'y'],
      ['Mailbox/get', { '#ids': { resultOf: 'x', name: 'Core/echo', path: '/b~1c' } }, 'z'],
      ['Mailbox/get', { '#ids': { resultOf: 'later', name: 'Core/echo', path: '/a' } }, 'q'],
      ['Core/echo', {}, 'later'],
    ]);
    const kinds = answers.map(([name, args]) => (name === 'error' ? args.type : name));
    assert.deepEqual(kinds, [
      'Core/echo',
      'Mailbox/get',
      'Mailbox/get',
      'invalidResultReference',
      'Core/echo',
    ]);
    assert.deepEqual(
      answers[1]?.[1].list.map(({ id }: Answer) => id),
      ['f1', 'f2', 'f3'],
    );
  });
});

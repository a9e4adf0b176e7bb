import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JmapClient, OtherAccount, Refused, Unreachable } from './jmap-client.ts';

type Invocation = [name: string, args: Record<string, unknown>, id: string];

const SESSION = {
  username: 'anna@example.org',
  apiUrl: '/jmap/api',
  primaryAccounts: { 'urn:ietf:params:jmap:mail': 'a1' },
  capabilities: { 'urn:ietf:params:jmap:core': {}, 'urn:ietf:params:jmap:mail': {} },
};

const BARE = { ...SESSION, downloadUrl: '', uploadUrl: '', eventSourceUrl: '' };

/** A server that answers each call by `answer`, and remembers the requests. */
function against(
  answer: (call: Invocation) => Invocation | Response,
  rest: Partial<ConstructorParameters<typeof JmapClient>[0]> = {},
) {
  const requests: Invocation[][] = [];
  let signedOut = 0;
  let others = 0;
  const client = new JmapClient({
    fetch: async (url, init) => {
      if (String(url).startsWith('/.well-known')) return Response.json(SESSION);
      const { methodCalls } = JSON.parse(String(init?.body)) as { methodCalls: Invocation[] };
      requests.push(methodCalls);
      const answers = methodCalls.map(answer);
      const whole = answers.find((one) => one instanceof Response);
      return whole instanceof Response ? whole : Response.json({ methodResponses: answers });
    },
    onSignedOut: () => {
      signedOut++;
    },
    me: SESSION.username,
    onOther: () => {
      others++;
    },
    ...rest,
  });
  return { client, requests, signedOut: () => signedOut, others: () => others };
}

test('what is called in one turn is one request, with references within it', async () => {
  const { client, requests } = against(([name, args, id]) => [name, { got: args }, id]);
  const query = client.call<{ got: object }>('Email/query', { limit: 1 });
  const get = client.call<{ got: object }>('Email/get', { '#ids': query.ref('/ids') });
  await Promise.all([query.result, get.result]);
  await client.call('Mailbox/get', {}).result;
  assert.equal(requests.length, 2);
  assert.deepEqual(
    requests[0]?.map(([name]) => name),
    ['Email/query', 'Email/get'],
  );
  assert.deepEqual(requests[0]?.[1]?.[1], {
    accountId: 'a1',
    '#ids': { resultOf: requests[0]?.[0]?.[2], name: 'Email/query', path: '/ids' },
  });
});

test('one that is refused does not take the others with it', async () => {
  const { client } = against(([name, args, id]) =>
    name === 'Email/set' ? ['error', { type: 'stateMismatch' }, id] : [name, args, id],
  );
  const bad = client.call('Email/set', {});
  const good = client.call('Core/echo', {});
  await assert.rejects(bad.result, (error) => error instanceof Refused && error.type === 'stateMismatch');
  await good.result;
});

test('many calls are several requests, cut where nothing refers across', async () => {
  const { client, requests } = against(([name, args, id]) => [name, args, id]);
  const calls = Array.from({ length: 40 }, (_, n) => {
    const query = client.call('Email/query', { n });
    return client.call('Email/get', { '#ids': query.ref('/ids') });
  });
  await Promise.all(calls.map(({ result }) => result));
  assert.ok(requests.length > 4);
  for (const request of requests) {
    const ids = new Set(request.map(([, , id]) => id));
    assert.ok(request.length <= 16);
    for (const [, args] of request) {
      const reference = args['#ids'] as { resultOf: string } | undefined;
      if (reference !== undefined) assert.ok(ids.has(reference.resultOf));
    }
  }
});

test('no network, a busy server and an ended session are told apart from a no', async () => {
  for (const [status, fault, ended] of [
    [503, Unreachable, 0],
    [429, Unreachable, 0],
    [408, Unreachable, 0],
    [401, Unreachable, 1],
    [400, Refused, 0],
  ] as const) {
    const { client, signedOut } = against(() => new Response('', { status }));
    await assert.rejects(client.call('Core/echo', {}).result, (error) => error instanceof fault);
    assert.equal(signedOut(), ended);
  }
});

test('an answer that breaks off is no answer: it may have been done', async () => {
  const { client } = against(() => new Response('{"methodResponses":[["Email/set",{'));
  await assert.rejects(client.call('Email/set', {}).result, Unreachable);
});

test('a call without an answer is refused', async () => {
  const { client } = against(([name, args]) => [name, args, 'other']);
  await assert.rejects(client.call('Core/echo', {}).result, Refused);
});

test('nothing is done in the account of whoever has signed in since, in this browser', async () => {
  const kept = { read: async () => ({ ...BARE, username: 'bo@example.org' }), write: () => assert.fail() };
  const { client, requests, others } = against(([name, args, id]) => [name, args, id], {
    ...{ me: 'bo@example.org', kept },
  });
  const destroy = client.call('Email/set', { destroy: ['e5'] });
  await assert.rejects(destroy.result, (error) => error instanceof Unreachable);
  assert.deepEqual([requests.length, others()], [0, 1]);
});

test('nor when the session was asked for before', async () => {
  const { client, others } = against(([, , id]) => ['error', { type: 'accountNotFound' }, id]);
  await assert.rejects(client.call('Email/set', {}).result, Unreachable);
  assert.equal(others(), 1);
});

test('what was kept of another session is not gone on with', async () => {
  const away = {
    fetch: () => Promise.reject(new TypeError('no network')),
    kept: { read: async () => ({ ...BARE, username: 'bo@example.org' }), write: () => {} },
  };
  const { client } = against(([name, args, id]) => [name, args, id], away);
  await assert.rejects(client.session(), Unreachable);
});

test('what belongs to no account is only done where the account is the person’s', async () => {
  const { client, requests } = against(([name, args, id]) => [
    name,
    name === 'Mailbox/get' ? { notFound: args.ids } : { destroyed: ['p1'] },
    id,
  ]);
  const { destroyed } = await client.call<{ destroyed: unknown }>('PushSubscription/set', { destroy: ['p1'] })
    .result;
  assert.deepEqual(destroyed, ['p1']);
  const [guard, set] = requests[0] ?? [];
  assert.deepEqual(guard?.slice(0, 2), ['Mailbox/get', { accountId: 'a1', ids: ['p1'] }]);
  const referred = { resultOf: guard?.[2], name: 'Mailbox/get', path: '/notFound' };
  assert.deepEqual(set?.slice(0, 2), ['PushSubscription/set', { '#destroy': referred }]);

  const other = against(([name, , id]) => [
    'error',
    { type: name === 'Mailbox/get' ? 'accountNotFound' : 'invalidResultReference' },
    id,
  ]);
  const asked = other.client.call('PushSubscription/set', { create: { here: {} } }).result;
  await assert.rejects(asked, OtherAccount);
  assert.equal(other.others(), 1);
});

test('a request that is not answered ends', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const never: typeof fetch = (_, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
  const { client } = against(([name, args, id]) => [name, args, id], { fetch: never });
  const asked = client.call('Mailbox/get', {}).result;
  const ended = assert.rejects(asked, Unreachable);
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(61_000);
  await ended;
});

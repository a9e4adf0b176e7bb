import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JmapClient, Refused, Unreachable } from './jmap-client.ts';

type Invocation = [name: string, args: Record<string, unknown>, id: string];

const SESSION = {
  apiUrl: '/jmap/api',
  primaryAccounts: { 'urn:ietf:params:jmap:mail': 'a1' },
  capabilities: { 'urn:ietf:params:jmap:core': {}, 'urn:ietf:params:jmap:mail': {} },
};

/** A server that answers each call by `answer`, and remembers the requests. */
function against(answer: (call: Invocation) => Invocation | Response) {
  const requests: Invocation[][] = [];
  let signedOut = 0;
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
  });
  return { client, requests, signedOut: () => signedOut };
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

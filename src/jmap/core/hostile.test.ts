/** Requests that nobody should send (RFC 8620 §3.6): each has its answer, and nobody else waits for it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Answer, CORE, MAIL, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import type { Json } from './json.ts';
import { JsonFault, readJson } from './json-reader.ts';
import { writeJson } from './json-writer.ts';

let server: TestJmap;
before(async () => {
  server = await startTestJmap();
});
after(() => server.close());

const problem = async (body: Answer): Promise<string> => {
  const reply = await server.alice.post(body);
  const { type, limit } = (await reply.json()) as Answer;
  assert.equal(reply.headers.get('content-type'), 'application/problem+json');
  return `${reply.status} ${type.replace('urn:ietf:params:jmap:error:', '')}${limit === undefined ? '' : ` ${limit}`}`;
};
const request = (methodCalls: Answer, more = {}) => ({ using: [CORE, MAIL], methodCalls, ...more });
const octets = (...bytes: number[]) => new Uint8Array(bytes);

describe('what is no request', () => {
  const rows: readonly (readonly [what: string, body: Answer, expected: string])[] = [
    ['nothing', '', '400 notJSON'],
    ['not UTF-8', octets(0x22, 0xff, 0x22), '400 notJSON'],
    ['a byte order mark', octets(0xef, 0xbb, 0xbf, 0x7b, 0x7d), '400 notJSON'],
    ['UTF-16', octets(0xfe, 0xff, 0, 0x7b, 0, 0x7d), '400 notJSON'],
    ['a name twice', '{"using":[],"using":[],"methodCalls":[]}', '400 notJSON'],
    ['half of a surrogate pair', '{"a":"\\ud800"}', '400 notJSON'],
    ['a number without end', `{"a":1${'0'.repeat(400)}}`, '400 notJSON'],
    ['a number that is none', '{"a":01}', '400 notJSON'],
    ['infinity', '{"a":1e999}', '400 notJSON'],
    ['deeper than 64', `${'['.repeat(65)}${']'.repeat(65)}`, '400 notJSON'],
    ['brackets alone', '['.repeat(9_000_000), '400 notJSON'],
    ['names alone', '{"a":'.repeat(1_000_000), '400 notJSON'],
    ['a comma too many', '{"using":[],"methodCalls":[],}', '400 notJSON'],
    ['two of them', '{}{}', '400 notJSON'],
    ['a control character', '{"a":"\n"}', '400 notJSON'],
    ['a list', '[]', '400 notRequest'],
    ['null', 'null', '400 notRequest'],
    ['no calls', { using: [CORE] }, '400 notRequest'],
    ['using a word', { using: CORE, methodCalls: [] }, '400 notRequest'],
    ['using a number', { using: [1], methodCalls: [] }, '400 notRequest'],
    ['a call with a hole', request([['Core/echo', null, 'a']]), '400 notRequest'],
    ['a call without an id', request([['Core/echo', {}]]), '400 notRequest'],
    ['a call with too much', request([['Core/echo', {}, 'a', 1]]), '400 notRequest'],
    ['creation ids that are none', request([], { createdIds: { a: 1 } }), '400 notRequest'],
    ['a capability that is none', { using: ['urn:x'], methodCalls: [] }, '400 unknownCapability'],
    ['33 calls', request(new Array(33).fill(['Core/echo', {}, 'a'])), '400 limit maxCallsInRequest'],
    ['more than ten million octets', `"${'a'.repeat(10_000_000)}"`, '413 limit maxSizeRequest'],
  ];
  for (const [what, body, expected] of rows)
    test(what, async () => {
      assert.equal(await problem(body), expected);
    });

  test('another type', async () => {
    const reply = await server.alice.fetch('/jmap/api', {
      ...{ method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' },
    });
    assert.match(((await reply.json()) as Answer).type, /notJSON$/);
  });
});

describe('what is a request all the same', () => {
  test('names of prototypes are names', async () => {
    const body =
      '{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo",{"__proto__":{"a":1},"constructor":2},"a"]]}';
    const reply = await server.alice.post(body);
    assert.match(await reply.text(), /\["Core\/echo",\{"__proto__":\{"a":1\},"constructor":2\},"a"\]/);
  });

  test('creation ids of that name are ids as any other', async () => {
    const ask = async (name: string, args: string): Promise<Answer> => {
      const call = `["${name}",{"accountId":"${server.alice.accountId}",${args}},"a"]`;
      const using = JSON.stringify([CORE, MAIL, 'urn:ietf:params:jmap:blob']);
      const reply = await server.alice.post(`{"using":${using},"methodCalls":[${call}],"createdIds":{}}`);
      return reply.json();
    };
    const own = (map: Answer): Answer => Object.getOwnPropertyDescriptor(map ?? {}, '__proto__')?.value;
    const made = await ask(
      'Mailbox/set',
      '"create":{"__proto__":{"name":"One"},"b":{"name":"","parentId":"#__proto__"}}',
    );
    const { created, notCreated } = made.methodResponses[0][1];
    assert.match(own(created).id, /^f\d+$/);
    assert.equal(own(made.createdIds), own(created).id);
    assert.deepEqual(Object.keys(notCreated), ['b']);
    const blob = (
      await ask('Blob/upload', '"create":{"__proto__":{"data":[{"data:asText":"Subject: a\\r\\n\\r\\nb"}]}}')
    ).methodResponses[0][1];
    const { id: blobId } = own(blob.created);
    const none = (await ask('Blob/upload', '"create":{"__proto__":{"data":[{"blobId":"u1"}]}}'))
      .methodResponses[0][1];
    assert.equal(own(none.notCreated).type, 'blobNotFound');
    const email = `"blobId":"${blobId}","mailboxIds":{"f1":true}`;
    const imported = (await ask('Email/import', `"emails":{"__proto__":{${email}}}`)).methodResponses[0][1];
    assert.match(own(imported.created).id, /^e\d+$/);
    const refused = (
      await ask('Email/import', '"emails":{"__proto__":{"blobId":"u1","mailboxIds":{"f1":true}}}')
    ).methodResponses[0][1];
    assert.equal(own(refused.notCreated).type, 'invalidProperties');
  });

  test('numbers beyond what is exact are no arguments', async () => {
    const reply = await server.alice.post(
      `{"using":["${CORE}","${MAIL}"],"methodCalls":[["Mailbox/changes",{"accountId":"${server.alice.accountId}","sinceState":"a","maxChanges":9007199254740993},"a"]]}`,
    );
    assert.equal(((await reply.json()) as Answer).methodResponses[0][1].type, 'invalidArguments');
  });

  const error = async (args: Answer): Promise<string> => (await server.alice.error('Mailbox/get', args)).type;
  const ref = (path: string, rest = {}) => ({ '#ids': { resultOf: 'e', name: 'Core/echo', path, ...rest } });
  const refer = async (args: Answer): Promise<string> => {
    const answers = await server.alice.calls([
      ['Core/echo', { a: [{ 'b/c': ['f1'] }], n: null }, 'e'],
      ['Mailbox/get', args, 'g'],
    ]);
    return answers[1]?.[0] === 'error' ? answers[1][1].type : answers[1]?.[1].list.length;
  };

  test('references', async () => {
    assert.equal(await refer(ref('/a/*/b~1c')), 1);
    assert.equal(await refer(ref('/a/0/b~1c')), 1);
    assert.equal(await refer(ref('/a/0/b~1c/0')), 'invalidArguments');
    for (const path of ['a', '/a/01', '/a/-', '/a/9', '/x', '/a/*/x', '/~2', '/n/x', '/a/__proto__'])
      assert.equal(await refer(ref(path)), 'invalidResultReference', path);
    assert.equal(await refer(ref('/a', { name: 'Mailbox/get' })), 'invalidResultReference');
    assert.equal(await refer(ref('/a', { resultOf: 'g' })), 'invalidResultReference');
    assert.equal(await refer({ '#ids': 'e' }), 'invalidResultReference');
    assert.equal(await refer({ ...ref('/a'), ids: null }), 'invalidArguments');
  });

  test('a reference to an error, and a million values through one', async () => {
    const answers = await server.alice.calls([
      ['Nose/get', {}, 'a'],
      ['Core/echo', { '#x': { resultOf: 'a', name: 'error', path: '/type' } }, 'b'],
      ['Core/echo', { list: new Array(300).fill(new Array(300).fill(1)) }, 'c'],
      ['Core/echo', { '#x': { resultOf: 'c', name: 'Core/echo', path: '/list/*' } }, 'd'],
    ]);
    assert.deepEqual(answers[1]?.[1], { x: 'unknownMethod' });
    assert.equal(answers[3]?.[1].type, 'requestTooLarge');
  });

  test('ids of all kinds', async () => {
    const { notFound } = await server.alice.call('Mailbox/get', {
      ids: ['', 'a'.repeat(256), 'f0', '🙂', 'e1'],
    });
    assert.equal(notFound.length, 5);
    assert.equal(await error({ ids: new Array(1001).fill(0).map((_, i) => `f${i}`) }), 'requestTooLarge');
    assert.equal(await error({ ids: [1] }), 'invalidArguments');
  });

  test('a list of a million and a half', async () => {
    const ids = new Array(1_500_000).fill('f1');
    assert.equal(await error({ ids }), 'requestTooLarge');
    assert.equal(await error({ properties: ids }), 'requestTooLarge');
  });

  test('comparators by the hundred thousand: all of them would be asked for each two', async () => {
    const sort = new Array(200_000).fill({ property: 'name' });
    const few = new Array(17).fill({ property: 'name' });
    for (const type of ['Mailbox', 'Quota', 'SieveScript']) {
      assert.equal((await server.alice.error(`${type}/query`, { sort })).type, 'requestTooLarge', type);
      assert.equal((await server.alice.error(`${type}/query`, { sort: few })).type, 'unsupportedSort', type);
      assert.equal(
        (await server.alice.error(`${type}/query`, { sort: 'name' })).type,
        'invalidArguments',
        type,
      );
      const odd = [{ property: 'name', collation: 'i;nose' }];
      assert.equal((await server.alice.error(`${type}/query`, { sort: odd })).type, 'unsupportedSort', type);
      const filter = { nose: 1 };
      assert.equal((await server.alice.error(`${type}/query`, { filter })).type, 'unsupportedFilter', type);
    }
  });

  test('a set of ten thousand', async () => {
    const create = Object.fromEntries(new Array(10_000).fill(0).map((_, i) => [`c${i}`, { name: 'a' }]));
    assert.equal((await server.alice.error('Mailbox/set', { create })).type, 'requestTooLarge');
  });

  test('answers of more than 25 megabytes', async () => {
    const many = await server.alice.calls(
      Array.from({ length: 12 }, (_, i) =>
        i === 0
          ? (['Core/echo', { text: 'a'.repeat(3_000_000) }, '0'] as const)
          : (['Core/echo', { '#more': { resultOf: '0', name: 'Core/echo', path: '' } }, String(i)] as const),
      ),
    );
    assert.equal(many[7]?.[0], 'Core/echo');
    assert.equal(many.at(-1)?.[1].type, 'requestTooLarge');
  });

  test('nobody waits for ten megabytes of brackets', async () => {
    const large = server.alice.post('['.repeat(9_999_999));
    const deep = server.alice.post(
      `{"using":[],"methodCalls":[["a",{"b":[${'[],'.repeat(3_000_000)}0]},"c"]]}`,
    );
    let isRead = false;
    void deep.then(() => {
      isRead = true;
    });
    await server.alice.call('Core/echo', {});
    assert.equal(isRead, false);
    assert.equal((await large).status, 400);
    assert.equal((await deep).status, 200);
  });
});

test('nine requests at once', async () => {
  const bob = await server.addAccount('bob@example.com', 'b');
  const { maxConcurrentRequests } = (await bob.session()).capabilities[CORE];
  const open = new AbortController();
  const slow = Array.from({ length: maxConcurrentRequests }, () =>
    bob
      .fetch('/jmap/api', {
        ...{ method: 'POST', signal: open.signal, duplex: 'half' },
        headers: { 'content-type': 'application/json' },
        body: new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('{')) }),
      } as RequestInit)
      .catch(() => undefined),
  );
  let reply = await bob.post(request([]));
  for (let tries = 0; tries < 200 && reply.status === 200; tries++) reply = await bob.post(request([]));
  assert.equal(reply.status, 429);
  assert.equal(((await reply.json()) as Answer).limit, 'maxConcurrentRequests');
  open.abort();
  await Promise.all(slow);
});

/** Turns of the event loop that others have while it is worked. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work().finally(() => {
    isDone = true;
  });
  return turns;
}

describe('JSON of ten megabytes is read and written in turns', () => {
  const million = 1_000_000;
  const rows: readonly (readonly [what: string, text: string])[] = [
    ['a string of escapes', `"${'\\n'.repeat(5 * million)}"`],
    ['a string of escapes with numbers', `"${'\\u00e5'.repeat(1.6 * million)}"`],
    ['a string without', `"${'a'.repeat(10 * million)}"`],
    ['pairs of surrogates', `"${'\\ud83d\\ude00'.repeat(0.8 * million)}"`],
    ['a name', `{"${'\\n'.repeat(5 * million)}":1}`],
    ['a list that lies deep', `[[[[[[[${'[1],'.repeat(2 * million)}1]]]]]]]`],
  ];
  for (const [what, text] of rows)
    test(what, async () => {
      let value: Json = null;
      const readTurns = await turnsDuring(async () => {
        value = await readJson(Buffer.from(text), 64);
      });
      let written: readonly Buffer[] = [];
      const writeTurns = await turnsDuring(async () => {
        written = (await writeJson(value, 1e9)) ?? [];
      });
      const hasMuchToWrite = JSON.stringify(value).length > 8 * million;
      assert.ok(readTurns > 3 && (!hasMuchToWrite || writeTurns > 1), `${readTurns} and ${writeTurns} turns`);
      assert.ok(Buffer.concat(written).toString() === JSON.stringify(JSON.parse(text)), 'the same again');
    });

  test('an object with more names than any has', async () => {
    const names = Array.from({ length: 20_001 }, (_, i) => `"n${i}":0`);
    await assert.rejects(readJson(Buffer.from(`{${names.join()}}`), 64), /more than 20000 names/);
    const { length } = Object.keys((await readJson(Buffer.from(`{${names.slice(1).join()}}`), 64)) ?? {});
    assert.equal(length, 20_000);
  });

  test('what does not end, wherever it is cut', async () => {
    const text = `["${'\\u00e5\\n'.repeat(700)}${'a'.repeat(5000)}\\ud83d\\ude00"]`;
    assert.deepEqual(await readJson(Buffer.from(text), 64), JSON.parse(text));
    for (let length = 0; length < text.length; length += 1 + (length % 7))
      await assert.rejects(readJson(Buffer.from(text.slice(0, length)), 64), JsonFault);
  });
});

describe('JSON', () => {
  test('whatever JSON.parse reads, this reads as well, and writes as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 8 }), async (text) => {
        const value = await readJson(Buffer.from(text), 64);
        const pieces = await writeJson(value, 1e9);
        assert.deepEqual(JSON.parse(Buffer.concat(pieces ?? []).toString()), JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  test('octets of any kind are JSON to both or to none', async () => {
    const words = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      'u00e5',
      'true',
      'null',
      '1',
      '-',
      '.5',
      'e9',
      ' ',
      '\t',
      'å',
      '"a"',
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...words), { maxLength: 12 }), async (parts) => {
        const text = parts.join('');
        let expected: unknown;
        let isJson = true;
        try {
          expected = JSON.parse(text);
        } catch {
          isJson = false;
        }
        const read = await readJson(Buffer.from(text), 64).catch((error: unknown) => {
          assert.ok(error instanceof JsonFault);
          return error;
        });
        if (read instanceof JsonFault) assert.ok(!isJson || /twice/.test(read.message), text);
        else assert.deepEqual(JSON.parse(JSON.stringify(read)), expected);
      }),
      { numRuns: 2000 },
    );
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Arguments, type Call, Refused, Unreachable } from '../sync/jmap-client.ts';
import { en } from '../text/en.ts';
import { type Draft, emptyDraft } from './draft.ts';
import { DraftKeeper, type DraftStore, type Known } from './draft-keeper.ts';
import { type Delivered, Outbox, type OutMail } from './outbox.ts';
import { refusalText } from './refusal.ts';
import { send, takeBack } from './sender.ts';
import { destroyVersions } from './versions.ts';

type Answer = (args: Arguments) => unknown;

/** Answers as it is told; what was asked is remembered. */
function server(answers: Record<string, Answer>) {
  const asked: (readonly [string, Arguments])[] = [];
  return {
    asked,
    call<T>(name: string, args: Arguments): Call<T> {
      const isState = name === 'Email/get' && (args.ids as readonly string[] | undefined)?.length === 0;
      // All that it is asked about are versions of the one draft.
      const asks = args.properties as readonly string[] | undefined;
      const isWhose = name === 'Email/get' && asks?.some((one) => one === 'messageId' || one === 'keywords');
      const list = isWhose
        ? (args.ids as readonly string[]).map((id) => ({
            id,
            messageId: ['m@x'],
            mailboxIds: { f3: true },
            keywords: { $draft: true },
          }))
        : [];
      const isAnswered = isState || isWhose;
      if (!isAnswered) asked.push([name, args]);
      const result = (async () => (isAnswered ? { state: 's1', list } : answers[name]?.(args)) as T)();
      result.catch(() => {});
      return { result, ref: (path) => ({ resultOf: 'x', name, path }) };
    },
  };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function writing(answers: Record<string, Answer>, rest: Known & { store?: DraftStore } = {}) {
  const client = server(answers);
  const sleeping: (() => void)[] = [];
  const keeper = new DraftKeeper(
    emptyDraft('k', 'm@x', { name: null, email: 'me@example.com' }),
    {
      ...{ client, store: rest.store, drafts: () => 'f3', wholeText: () => 'text', nowMs: () => 5 },
      sleep: () => new Promise<void>((resolve) => sleeping.push(resolve)),
    },
    rest,
  );
  const wake = async (): Promise<void> => {
    for (const resolve of sleeping.splice(0)) resolve();
    for (let i = 0; i < 10; i++) await tick();
  };
  return { client, keeper, wake };
}

let made = 0;
const creates: Answer = () => ({ created: { draft: { id: `e${++made}` } } });
/** Of each Email/set what it makes and what it destroys. */
const sets = (asked: readonly (readonly [string, Arguments])[]) =>
  asked.flatMap(([name, { create, destroy }]) =>
    name === 'Email/set' ? [create === undefined ? destroy : 'create'] : [],
  );

describe('a draft', () => {
  test('is with the account a moment later, each version in the place of the one before', async () => {
    made = 0;
    const { client, keeper, wake } = writing({ 'Email/set': creates });
    keeper.change({ subject: '' });
    assert.equal(keeper.state.value.kind, 'empty');
    keeper.change({ subject: 'a' });
    keeper.change({ subject: 'ab' });
    assert.deepEqual(keeper.state.value, { kind: 'here', isKept: false });
    await wake();
    assert.deepEqual(keeper.state.value, { kind: 'everywhere', atMs: 5 });
    keeper.change({ subject: 'abc' });
    await wake();
    assert.deepEqual(sets(client.asked), ['create', 'create', ['e1']]);
    assert.equal(keeper.serverId, 'e2');
    assert.ok(await keeper.save());
    assert.equal(client.asked.length, 3);
  });

  test('of which another device has sent a version keeps that one', async () => {
    const destroyed: unknown[] = [];
    const looks = [{ $draft: true }, {}] as Record<string, true>[];
    let tries = 0;
    await destroyVersions(
      {
        call<T>(name: string, args: Arguments): Call<T> {
          const list = ['e1', 'e2'].map((id, i) => ({ id, keywords: looks[i] }));
          const answer = async (): Promise<unknown> => {
            if (name === 'Email/get') return { state: `s${tries}`, list };
            // Between the look and the deed the first is sent, too.
            if (tries++ === 0) throw new Refused('stateMismatch');
            destroyed.push(args);
            return {};
          };
          return { result: answer() as Promise<T>, ref: (path) => ({ resultOf: 'x', name, path }) };
        },
      },
      ['e1', 'e2'],
    );
    assert.deepEqual(destroyed, [{ destroy: ['e1'], ifInState: 's1' }]);
  });

  test('is kept here at once, and not any more when it was sent', async () => {
    const kept = new Map<string, Draft>();
    const store: DraftStore = {
      put: async (draft) => void kept.set(draft.key, draft),
      remove: async (key) => void kept.delete(key),
    };
    const { keeper } = writing({ 'Email/set': creates }, { store });
    keeper.change({ subject: 'a' });
    await tick();
    assert.equal(kept.get('k')?.subject, 'a');
    assert.deepEqual(keeper.state.value, { kind: 'here', isKept: true });
    await keeper.end();
    assert.equal(kept.size, 0);
    keeper.change({ subject: 'b' });
    assert.equal(kept.size, 0);
  });

  test('of which nobody knows whether it was kept is looked for before it is kept again', async () => {
    let isLost = true;
    const { client, keeper, wake } = writing({
      'Email/set': () => {
        if (!isLost) return { created: { draft: { id: 'e9' } } };
        throw new Unreachable('no answer');
      },
      'Email/query': () => ({ ids: ['e8'] }),
    });
    keeper.change({ subject: 'a' });
    await wake();
    assert.equal(keeper.state.value.kind, 'offline');
    isLost = false;
    await wake();
    assert.equal(keeper.state.value.kind, 'everywhere');
    assert.deepEqual(sets(client.asked), ['create', 'create', ['e8']]);
    assert.deepEqual(client.asked[1]?.[1], { filter: { inMailbox: 'f3', header: ['Message-ID', 'm@x'] } });
  });

  test('that the server may have kept in spite of its answer is looked for too', async () => {
    let isFailing = true;
    const { client, keeper, wake } = writing({
      'Email/set': () =>
        isFailing
          ? { notCreated: { draft: { type: 'serverUnavailable' } } }
          : { created: { draft: { id: 'e9' } } },
      'Email/query': () => ({ ids: ['e8'] }),
    });
    keeper.change({ subject: 'a' });
    await wake();
    assert.equal(keeper.state.value.kind, 'offline');
    isFailing = false;
    await wake();
    assert.equal(keeper.state.value.kind, 'everywhere');
    assert.deepEqual(sets(client.asked), ['create', 'create', ['e8']]);
  });

  test('that the browser asked to be made twice is made once', async () => {
    const there = ['e1'];
    let isRepeated = true;
    const { client, keeper, wake } = writing({
      'Email/set': ({ create }) => {
        if (create === undefined) return {};
        there.push('e2');
        // The answer to the repetition.
        if (isRepeated) throw new Refused('stateMismatch');
        return { created: { draft: { id: 'e3' } } };
      },
      'Email/query': () => {
        isRepeated = false;
        return { ids: ['e2'] };
      },
    });
    keeper.change({ subject: 'a' });
    await wake();
    assert.deepEqual(sets(client.asked), ['create', 'create', ['e2']]);
    assert.equal(keeper.serverId, 'e3');
    assert.equal(client.asked[0]?.[1].ifInState, 's1');
  });

  test('whose page was killed is gone on with: whatever that left of it goes', async () => {
    const { client, keeper, wake } = writing(
      {
        'Email/set': ({ create }) => (create ? { created: { draft: { id: 'e9' } } } : {}),
        'Email/query': () => ({ ids: ['e7', 'e8'] }),
      },
      { serverId: 'e7', isResumed: true },
    );
    keeper.change({ subject: 'a' });
    await wake();
    assert.deepEqual(sets(client.asked), ['create', ['e7', 'e8']]);
  });

  test('of which an old version could not be destroyed has it destroyed later', async () => {
    let isDown = true;
    const { client, keeper, wake } = writing(
      {
        'Email/set': ({ create }) => {
          if (create !== undefined) return { created: { draft: { id: 'e2' } } };
          if (isDown) throw new Unreachable('no answer');
          return {};
        },
      },
      { serverId: 'e1' },
    );
    keeper.change({ subject: 'a' });
    await wake();
    assert.equal(keeper.state.value.kind, 'everywhere');
    isDown = false;
    await wake();
    await wake();
    assert.deepEqual(sets(client.asked), ['create', ['e1'], ['e1']]);
  });

  test('that changes while it is kept is kept again behind, never twice at once', async () => {
    let running = 0;
    let most = 0;
    const { keeper, wake } = writing({
      'Email/set': async () => {
        most = Math.max(most, ++running);
        await tick();
        running--;
        return { created: { draft: { id: 'e1' } } };
      },
    });
    keeper.change({ subject: 'a' });
    const first = keeper.save();
    keeper.change({ subject: 'b' });
    assert.equal(await first, false);
    assert.equal(await keeper.save(), true);
    await wake();
    assert.equal(most, 1);
  });

  test('goes on with the files of the version that is there', async () => {
    const { keeper, wake } = writing({
      'Email/set': () => ({ created: { draft: { id: 'e1' } } }),
      'Email/get': () => ({ list: [{ attachments: [{ blobId: 'b1.2', name: 'a' }] }] }),
    });
    keeper.change({ files: [{ blobId: 'u1', name: 'a', type: 'x/y', size: 1, cid: null }] });
    await wake();
    assert.equal(keeper.draft.value.files[0]?.blobId, 'b1.2');
    assert.equal(keeper.state.value.kind, 'everywhere');
  });

  test('that is refused says so and stays', async () => {
    for (const answer of [
      () => ({ notCreated: { draft: { type: 'overQuota' } } }),
      () => {
        throw new Refused('overQuota');
      },
    ]) {
      const { keeper, wake } = writing({ 'Email/set': answer });
      keeper.change({ subject: 'a' });
      await wake();
      assert.deepEqual(keeper.state.value, { kind: 'refused', type: 'overQuota' });
      assert.equal(keeper.draft.value.subject, 'a');
    }
  });
});

describe('sending', () => {
  const mailboxes = { drafts: 'f3', sent: 'f4', scheduled: 'f5' };
  const draft = {
    ...emptyDraft('k', 'm@x', { name: null, email: 'me@example.com' }),
    to: [{ name: null, email: 'a@example.org' }],
    bcc: [{ name: null, email: 'a@example.org' }],
  };
  const options = (client: ReturnType<typeof server>) => ({
    ...{ client, identityId: 'i1', emailId: 'e1', draft, mailboxes, hold: { seconds: 10 } },
  });
  const nothing = {
    'EmailSubmission/query': () => ({ ids: [] }),
    'EmailSubmission/get': () => ({ list: [], state: 's1' }),
  };

  test('that the browser asked for twice is done once', async () => {
    let isThere = false;
    const client = server({
      'EmailSubmission/query': () => ({ ids: isThere ? ['s1'] : [] }),
      'EmailSubmission/get': () => ({
        state: isThere ? '2' : '1',
        list: isThere ? [{ id: 's1', undoStatus: 'pending' }] : [],
      }),
      'EmailSubmission/set': ({ ifInState }) => {
        assert.equal(ifInState, '1');
        isThere = true;
        throw new Refused('stateMismatch');
      },
    });
    assert.deepEqual(await send(options(client)), { kind: 'sent', submission: 's1' });
  });

  test('is held by the server a little longer than the person sees, in its own mailbox', async () => {
    const client = server({ ...nothing, 'EmailSubmission/set': () => ({ created: { send: { id: 's1' } } }) });
    assert.deepEqual(await send(options(client)), { kind: 'sent', submission: 's1' });
    const [, args] = client.asked.at(-1) ?? assert.fail();
    const { envelope } = (args.create as { send: { envelope: object } }).send;
    assert.deepEqual(envelope, {
      mailFrom: { email: 'me@example.com', parameters: { HOLDFOR: '13' } },
      rcptTo: [{ email: 'a@example.org', parameters: null }],
    });
    assert.deepEqual(args.onSuccessUpdateEmail, {
      '#send': { 'keywords/$draft': null, 'mailboxIds/f5': true, 'mailboxIds/f3': null },
    });
    await send({ ...options(client), hold: { seconds: 0 } });
    const now = JSON.stringify(client.asked.at(-1));
    assert.match(now, /"parameters":null/);
    assert.match(now, /"mailboxIds\/f4":true/);
    await send({ ...options(client), hold: { untilMs: Date.UTC(2026, 2, 5, 7) } });
    assert.match(JSON.stringify(client.asked.at(-1)), /"HOLDUNTIL":"2026-03-05T07:00:00Z"/);
  });

  test('whose answer was lost is not done twice', async () => {
    let isThere = false;
    const client = server({
      'EmailSubmission/query': () => ({ ids: isThere ? ['s1'] : [] }),
      'EmailSubmission/get': () => ({ list: isThere ? [{ id: 's1', undoStatus: 'pending' }] : [] }),
      'EmailSubmission/set': () => {
        isThere = true;
        throw new Unreachable('no answer');
      },
    });
    assert.deepEqual(await send(options(client)), { kind: 'sent', submission: 's1' });
    assert.deepEqual(await send(options(client)), { kind: 'sent', submission: 's1' });
    assert.equal(client.asked.filter(([name]) => name === 'EmailSubmission/set').length, 1);
  });

  test('that the server may have kept in spite of its answer is not refused, and not done twice', async () => {
    for (const type of ['serverUnavailable', 'serverFail'])
      for (const isWhole of [true, false]) {
        let isThere = false;
        let isKept = true;
        const client = server({
          'EmailSubmission/query': () => ({ ids: isThere ? ['s1'] : [] }),
          'EmailSubmission/get': () => ({ list: isThere ? [{ id: 's1', undoStatus: 'pending' }] : [] }),
          'EmailSubmission/set': () => {
            isThere = isKept;
            if (isWhole) throw new Refused(type);
            return { created: null, notCreated: { send: { type } } };
          },
        });
        assert.deepEqual(await send(options(client)), { kind: 'sent', submission: 's1' });
        isThere = isKept = false;
        assert.deepEqual(await send(options(client)), { kind: 'unreachable', hasFailed: true });
      }
  });

  test('that the server refuses says why; that cannot be reached leaves the draft', async () => {
    const refusing = server({
      ...nothing,
      'EmailSubmission/set': () => ({ notCreated: { send: { type: 'tooLarge' } } }),
    });
    assert.deepEqual(await send(options(refusing)), { kind: 'refused', type: 'tooLarge' });
    const people = ['nobody@example.org', 'no.one@example.org'];
    const unknown = server({
      ...nothing,
      'EmailSubmission/set': () => ({
        notCreated: { send: { type: 'invalidRecipients', invalidRecipients: people } },
      }),
    });
    const refused = { kind: 'refused', type: 'invalidRecipients', people } as const;
    assert.deepEqual(await send(options(unknown)), refused);
    assert.match(refusalText(refused, en.write, 'en'), /nobody@example\.org and no\.one@example\.org/);
    assert.equal(refusalText({ type: 'tooLarge' }, en.write, 'en'), en.write.notSentTooLarge);
    assert.equal(refusalText({ type: 'serverFail' }, en.write, 'en'), en.write.notSent);
    const gone = server({
      'EmailSubmission/query': () => {
        throw new Unreachable('no');
      },
    });
    assert.deepEqual(await send(options(gone)), { kind: 'unreachable' });
  });

  test('is taken back as long as it has not left', async () => {
    const client = server({ 'EmailSubmission/set': () => ({ updated: { s1: null } }) });
    assert.ok(await takeBack(client, 's1', { mailboxes }));
    const [, args] = client.asked[0] ?? assert.fail();
    assert.deepEqual(args.update, { s1: { undoStatus: 'canceled' } });
    assert.ok(
      !(await takeBack(server({ 'EmailSubmission/set': () => ({ notUpdated: { s1: {} } }) }), 's1', {
        mailboxes,
      })),
    );
  });
});

describe('mail that waits', () => {
  const waiting = (id: string): OutMail => ({
    ...{ id, serverId: undefined, identityId: 'i1', hold: { seconds: 0 } },
    draft: emptyDraft(id, `${id}@x`, { name: null, email: 'me@example.com' }),
  });

  test('is not held up by one at which the server fails, and by a server that is away', async () => {
    const rows = new Map(['one', 'two', 'three'].map((id) => [id, waiting(id)]));
    const answers: Record<string, Delivered> = { one: { kind: 'unreachable', hasFailed: true } };
    const tried: string[] = [];
    const outbox = new Outbox({
      kept: {
        all: async () => [...rows.values()] as never,
        put: async () => '',
        remove: async (_, id) => void rows.delete(String(id)),
        change: async () => {},
      },
      locks: undefined,
      deliver: async ({ id }) => {
        tried.push(id);
        return answers[id] ?? { kind: 'sent' };
      },
      onDone: () => {},
    });
    await outbox.send();
    assert.deepEqual(tried, ['one', 'two', 'three']);
    assert.deepEqual([...rows.keys()], ['one']);
    answers.one = { kind: 'unreachable' };
    rows.set('four', waiting('four'));
    await outbox.send();
    assert.deepEqual(tried.slice(3), ['one']);
    assert.deepEqual([...rows.keys()], ['one', 'four']);
  });
});

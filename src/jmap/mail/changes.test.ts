/**
 * /changes of emails and threads: whoever applies what it is told, in pieces of whatever size, has what there is; while things happen
 * at random (RFC 8620 §5.2).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JmapClient, startTestJmap } from '../../../test/kit/jmap.ts';
import { RandomAccount } from '../../../test/kit/random-account.ts';
import { systemClock } from '../../base/clock.ts';
import { emailObjectId, threadObjectId } from '../../mailbox/model/object-ids.ts';
import { expungeMessages } from '../../mailbox/operations/expunge.ts';
import { mailboxOf } from '../../mailbox/operations/mailboxes.ts';
import { reapAccount } from '../../mailbox/upkeep/reaper.ts';

/** What a client knows of a type, by its ids; a later answer may not contradict what it was told before. */
class Known {
  state = '';
  readonly ids = new Set<string>();
  readonly #client: JmapClient;
  readonly #type: 'Email' | 'Thread';
  readonly #maxChanges: number;
  /** Ids of which something was told since the state before. */
  readonly told = new Set<string>();

  constructor(client: JmapClient, type: 'Email' | 'Thread', maxChanges: number) {
    this.#client = client;
    this.#type = type;
    this.#maxChanges = maxChanges;
  }

  /** One answer; true when there is more. */
  async step(): Promise<boolean> {
    const { maxChanges } = { maxChanges: this.#maxChanges };
    const answer = await this.#client.call(`${this.#type}/changes`, { sinceState: this.state, maxChanges });
    assert.equal(answer.oldState, this.state);
    const { created, updated, destroyed } = answer;
    assert.ok(created.length + updated.length + destroyed.length <= maxChanges);
    assert.ok(answer.newState !== answer.oldState || !answer.hasMoreChanges);
    for (const id of created) {
      assert.ok(!this.ids.has(id), `${id} is created twice`);
      this.ids.add(id);
    }
    for (const id of updated) assert.ok(this.ids.has(id), `${id} is updated and was never there`);
    for (const id of destroyed) assert.ok(this.ids.delete(id), `${id} is destroyed and was never there`);
    for (const id of [...created, ...updated, ...destroyed]) this.told.add(id);
    this.state = answer.newState;
    return answer.hasMoreChanges;
  }
}

/** What there is of an email, and of a thread. */
async function truth(mail: RandomAccount) {
  const shown = await mail.shown();
  const emails = new Map<string, string>();
  const threads = new Map<string, string>();
  for (const [email, messages] of Map.groupBy(shown, (one) => one.email)) {
    const seen = messages.map((m) => `${m.mailbox.id} ${m.flags} ${m.keywords}`).sort();
    emails.set(emailObjectId(email), seen.join());
    const thread = threadObjectId(mail.said.get(email)?.thread as number);
    threads.set(thread, `${threads.get(thread) ?? ''} ${email}`);
  }
  const sorted = (text: string) => text.split(' ').sort().join(' ');
  return { Email: emails, Thread: new Map([...threads].map(([id, text]) => [id, sorted(text)])) };
}

test('property: changes in pieces of 1, 2, 7 and all, emails and threads', async (t) => {
  const server = await startTestJmap();
  t.after(() => server.close());
  for (let seed = 1; seed <= 2; seed++) {
    const client = seed === 1 ? server.alice : await server.addAccount(`s${seed}@example.com`, 'secret');
    const { domain } = server.kit;
    const id = Number(client.accountId.slice(1)) as Parameters<typeof domain.accounts.open>[0];
    const mail = new RandomAccount(domain, await domain.accounts.open(id), seed);
    const clients = (['Email', 'Thread'] as const).flatMap((type) =>
      [1, 2, 7, 1000].map((most) => ({ type, known: new Known(client, type, most) })),
    );
    const { state } = await client.call('Thread/get', { ids: [] });
    for (const { type, known } of clients) known.state = type === 'Thread' ? state : state.replace('t', 'e');
    let before = await truth(mail);
    for (let round = 0; round < 25; round++) {
      for (let i = mail.pick(6); i >= 0; i--) await mail.act();
      // Some are told in the middle of a story.
      for (const { known } of clients) if (mail.pick(2) === 0) await known.step();
      for (let i = mail.pick(3); i > 0; i--) await mail.act();
      const now = await truth(mail);
      for (const { type, known } of clients) {
        while (await known.step());
        const what = `seed ${seed}, round ${round}, ${type}`;
        assert.deepEqual([...known.ids].sort(), [...now[type].keys()].sort(), what);
        for (const [object, is] of now[type])
          if (before[type].get(object) !== is)
            assert.ok(known.told.has(object), `${what}: ${object} changed`);
        known.told.clear();
        const current = (await client.call(`Thread/get`, { ids: [] })).state.slice(1);
        assert.equal(known.state.slice(1), current, what);
      }
      const list = [...now.Thread.keys()];
      const got = await client.call('Thread/get', { ids: [...list, 't999999'] });
      assert.deepEqual(got.notFound, ['t999999']);
      for (const { id: thread, emailIds } of got.list)
        assert.deepEqual(
          emailIds
            .map((e: string) => e.slice(1))
            .sort()
            .join(' '),
          now.Thread.get(thread)?.trim(),
        );
      before = now;
    }
  }
});

test('states that are none, of another type, of the future, and cut', async (t) => {
  const server = await startTestJmap();
  t.after(() => server.close());
  const { state } = await server.alice.call('Thread/get', { ids: [] });
  for (const sinceState of [
    '',
    'nonsense',
    state,
    'e99-1',
    'e1-99',
    'e5-',
    `${state.replace('t', 'e')}-1-1`,
    'm1-1',
    'e1-1-0-1-1',
    `e${'9'.repeat(16)}-1`,
  ]) {
    const error = await server.alice.error('Email/changes', { sinceState });
    assert.equal(error.type, 'cannotCalculateChanges', sinceState);
  }
  for (const maxChanges of [0, -1, 1.5, '1'])
    assert.equal(
      (await server.alice.error('Email/changes', { sinceState: 'e1-1', maxChanges })).type,
      'invalidArguments',
    );
});

test('what the reaper has let go of is said to be gone, and is gone from its thread', async (t) => {
  let nowMs = Date.now();
  const server = await startTestJmap({ clock: { ...systemClock, nowMs: () => nowMs } });
  t.after(() => server.close());
  const { alice, imap, kit } = server;
  const add = (bytes: string) => imap.addMessage('alice@example.com', 'INBOX', { bytes });
  await add('Message-ID: <a@example.com>\r\nSubject: a\r\n\r\n');
  await add('Message-ID: <b@example.com>\r\nIn-Reply-To: <a@example.com>\r\nSubject: Re: a\r\n\r\n');
  const account = await server.account();
  const collapsed = { collapseThreads: true };
  const { queryState } = await alice.call('Email/query', collapsed);
  const { list, state } = await alice.call('Thread/get', { ids: ['t1'] });
  assert.deepEqual(list, [{ id: 't1', emailIds: ['e1', 'e2'] }]);
  await expungeMessages(kit.domain, account, mailboxOf(account, 'INBOX'), { uids: [2] });
  const changes = await alice.call('Thread/changes', { sinceState: state });
  assert.deepEqual(changes.updated, ['t1']);
  const listed = await alice.call('Email/queryChanges', { ...collapsed, sinceQueryState: queryState });
  assert.deepEqual(listed.added, [{ id: 'e1', index: 0 }]);
  nowMs += 3_600_000;
  assert.equal(await reapAccount(kit.domain, account.id), 1);
  kit.domain.accounts.emailLists.dropUnused(Number.POSITIVE_INFINITY);
  assert.deepEqual((await alice.call('Thread/changes', { sinceState: state })).updated, ['t1']);
  const later = await alice.call('Email/queryChanges', { ...collapsed, sinceQueryState: queryState });
  assert.deepEqual([later.removed, later.added], [listed.removed, listed.added]);
  const emails = await alice.call('Email/changes', { sinceState: state.replace('t', 'e') });
  assert.deepEqual([emails.created, emails.updated, emails.destroyed], [[], [], ['e2']]);
  const plain = await alice.call('Email/queryChanges', { sinceQueryState: queryState });
  assert.deepEqual([plain.removed, plain.added], [['e2'], []]);
});

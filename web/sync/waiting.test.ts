/** Actions that outlive their page, their answers or their tab; what somebody else does meanwhile stands. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ActionLog, memoryLog, type News } from './action-log.ts';
import { Actions } from './actions.ts';
import { MailCache } from './cache.ts';
import { planOf } from './doubt.ts';
import { type JmapClient, Refused, Unreachable } from './jmap-client.ts';
import type { Email } from './model.ts';
import { withPatch } from './patch.ts';

const anEmail = (id: string, mailboxes: readonly string[], keywords: readonly string[] = []): Email => ({
  ...{ id, threadId: `t${id}`, receivedAt: '', subject: '', from: [], to: [], preview: '', size: 1 },
  hasAttachment: false,
  mailboxIds: Object.fromEntries(mailboxes.map((one) => [one, true])),
  keywords: Object.fromEntries(keywords.map((one) => [one, true])),
});

/** A few mails, with states, at a server whose answers can be lost. */
function server(...emails: readonly Email[]) {
  const mails = new Map(emails.map((email) => [email.id, email]));
  const network = { isUp: true, losesAnswers: false, fails: '', refuses: '' };
  const asked: string[] = [];
  const snoozed = new Map<string, string>();
  let state = 0;
  let snoozeState = 0;
  const putOff = (create: Record<string, { emailId: string; until: string }>): object => {
    const notCreated: Record<string, object> = {};
    for (const [name, { emailId, until }] of Object.entries(create)) {
      const email = mails.get(emailId);
      if (email === undefined) notCreated[name] = { type: 'notFound' };
      else mails.set(emailId, { ...email, mailboxIds: { later: true } });
      snoozed.set(emailId, until);
    }
    state++;
    snoozeState++;
    return { notCreated };
  };
  const answer = (name: string, args: Record<string, unknown>): unknown => {
    if (!network.isUp) throw new Unreachable('down');
    asked.push(name);
    if (name === 'Email/get')
      return {
        state: String(state),
        list: (args.ids as string[]).flatMap((id) => mails.get(id) ?? []),
      };
    if (name === 'Snooze/get') return { state: `s${snoozeState}`, list: [] };
    const stateNow = name === 'Snooze/set' ? `s${snoozeState}` : String(state);
    if (args.ifInState !== undefined && args.ifInState !== stateNow) throw new Refused('stateMismatch');
    if (name === 'Snooze/set') {
      const done = putOff(args.create as Parameters<typeof putOff>[0]);
      if (network.losesAnswers) throw new Unreachable('lost');
      return done;
    }
    state++;
    const notUpdated: Record<string, object> = {};
    for (const [id, patch] of Object.entries(args.update as Record<string, Record<string, true | null>>)) {
      const email = mails.get(id);
      if (email === undefined) notUpdated[id] = { type: 'notFound' };
      else {
        const of = (root: string) =>
          Object.fromEntries(
            Object.entries(patch).flatMap(([path, value]) =>
              path.startsWith(root) ? [[path.slice(root.length), value === true]] : [],
            ),
          );
        mails.set(id, withPatch(email, { id, keywords: of('keywords/'), mailboxIds: of('mailboxIds/') }));
      }
    }
    for (const id of (args.destroy as string[] | undefined) ?? []) mails.delete(id);
    if (network.losesAnswers) throw new Unreachable('lost');
    if (network.fails !== '') throw new Refused(network.fails);
    if (network.refuses !== '') return { notUpdated: { 1: { type: network.refuses } } };
    return { notUpdated };
  };
  const change = (id: string, email: Email | undefined): void => {
    state++;
    if (email === undefined) mails.delete(id);
    else mails.set(id, email);
  };
  const client = {
    call: (name: string, args: Record<string, unknown>) => {
      const result = Promise.resolve().then(() => answer(name, args));
      result.catch(() => {});
      return { result, ref: () => ({}) };
    },
  } as unknown as JmapClient;
  return { mails, network, asked, client, change, snoozed };
}

function tab(client: JmapClient, ...emails: readonly Email[]) {
  const cache = new MailCache();
  cache.put({ emails });
  const told: string[] = [];
  const sleeping: (() => void)[] = [];
  const actions = new Actions({
    ...{ client, cache, onApplied: () => {}, onSettled: () => {} },
    onRefused: ({ type, count }) => void told.push(`${type} ${count}`),
    sleep: () => new Promise<void>((resolve) => sleeping.push(resolve)),
  });
  return { cache, actions, told };
}

/** One log for several tabs. */
function sharedLog(): () => ActionLog {
  const log = memoryLog();
  const hearing: { readonly tab: number; readonly run: (news: News) => void }[] = [];
  let last: Promise<unknown> = Promise.resolve();
  let tabs = 0;
  return () => {
    const mine = tabs++;
    return {
      ...log,
      alone: (run) => {
        const result = last.then(run);
        last = result.catch(() => undefined);
        return result;
      },
      tell: (news) => {
        for (const { tab, run } of hearing) if (tab !== mine) setImmediate(() => run(news));
      },
      hear: (run) => void hearing.push({ tab: mine, run }),
    };
  };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};
const archive = { patches: [{ id: '1', mailboxIds: { inbox: false, archive: true } }] };
const boxes = (email: Email | undefined): string[] => Object.keys(email?.mailboxIds ?? {});

describe('what waits', () => {
  test('outlives its page, and is shown again at once', async () => {
    const one = anEmail('1', ['inbox']);
    const { client, network, mails } = server(one);
    const logs = sharedLog();
    network.isUp = false;
    const before = tab(client, one);
    await before.actions.resume(logs());
    before.actions.run(archive);
    await settle();
    before.actions.close();
    const after = tab(client, one);
    await after.actions.resume(logs());
    assert.deepEqual(boxes(after.cache.email('1').value), ['archive']);
    assert.equal(after.actions.waiting.value, 1);
    await settle();
    assert.ok(after.actions.isHeld.value);
    network.isUp = true;
    after.actions.wake();
    await settle();
    assert.deepEqual(boxes(mails.get('1')), ['archive']);
    assert.deepEqual([after.actions.waiting.value, after.actions.isHeld.value], [0, false]);
  });

  test('is sent once, by one of the tabs, and both know', async () => {
    const one = anEmail('1', ['inbox']);
    const { client, network, asked } = server(one);
    const logs = sharedLog();
    const [first, second] = [tab(client, one), tab(client, one)];
    for (const { actions } of [first, second]) await actions.resume(logs());
    network.isUp = false;
    first.actions.run(archive);
    await settle();
    assert.deepEqual(boxes(second.cache.email('1').value), ['archive']);
    network.isUp = true;
    for (const { actions } of [second, first]) actions.wake();
    await settle();
    assert.deepEqual([first.actions.waiting.value, second.actions.waiting.value], [0, 0]);
    assert.equal(asked.filter((name) => name === 'Email/set').length, 1);
  });

  test('and whose tab was closed is sent by the other', async () => {
    const one = anEmail('1', ['inbox']);
    const { client, network, mails } = server(one);
    const logs = sharedLog();
    const [first, second] = [tab(client, one), tab(client, one)];
    for (const { actions } of [first, second]) await actions.resume(logs());
    network.isUp = false;
    first.actions.run(archive);
    await settle();
    first.actions.close();
    network.isUp = true;
    second.actions.wake();
    await settle();
    assert.deepEqual(boxes(mails.get('1')), ['archive']);
    assert.equal(second.actions.waiting.value, 0);
  });

  test('and was done, though the answer was lost, is not done over what came after', async () => {
    const one = anEmail('1', ['inbox']);
    const { client, network, mails, change } = server(one);
    const { actions, cache, told } = tab(client, one);
    network.losesAnswers = true;
    actions.run(archive);
    await settle();
    network.losesAnswers = false;
    change('1', anEmail('1', ['travel']));
    actions.wake();
    await settle();
    assert.deepEqual(boxes(mails.get('1')), ['travel']);
    assert.deepEqual(boxes(cache.email('1').value), ['travel']);
    assert.deepEqual(told, ['moved 1']);
  });

  test('and may be done, says the server, is held against what there is', async () => {
    for (const trouble of [
      { fails: 'serverUnavailable' },
      { refuses: 'serverUnavailable' },
      { fails: 'serverFail' },
    ]) {
      const one = anEmail('1', ['inbox']);
      const { client, network, mails, asked } = server(one);
      const { actions, cache, told } = tab(client, one);
      Object.assign(network, trouble);
      actions.run(archive);
      await settle();
      assert.deepEqual([actions.waiting.value, actions.isHeld.value], [1, true]);
      Object.assign(network, { fails: '', refuses: '' });
      actions.wake();
      await settle();
      assert.deepEqual(boxes(mails.get('1')), ['archive']);
      assert.deepEqual(boxes(cache.email('1').value), ['archive']);
      assert.deepEqual([told, actions.waiting.value], [[], 0]);
      assert.equal(asked.filter((name) => name === 'Email/set').length, 1);
    }
  });

  test('and fails each time does not hold up the others for ever', async () => {
    const one = anEmail('1', ['inbox']);
    const { client, network, change } = server(one);
    const { actions, told } = tab(client, one);
    network.fails = 'serverFail';
    actions.run(archive);
    for (let tries = 0; tries < 10; tries++) {
      await settle();
      // It was not done.
      change('1', one);
      actions.wake();
    }
    assert.deepEqual(told, ['serverFail 1']);
    assert.equal(actions.waiting.value, 0);
  });

  test('of a mail that is gone is told once; that it was read is not missed', async () => {
    const all = [anEmail('1', ['inbox']), anEmail('2', ['inbox'])];
    const { client, network, change } = server(...all);
    const { actions, told } = tab(client, ...all);
    network.isUp = false;
    actions.run(archive);
    actions.run({ patches: [{ id: '2', keywords: { $seen: true } }] });
    await settle();
    for (const id of ['1', '2']) change(id, undefined);
    network.isUp = true;
    actions.wake();
    await settle();
    assert.deepEqual(told, ['gone 1']);
    assert.equal(actions.waiting.value, 0);
  });

  test('is shown on top of what the server tells meanwhile', async () => {
    const one = anEmail('1', ['inbox']);
    const { client, network } = server(one);
    const { actions } = tab(client, one);
    network.isUp = false;
    actions.run(archive);
    const shown = actions.over(anEmail('1', ['inbox', 'work'], ['$flagged']));
    assert.deepEqual(boxes(shown).sort(), ['archive', 'work']);
    assert.ok('$flagged' in shown.keywords);
    actions.close();
  });
});

describe('mail that is put off', () => {
  const SOON = '2026-11-28T12:00:00Z';
  const later = { patches: [{ id: '1', mailboxIds: { inbox: false, later: true } }], until: SOON };

  test('without a network waits, and is put off when there is one, once', async () => {
    const one = anEmail('1', ['inbox']);
    const { client, network, mails, snoozed, asked } = server(one);
    const { actions, cache, told } = tab(client, one);
    network.isUp = false;
    actions.run(later);
    assert.deepEqual(boxes(cache.email('1').value), ['later']);
    await settle();
    assert.ok(actions.isHeld.value);
    network.isUp = true;
    network.losesAnswers = true;
    actions.wake();
    await settle();
    assert.equal(snoozed.get('1'), SOON);
    network.losesAnswers = false;
    actions.wake();
    await settle();
    assert.equal(asked.filter((name) => name === 'Snooze/set').length, 1);
    assert.deepEqual([boxes(mails.get('1')), told, actions.waiting.value], [['later'], [], 0]);
    actions.close();
  });

  test('and taken back before that, is where it was in the end', async () => {
    const one = anEmail('1', ['inbox'], ['$new']);
    const { client, network, mails } = server(one);
    const { actions, cache } = tab(client, one);
    network.isUp = false;
    const { undo } = actions.run(later);
    actions.run(undo);
    assert.deepEqual(boxes(cache.email('1').value), ['inbox']);
    network.isUp = true;
    actions.wake();
    await settle();
    assert.deepEqual(boxes(mails.get('1')), ['inbox']);
    actions.close();
  });

  test('what another device has done with it meanwhile stands', async () => {
    for (const [place, expected] of [
      ['archive', ['moved 1']],
      ['later', []],
      [undefined, ['gone 1']],
    ] as const) {
      const one = anEmail('1', ['inbox']);
      const { client, network, mails, snoozed, change } = server(one);
      const { actions, told } = tab(client, one);
      network.isUp = false;
      actions.run(later);
      await settle();
      change('1', place && anEmail('1', [place]));
      network.isUp = true;
      actions.wake();
      await settle();
      assert.deepEqual([told, snoozed.size], [expected, 0]);
      assert.deepEqual(boxes(mails.get('1')), place === undefined ? [] : [place]);
      actions.close();
    }
  });

  test('has another time while it waits where it lies, and none when it does not any more', async () => {
    for (const place of ['later', 'inbox']) {
      const one = anEmail('1', ['later']);
      const { client, network, snoozed, change } = server(one);
      const { actions, told } = tab(client, one);
      network.isUp = false;
      actions.run({ patches: [{ id: '1' }], until: SOON });
      await settle();
      change('1', anEmail('1', [place]));
      network.isUp = true;
      actions.wake();
      await settle();
      assert.deepEqual([snoozed.get('1'), told], place === 'later' ? [SOON, []] : [undefined, ['moved 1']]);
      actions.close();
    }
  });
});

describe('in doubt', () => {
  const lay = { 1: ['trash'] };

  test('what was taken out of the Trash meanwhile is not destroyed', () => {
    const destroy = { patches: [], destroyed: ['1'] };
    const at = (mailbox: string) => planOf(destroy, lay, new Map([['1', anEmail('1', [mailbox])]]));
    assert.deepEqual(at('trash').action.destroyed, ['1']);
    assert.deepEqual([at('inbox').action.destroyed, at('inbox').moved], [[], ['1']]);
    assert.deepEqual(planOf(destroy, lay, new Map()), {
      ...{ action: { patches: [], destroyed: [] }, gone: [], moved: [] },
    });
  });

  test('what is done has nothing left to do, and doing the rest leaves it done', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });
    const changes = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean());
    fc.assert(
      fc.property(names, names, changes, changes, (mailboxes, keywords, moves, marks) => {
        const email = anEmail('1', mailboxes, keywords);
        const patch = { id: '1', mailboxIds: moves, keywords: marks };
        const after = (one: Email): Email => {
          const [rest] = planOf({ patches: [patch] }, {}, new Map([['1', one]])).action.patches;
          return rest === undefined ? one : withPatch(one, rest);
        };
        const once = after(email);
        assert.deepEqual(after(once), once);
        for (const [name, is] of Object.entries(marks)) assert.equal(name in once.keywords, is);
      }),
    );
  });
});

/**
 * What others share, over JMAP: their accounts in the session, what of them is to be seen, and above all what is not. The rules are those
 * of IMAP, which gives and takes the rights here.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FLAG } from '../src/mail/flags.ts';
import { emailObjectId, mailboxObjectId, threadObjectId } from '../src/mailbox/model/object-ids.ts';
import type { Rights } from '../src/mailbox/model/rights.ts';
import { accountIdentity, type Person, rightsIn } from '../src/mailbox/model/shares.ts';
import { changeFlags } from '../src/mailbox/operations/flags.ts';
import { changeShares } from '../src/mailbox/operations/shares.ts';
import type { AccountState } from '../src/mailbox/state/account.ts';
import { ImapClient } from './imap-client.ts';
import { type Answer, type JmapClient, startTestJmap, type TestJmap } from './kit/jmap.ts';
import { RandomAccount } from './kit/random-account.ts';
import { runs } from './kit/runs.ts';

const OWNER = 'owner@example.com';
const CAPABILITIES = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'] as const;

let server: TestJmap;
/** The owner's program, the visitor's, and that of somebody with whom nothing is shared. */
let owner: JmapClient;
let bo: JmapClient;
let stranger: JmapClient;
let imap: ImapClient;

const of = (args: Answer = {}): Answer => ({ accountId: owner.accountId, ...args });
const add = (mailbox: string, subject: string, more = ''): Promise<number> =>
  server.imap.addMessage(OWNER, mailbox, {
    bytes: `Message-ID: <${subject}@example.com>\r\n${more}Subject: ${subject}\r\n\r\nwords of ${subject}\r\n`,
  });
const share = (mailbox: string, rights: string, whom = 'bo@example.com') =>
  imap.ok(rights === '' ? `DELETEACL ${mailbox} ${whom}` : `SETACL ${mailbox} ${whom} ${rights}`);
const mailboxId = async (name: string): Promise<string> => {
  const { list } = await owner.call('Mailbox/get', { ids: null, properties: ['name'] });
  return list.find((one: Answer) => one.name === name).id;
};
const emailIds = async (client: JmapClient, args: Answer = of()): Promise<readonly string[]> =>
  (await client.call('Email/query', args)).ids;

before(async () => {
  server = await startTestJmap();
  owner = await server.addAccount(OWNER, 'secret');
  bo = await server.addAccount('bo@example.com', 'secret');
  stranger = await server.addAccount('stranger@example.com', 'secret');
  imap = await ImapClient.signIn(server.imap.port, OWNER, 'secret');
  for (const name of ['Work', 'Work/Old', 'Work/Old/Deep', 'Private']) await imap.ok(`CREATE ${name}`);
  await add('INBOX', 'letter');
  await add('Work', 'plan');
  await add('Work/Old/Deep', 'fossil');
  await add('Private', 'secret');
});
after(async () => {
  imap.close();
  await server.close();
});

describe('accounts of others', () => {
  test('are in the session of whoever they share with, and of nobody else', async () => {
    assert.deepEqual(Object.keys((await bo.session()).accounts), [bo.accountId]);
    await share('Work', 'lrs');
    const session = await bo.session();
    const { [owner.accountId]: shared, [bo.accountId]: own } = session.accounts;
    assert.deepEqual([own.isPersonal, own.isReadOnly], [true, false]);
    assert.deepEqual([shared.name, shared.isPersonal], [OWNER, false]);
    for (const uri of CAPABILITIES) assert.ok(shared.accountCapabilities[uri], uri);
    assert.equal(shared.accountCapabilities['urn:ietf:params:jmap:mail'].mayCreateTopLevelMailbox, false);
    for (const uri of ['submission', 'sieve', 'vacationresponse', 'quota'])
      assert.equal(shared.accountCapabilities[`urn:ietf:params:jmap:${uri}`], undefined, uri);
    for (const account of Object.values(session.primaryAccounts)) assert.equal(account, bo.accountId);
    assert.deepEqual(Object.keys((await stranger.session()).accounts), [stranger.accountId]);
  });

  test('that share nothing are as those that do not exist', async () => {
    const calls = (id: string) =>
      Promise.all(
        ['Mailbox/get', 'Email/get', 'Email/changes', 'Quota/get', 'Identity/get', 'Email/set'].map((name) =>
          stranger.error(name, {
            accountId: id,
            ...(name === 'Email/changes' ? { sinceState: 'e1-1' } : {}),
          }),
        ),
      );
    assert.deepEqual(await calls(owner.accountId), await calls('a99999'));
    for (const id of [owner.accountId, 'a99999']) {
      assert.equal((await stranger.fetch(`/jmap/download/${id}/b2/x`)).status, 404);
      assert.equal((await stranger.fetch(`/jmap/upload/${id}`, { method: 'POST', body: 'x' })).status, 404);
    }
  });

  test('have nothing but mail for their visitors', async () => {
    for (const name of [
      'Quota/get',
      'Identity/get',
      'VacationResponse/get',
      'SieveScript/get',
      'EmailSubmission/get',
    ])
      assert.equal((await bo.error(name, of({ ids: null }))).type, 'accountNotSupportedByMethod', name);
  });

  test('are told again by another state of the session', async () => {
    const { state } = await bo.session();
    await share('Work', '', 'bo@example.com');
    assert.notEqual((await bo.session()).state, state);
    await share('Work', 'lrs');
    assert.equal((await bo.session()).state, state);
  });
});

describe('of an account of somebody else', () => {
  test('the mailboxes that are shared are there, with the rights in them', async () => {
    await share('Work/Old/Deep', 'lr');
    const { list } = await bo.call('Mailbox/get', of({ ids: null }));
    const [work, deep] = list;
    assert.deepEqual(
      list.map(({ name, parentId }: Answer) => [name, parentId]),
      [
        ['Work', null],
        ['Old/Deep', work.id],
      ],
    );
    const { mayReadItems, maySetSeen, ...nothing } = work.myRights;
    assert.deepEqual([mayReadItems, maySetSeen, deep.myRights.maySetSeen], [true, true, false]);
    assert.ok(Object.values(nothing).every((may) => may === false));
    assert.deepEqual([work.totalEmails, work.unreadEmails, deep.totalEmails], [1, 1, 1]);
    const hidden = await mailboxId('Private');
    const asked = await bo.call('Mailbox/get', of({ ids: [hidden, 'f999'] }));
    assert.deepEqual(asked.notFound, [hidden, 'f999']);
    const { ids } = await bo.call('Mailbox/query', of({ sort: [{ property: 'name' }], sortAsTree: true }));
    assert.deepEqual(ids, [work.id, deep.id]);
    assert.deepEqual((await bo.call('Mailbox/query', of({ filter: { parentId: work.id } }))).ids, [deep.id]);
  });

  test('the mail in them is found, and no other, whatever is asked', async () => {
    const all = await emailIds(bo);
    const { list } = await bo.call('Email/get', of({ ids: all, properties: ['subject', 'mailboxIds'] }));
    assert.deepEqual(list.map(({ subject }: Answer) => subject).sort(), ['fossil', 'plan']);
    const hidden = await emailIds(owner, { filter: { subject: 'secret' } });
    const filters = [
      { text: 'secret' },
      { inMailbox: await mailboxId('Private') },
      { body: 'words of letter' },
      { operator: 'NOT', conditions: [{ text: 'plan' }, { text: 'fossil' }] },
    ];
    for (const filter of filters)
      assert.deepEqual(await emailIds(bo, of({ filter })), [], JSON.stringify(filter));
    const other = { inMailboxOtherThan: [await mailboxId('Work')] };
    assert.equal((await emailIds(bo, of({ filter: other }))).length, 1);
    for (const [name, args] of [
      ['Email/get', { ids: hidden }],
      ['Thread/get', { ids: hidden.map((id) => id.replace('e', 't')) }],
      ['SearchSnippet/get', { emailIds: hidden, filter: { text: 'secret' } }],
      ['Blob/lookup', { ids: hidden.map((id) => id.replace('e', 'b')), typeNames: ['Email'] }],
      ['Blob/get', { ids: hidden.map((id) => id.replace('e', 'b')) }],
      ['Email/parse', { blobIds: hidden.map((id) => id.replace('e', 'b')) }],
    ] as const) {
      const { list: found, parsed, notFound } = await bo.call(name, of(args));
      assert.deepEqual([found ?? parsed ?? [], notFound.length], [[], 1], name);
    }
    const blob = hidden[0]?.replace('e', 'b');
    assert.equal((await bo.fetch(`/jmap/download/${owner.accountId}/${blob}/x`)).status, 404);
    const plan = (await emailIds(bo, of({ filter: { subject: 'plan' } })))[0]?.replace('e', 'b');
    const octets = await (await bo.fetch(`/jmap/download/${owner.accountId}/${plan}/x`)).text();
    assert.match(octets, /words of plan/);
    assert.equal((await stranger.fetch(`/jmap/download/${owner.accountId}/${plan}/x`)).status, 404);
  });

  test('a conversation is what of it is to be seen', async () => {
    await add('Private', 'begin');
    await add('Work', 'answer', 'In-Reply-To: <begin@example.com>\r\n');
    await add('Private', 'end', 'In-Reply-To: <answer@example.com>\r\n');
    const [answer] = await emailIds(bo, of({ filter: { subject: 'answer' } }));
    const { list } = await bo.call('Email/get', of({ ids: [answer], properties: ['threadId'] }));
    const { threadId } = list[0];
    const seen = await bo.call('Thread/get', of({ ids: [threadId] }));
    assert.deepEqual(seen.list, [{ id: threadId, emailIds: [answer] }]);
    assert.equal((await owner.call('Thread/get', { ids: [threadId] })).list[0].emailIds.length, 3);
    const unread = { someInThreadHaveKeyword: '$flagged' };
    const [hidden] = await emailIds(owner, { filter: { subject: 'begin' } });
    await owner.call('Email/set', { update: { [hidden as string]: { 'keywords/$flagged': true } } });
    assert.deepEqual(await emailIds(bo, of({ filter: unread })), []);
    const work = await bo.call('Mailbox/get', of({ ids: [await mailboxId('Work')] }));
    assert.deepEqual([work.list[0].totalEmails, work.list[0].unreadThreads], [2, 2]);
  });

  test('what happens elsewhere changes no state, and what happens there does', async () => {
    const states = async (): Promise<readonly string[]> => {
      const answers = await bo.calls(
        ['Mailbox', 'Email', 'Thread'].map((type) => [`${type}/get`, of({ ids: [] })] as const),
      );
      return answers.map(([, { state }]) => state);
    };
    const before = await states();
    await add('Private', 'more');
    await add('INBOX', 'more2');
    await imap.ok('CREATE Other');
    await imap.ok('SELECT INBOX');
    await imap.ok('STORE 1 +FLAGS (\\Flagged)');
    await imap.ok('UNSELECT');
    await imap.ok('DELETE Other');
    assert.deepEqual(await states(), before);
    const told = await bo.call('Email/changes', of({ sinceState: before[1] }));
    assert.deepEqual([told.created, told.updated, told.destroyed, told.newState], [[], [], [], before[1]]);
    await add('Work', 'news');
    const after = await states();
    for (const [i, state] of before.entries()) assert.notEqual(after[i], state);
    const news = await bo.call('Email/changes', of({ sinceState: before[1] }));
    assert.deepEqual([news.created.length, news.newState], [1, after[1]]);
  });

  test('a state under other rights is not known, nor is that of the owner', async () => {
    const { state } = await bo.call('Email/get', of({ ids: [] }));
    const own = (await owner.call('Email/get', { ids: [] })).state;
    await share('Work/Old', 'lr');
    for (const sinceState of [state, own, own.replace(/@.*/, ''), state.replace(/@.*/, '')])
      assert.equal((await bo.error('Email/changes', of({ sinceState }))).type, 'cannotCalculateChanges');
    assert.equal((await owner.error('Email/changes', { sinceState: state })).type, 'cannotCalculateChanges');
    await share('Work/Old', '');
  });

  test('nothing is changed by whoever may only read', async () => {
    const [email] = await emailIds(bo);
    const blobId = (email as string).replace('e', 'b');
    const work = await mailboxId('Work');
    const hidden = await mailboxId('Private');
    const into = (mailbox: string) => ({ mailboxIds: { [mailbox]: true } });
    const { state } = await owner.call('Email/get', { ids: [] });
    const forbidden = async (name: string, args: Answer, refused: string, type = 'forbidden') => {
      const answer = await bo.call(name, of(args));
      const [error] = Object.values(answer[refused] as Record<string, { type: string }>);
      assert.equal(error?.type, type, `${name} ${JSON.stringify(args)}`);
    };
    await forbidden('Email/set', { destroy: [email] }, 'notDestroyed');
    await forbidden(
      'Email/set',
      { update: { [email as string]: { 'keywords/$flagged': true } } },
      'notUpdated',
    );
    for (const [mailbox, type] of [
      [work, 'forbidden'],
      [hidden, 'invalidProperties'],
      ['f99', 'invalidProperties'],
    ] as const) {
      await forbidden('Email/set', { create: { a: { ...into(mailbox), subject: 'x' } } }, 'notCreated', type);
      await forbidden('Email/import', { emails: { a: { blobId, ...into(mailbox) } } }, 'notCreated', type);
    }
    await forbidden('Mailbox/set', { destroy: [work] }, 'notDestroyed');
    await forbidden('Mailbox/set', { update: { [work]: { name: 'Play' } } }, 'notUpdated');
    await forbidden('Mailbox/set', { update: { [work]: { sortOrder: 7 } } }, 'notUpdated');
    await forbidden('Mailbox/set', { create: { a: { name: 'New', parentId: work } } }, 'notCreated');
    await forbidden('Mailbox/set', { create: { a: { name: 'New' } } }, 'notCreated');
    await forbidden(
      'Mailbox/set',
      { create: { a: { name: 'x', parentId: hidden } } },
      'notCreated',
      'invalidProperties',
    );
    assert.equal((await owner.call('Email/get', { ids: [] })).state, state);
    const seen = await bo.call(
      'Email/set',
      of({ update: { [email as string]: { 'keywords/$seen': true } } }),
    );
    assert.deepEqual(seen.updated, { [email as string]: null });
  });

  test('what is taken is gone at once', async () => {
    const ids = await emailIds(bo);
    await share('Work/Old/Deep', '');
    const left = await bo.call('Email/get', of({ ids, properties: ['subject'] }));
    assert.ok(left.list.every(({ subject }: Answer) => subject !== 'fossil'));
    assert.equal(left.notFound.length, 1);
    await share('Work', '');
    assert.equal((await bo.error('Email/get', of({ ids }))).type, 'accountNotFound');
    const blob = ids[0]?.replace('e', 'b');
    assert.equal((await bo.fetch(`/jmap/download/${owner.accountId}/${blob}/x`)).status, 404);
    await share('Work', 'lrs');
  });

  test('of what is taken while it is looked at nothing is told', async () => {
    const [work, old] = [await mailboxId('Work'), await mailboxId('Old')];
    for (let i = 0; i < 20; i++) await add('Work/Old', `old${i}`);
    for (let round = 0; round < 20; round++) {
      const turns = round % 2 === 0 ? 'lr' : '';
      const asked = Promise.all(
        Array.from({ length: 4 }, () => bo.call('Email/query', of({ filter: { text: 'words' } }))),
      );
      await share('Work/Old', turns);
      const mailboxes = await bo.call('Mailbox/get', of({ ids: null }));
      const shown = mailboxes.list.map(({ id }: Answer) => id);
      assert.deepEqual(shown, turns === '' ? [work] : [work, old], `round ${round}`);
      await asked;
      const { list } = await bo.call('Email/get', of({ ids: await emailIds(bo), properties: ['subject'] }));
      assert.equal(
        list.some(({ subject }: Answer) => /^old/.test(subject)),
        turns !== '',
        `round ${round}`,
      );
    }
  });
});

describe('in an account of somebody else', () => {
  const subjectsIn = async (client: JmapClient, account: string, filter: Answer) => {
    const [, [, got]] = (await client.calls([
      ['Email/query', { accountId: account, filter }],
      [
        'Email/get',
        {
          accountId: account,
          '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' },
          properties: ['subject', 'keywords', 'receivedAt'],
        },
      ],
    ])) as readonly [unknown, readonly [string, Answer]];
    return got.list;
  };

  test('mail is made, marked, moved and destroyed by right', async () => {
    await share('Work', 'lrswite');
    const session = await bo.session();
    assert.equal(session.accounts[owner.accountId].isReadOnly, false);
    const work = await mailboxId('Work');
    const upload = await bo.fetch(`/jmap/upload/${owner.accountId}`, { method: 'POST', body: 'note' });
    const { blobId, accountId } = (await upload.json()) as Answer;
    assert.deepEqual([upload.status, accountId], [201, owner.accountId]);
    const attachments = [{ blobId, type: 'text/plain', name: 'note.txt' }];
    const made = await bo.call(
      'Email/set',
      of({
        create: {
          a: {
            mailboxIds: { [work]: true },
            subject: 'made',
            keywords: { $seen: true, $draft: true },
            attachments,
          },
        },
      }),
    );
    const { id, keywords } = made.created.a;
    assert.deepEqual(keywords, { $draft: true, $seen: true });
    const [own] = (await owner.call('Email/get', { ids: [id], properties: ['keywords'] })).list;
    assert.deepEqual(own.keywords, { $draft: true });
    assert.equal((await owner.fetch(`/jmap/download/${owner.accountId}/${blobId}/x`)).status, 404);
    const marked = await bo.call('Email/set', of({ update: { [id]: { 'keywords/$flagged': true } } }));
    assert.deepEqual(marked.updated, { [id]: null });
    const gone = await bo.call('Email/set', of({ destroy: [id] }));
    assert.deepEqual(gone.destroyed, [id]);
    assert.equal((await owner.call('Email/get', { ids: [id] })).notFound.length, 1);
    await share('Work', 'lri');
    const poor = await bo.call(
      'Email/set',
      of({ create: { a: { mailboxIds: { [work]: true }, subject: 'poor', keywords: { $seen: true } } } }),
    );
    assert.deepEqual(poor.created.a.keywords, {});
    await share('Work', 'lrs');
  });

  test('what is moved out of sight is gone for the visitor, and stays where it is elsewhere', async () => {
    await share('Work', 'lrswite');
    const [plan] = await emailIds(bo, of({ filter: { subject: 'plan' } }));
    const id = plan as string;
    await owner.call('Email/set', {
      update: { [id]: { [`mailboxIds/${await mailboxId('Private')}`]: true } },
    });
    const { list } = await bo.call('Email/get', of({ ids: [id], properties: ['mailboxIds'] }));
    assert.deepEqual(list[0].mailboxIds, { [await mailboxId('Work')]: true });
    const { state } = await bo.call('Email/get', of({ ids: [] }));
    assert.deepEqual((await bo.call('Email/set', of({ destroy: [id] }))).destroyed, [id]);
    assert.deepEqual((await bo.call('Email/changes', of({ sinceState: state }))).destroyed, [id]);
    const left = (await owner.call('Email/get', { ids: [id], properties: ['mailboxIds'] })).list[0];
    assert.deepEqual(left.mailboxIds, { [await mailboxId('Private')]: true });
    await owner.call('Email/set', { update: { [id]: { mailboxIds: { [await mailboxId('Work')]: true } } } });
    await share('Work', 'lrs');
  });

  test('mail is copied from one account to another, and moved (RFC 8621 §4.7)', async () => {
    await share('Work', 'lrswite');
    const inbox = (await bo.call('Mailbox/query', { filter: { role: 'inbox' } })).ids[0];
    const work = await mailboxId('Work');
    const [plan] = await emailIds(bo, of({ filter: { subject: 'plan' } }));
    const over = { fromAccountId: owner.accountId };
    const copy = (args: Answer) =>
      bo.calls([
        ['Email/copy', { ...over, create: { a: { id: plan, mailboxIds: { [inbox]: true } } }, ...args }],
      ]);
    const [[, copied] = ['', {} as Answer]] = await copy({});
    assert.deepEqual(Object.keys(copied.created.a).sort(), ['blobId', 'id', 'size', 'threadId']);
    const [mine] = await subjectsIn(bo, bo.accountId, { subject: 'plan' });
    const [theirs] = await subjectsIn(bo, owner.accountId, { subject: 'plan' });
    assert.deepEqual([mine.receivedAt, mine.keywords], [theirs.receivedAt, theirs.keywords]);
    const { state } = await bo.call('Email/get', { ids: [] });
    assert.equal((await copy({ ifInState: `${state}0` }))[0]?.[1].type, 'stateMismatch');
    const wrong = await copy({ create: { a: { id: 'e999', mailboxIds: { [inbox]: true } } } });
    assert.equal(wrong[0]?.[1].notCreated.a.type, 'notFound');
    const back = { accountId: owner.accountId, fromAccountId: bo.accountId, onSuccessDestroyOriginal: true };
    const create = { a: { id: mine.id, mailboxIds: { [work]: true }, keywords: { later: true } } };
    const [moved, destroyed] = await bo.calls([['Email/copy', { ...back, create }]]);
    assert.equal(moved?.[1].notCreated, null);
    assert.deepEqual([destroyed?.[0], destroyed?.[1].destroyed], ['Email/set', [mine.id]]);
    assert.deepEqual(await subjectsIn(bo, bo.accountId, { subject: 'plan' }), []);
    const there = await subjectsIn(bo, owner.accountId, { subject: 'plan' });
    assert.equal(there.length, 2);
    await share('Work', 'lrs');
    const kept = await copy({ onSuccessDestroyOriginal: true });
    assert.equal(kept[1]?.[1].notDestroyed[plan as string].type, 'forbidden');
    assert.equal((await subjectsIn(bo, owner.accountId, { subject: 'plan' })).length, 2);
    const hidden = await emailIds(owner, { filter: { subject: 'secret' } });
    const stolen = await copy({ create: { a: { id: hidden[0], mailboxIds: { [inbox]: true } } } });
    assert.equal(stolen[0]?.[1].notCreated.a.type, 'notFound');
    const blob = hidden[0]?.replace('e', 'b') as string;
    const blobs = await bo.call('Blob/copy', {
      ...over,
      blobIds: [blob, (plan as string).replace('e', 'b')],
    });
    assert.equal(blobs.notCopied[blob].type, 'notFound');
    assert.equal(Object.keys(blobs.copied).length, 1);
  });

  test('mailboxes are made, renamed, subscribed and deleted by right', async () => {
    await share('Work', 'lrk');
    const work = await mailboxId('Work');
    const made = await bo.call('Mailbox/set', of({ create: { a: { name: 'Team', parentId: work } } }));
    const { id, myRights, isSubscribed } = made.created.a;
    assert.deepEqual([myRights.mayCreateChild, myRights.mayRename, isSubscribed], [true, false, false]);
    await bo.call('Mailbox/set', of({ update: { [id]: { isSubscribed: true } } }));
    const after = (await bo.call('Mailbox/get', of({ ids: [id] }))).list[0];
    assert.deepEqual([after.isSubscribed, after.parentId], [true, work]);
    const rename = (name: string) => bo.call('Mailbox/set', of({ update: { [id]: { name } } }));
    assert.equal((await rename('Crew')).notUpdated[id].type, 'forbidden');
    await share('Work/Team', 'lrx');
    assert.deepEqual((await rename('Crew')).updated, { [id]: null });
    const taken = await bo.call('Mailbox/set', of({ update: { [id]: { name: 'Old' } } }));
    assert.deepEqual(taken.notUpdated[id], {
      type: 'invalidProperties',
      properties: ['name'],
      description: taken.notUpdated[id].description,
    });
    const gone = await bo.call('Mailbox/set', of({ destroy: [id] }));
    assert.deepEqual(gone.destroyed, [id]);
    const [inbox] = (await bo.call('Mailbox/query', {})).ids;
    assert.equal((await bo.call('Mailbox/set', of({ destroy: [inbox] }))).destroyed, null);
    await share('Work', 'lrs');
  });

  test('of what is asked for in one call nothing is done that was taken meanwhile', async () => {
    for (let round = 0; round < 6; round++) {
      await share('Work', 'lrswite');
      const work = await mailboxId('Work');
      const create = Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => [
          `n${i}`,
          { mailboxIds: { [work]: true }, subject: `race${i}` },
        ]),
      );
      const [answers] = await Promise.all([
        bo.calls(Array.from({ length: 5 }, () => ['Email/set', of({ create })] as const)),
        share('Work', 'lr'),
      ]);
      const made = answers.reduce((sum, [, { created }]) => sum + Object.keys(created ?? {}).length, 0);
      const there = await subjectsIn(owner, owner.accountId, { subject: 'race' });
      assert.equal(there.length, made);
      const late = await bo.call(
        'Email/set',
        of({ create: { a: { mailboxIds: { [work]: true }, subject: 'late' } } }),
      );
      assert.equal(late.notCreated.a.type, 'forbidden');
      await owner.call('Email/set', { destroy: await emailIds(owner, { filter: { subject: 'race' } }) });
    }
    await share('Work', 'lrs');
  });
});

describe('who shares does so over JMAP (RFC 9670)', () => {
  const PRINCIPALS = 'urn:ietf:params:jmap:principals';
  const idOf = (address: string): string => `p${Buffer.from(address).toString('base64url')}`;
  const READ = { mayReadItems: true, maySetSeen: true };
  const setShares = async (mailbox: string, patch: Answer, client = owner, args: Answer = {}) => {
    const { updated, notUpdated } = await client.call('Mailbox/set', {
      ...args,
      update: { [mailbox]: patch },
    });
    return updated === null ? notUpdated[mailbox] : undefined;
  };
  const sharesOf = async (mailbox: string, client = owner, args: Answer = {}) =>
    (await client.call('Mailbox/get', { ...args, ids: [mailbox] })).list[0].shareWith;

  test('the session says who one is, and whose an account is', async () => {
    const { capabilities, accounts, primaryAccounts } = await bo.session();
    assert.deepEqual(capabilities[PRINCIPALS], {});
    assert.equal(primaryAccounts[PRINCIPALS], bo.accountId);
    const { [bo.accountId]: own, [owner.accountId]: shared } = accounts;
    assert.deepEqual(own.accountCapabilities[PRINCIPALS], { currentUserPrincipalId: idOf('bo@example.com') });
    assert.equal(shared.accountCapabilities[PRINCIPALS], undefined);
    assert.deepEqual(shared.accountCapabilities[`${PRINCIPALS}:owner`], {
      accountIdForPrincipal: bo.accountId,
      principalId: idOf(OWNER),
    });
  });

  test('principals are found by whoever knows them, and listed to nobody else', async () => {
    const { ids, queryState } = await bo.call('Principal/query', {});
    assert.deepEqual([...ids].sort(), ['anyone', idOf('bo@example.com'), idOf(OWNER)].sort());
    const asked = await bo.call('Principal/query', { filter: { email: 'stranger@example.com' } });
    assert.deepEqual(asked.ids, [idOf('stranger@example.com')]);
    for (const filter of [{ email: 'strange' }, { name: 'stranger' }, { text: 'stranger' }])
      assert.deepEqual((await bo.call('Principal/query', { filter })).ids, [], JSON.stringify(filter));
    const { list, notFound, state } = await bo.call('Principal/get', {
      ids: [idOf(OWNER), idOf('nobody@example.com'), 'p1', 'anyone'],
    });
    assert.deepEqual(notFound, [idOf('nobody@example.com'), 'p1']);
    assert.deepEqual(
      list.map(({ type, email }: Answer) => [type, email]),
      [
        ['individual', OWNER],
        ['group', null],
      ],
    );
    assert.deepEqual(Object.keys(list[0].accounts), [owner.accountId]);
    assert.equal(queryState, state);
    assert.equal((await bo.call('Principal/changes', { sinceState: state })).newState, state);
    assert.equal((await bo.error('Principal/changes', { sinceState: 'x' })).type, 'cannotCalculateChanges');
    const own = idOf('bo@example.com');
    const set = await bo.call('Principal/set', { update: { [own]: { name: 'Root' } }, destroy: [own] });
    assert.deepEqual([set.notUpdated[own].type, set.notDestroyed[own]?.type], ['willDestroy', 'forbidden']);
    assert.equal((await bo.error('Principal/get', of({ ids: null }))).type, 'accountNotSupportedByMethod');
  });

  test('shareWith gives and takes rights, as SETACL does', async () => {
    const work = await mailboxId('Work');
    const [boId, strangerId] = [idOf('bo@example.com'), idOf('stranger@example.com')];
    assert.equal((await sharesOf(work))[boId].mayReadItems, true);
    assert.equal(await sharesOf(work, bo, of()), null);
    const whole = { [boId]: { ...READ, mayAddItems: true }, anyone: { mayReadItems: true } };
    assert.equal(await setShares(work, { shareWith: whole }), undefined);
    const acl = async (): Promise<string> => (await imap.ok('GETACL Work')).untagged.join();
    assert.match(await acl(), / bo@example\.com lrsi anyone lr$/);
    assert.equal(await setShares(work, { [`shareWith/${strangerId}`]: { mayAddItems: true } }), undefined);
    assert.equal(await setShares(work, { [`shareWith/${boId}/mayAddItems`]: false }), undefined);
    assert.equal(await setShares(work, { 'shareWith/anyone': null }), undefined);
    assert.match(await acl(), / bo@example\.com lrs stranger@example\.com i$/);
    await share('Work', 's', '-bo@example.com');
    assert.equal(await setShares(work, { shareWith: null }), undefined);
    assert.match(await acl(), / -bo@example\.com s$/);
    assert.equal(await sharesOf(work), null);
    await share('Work', '', '-bo@example.com');
    for (const [patch, type] of [
      [{ [`shareWith/${idOf('nobody@example.com')}`]: READ }, 'invalidProperties'],
      [{ 'shareWith/a1': READ }, 'invalidProperties'],
      [{ [`shareWith/${boId}`]: { mayFly: true } }, 'invalidProperties'],
      [{ [`shareWith/${boId}/mayAddItems/x`]: true }, 'invalidPatch'],
      [{ [`shareWith/${boId}`]: 7 }, 'invalidProperties'],
      [{ shareWith: [boId] }, 'invalidProperties'],
      [{ [`shareWith/${idOf(OWNER)}`]: READ }, 'forbidden'],
    ] as const)
      assert.equal((await setShares(work, patch))?.type, type, JSON.stringify(patch));
    const plain = await owner.post({
      using: CAPABILITIES,
      methodCalls: [
        ['Mailbox/get', { accountId: owner.accountId, ids: [work] }, '0'],
        ['Mailbox/set', { accountId: owner.accountId, update: { [work]: { shareWith: null } } }, '1'],
        ['Principal/get', { accountId: owner.accountId }, '2'],
      ],
    });
    const [got, set, principals] = ((await plain.json()) as Answer).methodResponses;
    assert.deepEqual(['shareWith' in got[1].list[0], 'mayShare' in got[1].list[0].myRights], [false, false]);
    assert.equal(set[1].notUpdated[work].type, 'invalidProperties');
    assert.equal(principals[1].type, 'unknownMethod');
  });

  test('whoever may give rights does, and nobody else', async () => {
    const work = await mailboxId('Work');
    const [boId, strangerId] = [idOf('bo@example.com'), idOf('stranger@example.com')];
    await share('Work', 'lr');
    assert.equal((await setShares(work, { [`shareWith/${strangerId}`]: READ }, bo, of()))?.type, 'forbidden');
    assert.equal(
      (await setShares(work, { [`shareWith/${boId}/mayShare`]: true }, bo, of()))?.type,
      'forbidden',
    );
    await share('Work', 'lra');
    assert.equal(await setShares(work, { [`shareWith/${strangerId}`]: READ }, bo, of()), undefined);
    assert.deepEqual(Object.keys(await sharesOf(work, bo, of())), [boId, strangerId]);
    assert.ok((await stranger.session()).accounts[owner.accountId]);
    const made = await owner.call('Mailbox/set', {
      create: {
        a: { name: 'Shared', shareWith: { [boId]: READ } },
        b: { name: 'Sub', parentId: work, shareWith: null },
      },
    });
    assert.equal(Object.keys(await sharesOf(made.created.a.id)).length, 1);
    assert.equal(await sharesOf(made.created.b.id), null);
    await owner.call('Mailbox/set', { destroy: [made.created.a.id, made.created.b.id] });
    await share('Work', '', 'stranger@example.com');
    await share('Work', 'lrs');
  });

  test('who is let in is told by whom, and of nothing that he may not see', async () => {
    const before = await stranger.call('ShareNotification/get', { ids: null });
    await stranger.call('ShareNotification/set', { destroy: before.list.map(({ id }: Answer) => id) });
    const { state } = await stranger.call('ShareNotification/get', { ids: [] });
    await share('Private', 'i', 'stranger@example.com');
    assert.equal((await stranger.call('ShareNotification/get', { ids: [] })).state, state);
    await share('Work', 'lr', 'stranger@example.com');
    const work = await mailboxId('Work');
    const told = await stranger.call('ShareNotification/changes', { sinceState: state });
    assert.equal(told.created.length, 1);
    const { list } = await stranger.call('ShareNotification/get', { ids: told.created });
    const { id, created, newRights, ...rest } = list[0];
    assert.deepEqual(rest, {
      changedBy: { name: OWNER, email: OWNER, principalId: idOf(OWNER) },
      objectType: 'Mailbox',
      objectAccountId: owner.accountId,
      objectId: work,
      oldRights: null,
      name: 'Work',
    });
    assert.deepEqual([newRights.mayReadItems, newRights.mayAddItems], [true, false]);
    const query = async (filter: Answer) => (await stranger.call('ShareNotification/query', { filter })).ids;
    assert.deepEqual(await query({ objectType: 'Mailbox', objectAccountId: owner.accountId }), [id]);
    assert.deepEqual(await query({ objectType: 'Calendar' }), []);
    assert.deepEqual(await query({ before: created }), []);
    const refused = await stranger.call('ShareNotification/set', { create: { a: {} }, update: { [id]: {} } });
    assert.deepEqual([refused.notCreated.a.type, refused.notUpdated[id].type], ['forbidden', 'forbidden']);
    assert.deepEqual((await stranger.call('ShareNotification/set', { destroy: [id] })).destroyed, [id]);
    for (const name of ['Work', 'Private']) await share(name, '', 'stranger@example.com');
  });
});

describe('changes as they happen', () => {
  /** Events of state as they come. */
  async function* listen(client: JmapClient, headers = {}): AsyncGenerator<{ id: string; changed: Answer }> {
    const stop = new AbortController();
    const query = 'types=*&closeafter=no&ping=0';
    const reply = await client.fetch(`/jmap/events?${query}`, { signal: stop.signal, headers });
    let text = '';
    try {
      for await (const piece of reply.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(piece).toString();
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const [, id = '', data = ''] = /id: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
          const isBegin = text.startsWith(':');
          text = text.slice(end + 2);
          if (data !== '') yield { id, changed: JSON.parse(data).changed };
          else if (isBegin) yield { id: '', changed: {} };
        }
      }
    } finally {
      stop.abort();
    }
  }

  test('are told of what is shared, and of nothing else', async () => {
    await share('Work', 'lrs');
    const stream = listen(bo);
    await stream.next();
    await add('Private', 'quiet');
    await add('Work', 'loud');
    const { value } = await stream.next();
    const { [owner.accountId]: changed, ...rest } = value?.changed ?? {};
    assert.deepEqual([Object.keys(changed).sort(), rest], [['Email', 'Mailbox', 'Thread'], {}]);
    assert.equal(changed.Email, (await bo.call('Email/get', of({ ids: [] }))).state);
    const away = value?.id as string;
    await stream.return(undefined);
    await add('Work', 'missed');
    const again = listen(bo, { 'last-event-id': away });
    await again.next();
    const missed = (await again.next()).value?.changed[owner.accountId];
    assert.equal(missed.Email, (await bo.call('Email/get', of({ ids: [] }))).state);
    await share('Work', '');
    await add('Work', 'secret2');
    await server.imap.addMessage('bo@example.com', 'INBOX', { bytes: 'Subject: own\r\n\r\n' });
    for (;;) {
      const { value: next } = await again.next();
      assert.equal(next?.changed[owner.accountId], undefined);
      if (next?.changed[bo.accountId]?.Email !== undefined) break;
    }
    await share('Work', 'lrs');
    for (let next = await again.next(); next.value?.changed[bo.accountId]?.ShareNotification === undefined; )
      next = await again.next();
    await add('Work', 'back');
    const back = (await again.next()).value?.changed;
    assert.deepEqual(Object.keys(back), [owner.accountId]);
    await again.return(undefined);
  });
});

/** What a program knows of an account of somebody else; it begins anew when it is told to. */
class Known {
  state: string | undefined;
  ids = new Set<string>();
  readonly #client: JmapClient;
  readonly #accountId: string;
  readonly #type: 'Email' | 'Thread';
  readonly #maxChanges: number;

  constructor(client: JmapClient, accountId: string, type: 'Email' | 'Thread', maxChanges: number) {
    this.#client = client;
    this.#accountId = accountId;
    this.#type = type;
    this.#maxChanges = maxChanges;
  }

  /** True when there is more. */
  async step(): Promise<boolean> {
    const account = { accountId: this.#accountId };
    if (this.state === undefined) return this.#beginAnew();
    const asked = { ...account, sinceState: this.state, maxChanges: this.#maxChanges };
    const [[name, answer] = ['', undefined]] = await this.#client.calls([[`${this.#type}/changes`, asked]]);
    if (name === 'error') {
      assert.equal(answer.type, 'cannotCalculateChanges');
      this.state = undefined;
      return true;
    }
    for (const id of answer.created) {
      assert.ok(!this.ids.has(id), `${id} is created twice`);
      this.ids.add(id);
    }
    for (const id of answer.updated) assert.ok(this.ids.has(id), `${id} is updated and was never there`);
    for (const id of answer.destroyed) assert.ok(this.ids.delete(id), `${id} was never there`);
    this.state = answer.newState;
    return answer.hasMoreChanges;
  }

  async #beginAnew(): Promise<boolean> {
    const collapseThreads = false;
    const [[, queried], [, got]] = (await this.#client.calls([
      ['Email/query', { accountId: this.#accountId, collapseThreads }],
      [
        'Email/get',
        {
          accountId: this.#accountId,
          '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' },
          properties: ['threadId'],
        },
      ],
    ])) as unknown as readonly [readonly [string, Answer], readonly [string, Answer]];
    const ofType = ({ id, threadId }: Answer): string => (this.#type === 'Email' ? id : threadId);
    this.ids = new Set(got.list.map(ofType));
    this.state = this.#type === 'Email' ? queried.queryState : queried.queryState.replace('e', 't');
    return false;
  }
}

test('property: whoever is told what changed has what he may see, while mail and rights change at random', async () => {
  const { domain } = server.kit;
  const visitorId = Number(bo.accountId.slice(1)) as AccountState['id'];
  const person: Person = { id: visitorId, identities: new Set([accountIdentity(visitorId), 'anyone']) };
  for (let seed = 1; seed <= runs(2); seed++) {
    const shared = await server.addAccount(`shared${seed}@example.com`, 'secret');
    const account = await domain.accounts.open(Number(shared.accountId.slice(1)) as AccountState['id']);
    const mail = new RandomAccount(domain, account, seed);
    const { accountId } = shared;
    const give = (rights: string) =>
      changeShares(domain, account, mail.oneOf(mail.mailboxes), accountIdentity(visitorId), {
        mode: 'replace',
        rights: rights as Rights,
      });
    const inbox = account.byName.get('INBOX');
    const readsIn = (mailbox: { readonly id: never }) => rightsIn(account.shares.get(mailbox.id), person);
    await changeShares(domain, account, inbox as never, accountIdentity(visitorId), {
      mode: 'replace',
      rights: 'lrs' as Rights,
    });
    const clients = (['Email', 'Thread'] as const).flatMap((type) =>
      [1, 3, 1000].map((most) => ({ type, known: new Known(bo, accountId, type, most) })),
    );
    for (let round = 0; round < 20; round++) {
      for (let i = mail.pick(6); i >= 0; i--) await mail.act();
      for (const { known } of clients) if (mail.pick(2) === 0) await known.step();
      if (mail.pick(4) === 0) await give(mail.oneOf(['', 'l', 'lr', 'lrswite']));
      if (mail.pick(2) === 0) await seenBySomebody(mail, visitorId);
      if (!readsIn(inbox as never).includes('r')) await give('lr');
      if (
        account.byName.get('INBOX') !== undefined &&
        ![...account.mailboxes.values()].some((m) => readsIn(m as never).includes('l'))
      )
        await changeShares(domain, account, inbox as never, accountIdentity(visitorId), {
          mode: 'replace',
          rights: 'lr' as Rights,
        });
      const shown = (await mail.shown()).filter(({ mailbox }) => {
        const rights = readsIn(mailbox as never);
        return rights.includes('l') && rights.includes('r');
      });
      const emails = Map.groupBy(shown, ({ email }) => email);
      const threads = new Set([...emails.keys()].map((email) => mail.said.get(email)?.thread as number));
      const truth = {
        Email: [...emails.keys()].map(emailObjectId).sort(),
        Thread: [...threads].map(threadObjectId).sort(),
      };
      for (const { type, known } of clients) {
        while (await known.step());
        assert.deepEqual([...known.ids].sort(), truth[type], `seed ${seed}, round ${round}, ${type}`);
      }
      const { list } = await bo.call('Email/get', {
        accountId,
        ids: truth.Email,
        properties: ['mailboxIds', 'keywords'],
      });
      for (const { id, mailboxIds, keywords } of list) {
        const messages = emails.get(Number(id.slice(1))) ?? [];
        const places = new Set(messages.map(({ mailbox }) => mailboxObjectId(mailbox.id)));
        assert.deepEqual(Object.keys(mailboxIds).sort(), [...places].sort());
        const isSeen = messages.every(({ mailbox, uid }) =>
          account.seen.get(mailbox.id)?.get(visitorId)?.has(uid),
        );
        assert.equal(keywords.$seen === true, isSeen, `seed ${seed}, round ${round}, ${id}`);
      }
      const seen = await emailIds(bo, { accountId, filter: { hasKeyword: '$seen' } });
      assert.deepEqual(
        [...seen].sort(),
        list.flatMap(({ id, keywords }: Answer) => (keywords.$seen ? [id] : [])).sort(),
      );
    }
  }
});

async function seenBySomebody(mail: RandomAccount, reader: AccountState['id']): Promise<void> {
  const { domain, account } = mail;
  const { mailbox, uid } = mail.oneOf(await mail.shown()) ?? {};
  if (mailbox === undefined || uid === undefined) return;
  const as = { id: reader, flags: FLAG.Seen, mayChangeKeywords: false };
  const wanted = { mode: mail.oneOf(['add', 'remove'] as const), flags: FLAG.Seen, keywords: [], reader: as };
  await changeFlags(domain, account, mailbox, [uid], wanted);
}

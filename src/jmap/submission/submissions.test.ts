/** Identities and submissions over a real socket, with the queue at work on the same mail, and IMAP as the witness. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ImapClient } from '../../../test/imap-client.ts';
import { startDns, type TestDns } from '../../../test/kit/dns.ts';
import { recipientsOf } from '../../../test/kit/domain.ts';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { FAST } from '../../../test/kit/queue.ts';
import { Resolver } from '../../dns/resolver.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { OutgoingId } from '../../mailbox/model/outgoing.ts';
import { dropOutgoing } from '../../mailbox/operations/outgoing.ts';
import { Queue } from '../../queue/queue.ts';
import type { JsonObject } from '../core/json.ts';
import { MAIL_STATES, statesOf } from '../push/type-states.ts';
import { SentMail } from './sent-mail.ts';

let server: TestJmap;
let queue: Queue;
let dns: TestDns;
let imap: ImapClient;
const boxes: Record<string, string> = {};
let identity: string;

before(async () => {
  dns = await startDns({ zone: [] });
  server = await startTestJmap({ submission: { maxRecipients: 3, maxMessageBytes: 100_000 } });
  const { domain, activity } = server.kit;
  await server.addAccount('bob@example.com', 'secret');
  await domain.store.directory.domains.changeAlias('info@example.com', {
    added: ['alice@example.com'],
    createdMs: 0,
  });
  const sent = new SentMail(domain, domain.log);
  domain.turns.outbox.listenForEnds((ids) => {
    for (const id of ids) sent.tried(id);
  });
  queue = new Queue({
    ...{ domain, activity, log: domain.log, recipients: recipientsOf(domain), schedule: FAST },
    dns: new Resolver({ servers: [dns], timeoutMs: 2000, tryMs: 500 }),
    hostname: 'mail.example.com',
    ownDomain: 'example.com',
    addresses: { allowsPrivate: true, uses: { ipv4: true, ipv6: false } },
    onTried: (id) => sent.tried(id),
  });
  queue.start();
  await server.alice.call('Mailbox/set', { create: { s: { name: 'Later', role: 'scheduled' } } });
  const { list } = await server.alice.call('Mailbox/get', { ids: null });
  for (const { role, id } of list) boxes[role] = id;
  imap = await ImapClient.signIn(server.imap.port, 'alice@example.com', 'secret');
  identity = (await server.alice.call('Identity/get', {})).list.find(
    ({ email }: Answer) => email === 'alice@example.com',
  ).id;
});
after(async () => {
  imap.close();
  await queue.stop(1000);
  await server.close();
  await dns.close();
});

const box = (role: string): string => boxes[role] as string;

function mail(more: JsonObject = {}): JsonObject {
  return {
    mailboxIds: { [box('drafts')]: true },
    keywords: { $draft: true, $seen: true },
    from: [{ name: 'Alice', email: 'alice@example.com' }],
    to: [{ name: null, email: 'bob@example.com' }],
    bcc: [{ name: null, email: 'info@example.com' }],
    subject: 'Hej',
    bodyValues: { t: { value: 'Hej\n' } },
    textBody: [{ partId: 't' }],
    ...more,
  };
}

/** A draft made and sent in one request, moved to Sent (or where it waits) when it was taken. */
async function send(email: JsonObject, submission: JsonObject = {}, to = 'sent'): Promise<readonly Answer[]> {
  const patch = { [`mailboxIds/${box('drafts')}`]: null, [`mailboxIds/${box(to)}`]: true };
  const answers = await server.alice.calls([
    ['Email/set', { create: { d: email } }],
    [
      'EmailSubmission/set',
      {
        create: { s: { identityId: identity, emailId: '#d', ...submission } },
        onSuccessUpdateEmail: { '#s': to === 'sent' ? { ...patch, 'keywords/$draft': null } : patch },
      },
    ],
  ]);
  return answers.map(([, args]) => args);
}

async function refused(email: JsonObject, submission: JsonObject = {}): Promise<Answer> {
  const [, set] = await send(email, submission);
  return set.notCreated?.s;
}

async function submission(id: string): Promise<Answer> {
  return (await server.alice.call('EmailSubmission/get', { ids: [id] })).list[0];
}

/** Until it holds: the queue works in its own time. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 400, 'it never comes');
    await pause(25);
  }
}

async function placeOf(emailId: string): Promise<string> {
  const { list } = await server.alice.call('Email/get', { ids: [emailId], properties: ['mailboxIds'] });
  return Object.keys(list[0].mailboxIds).join();
}

async function count(mailbox: string, user?: string): Promise<number> {
  const client = user === undefined ? imap : await ImapClient.signIn(server.imap.port, user, 'secret');
  const { untagged } = await client.ok(`STATUS ${mailbox} (MESSAGES)`);
  if (user !== undefined) client.close();
  return Number(/MESSAGES (\d+)/.exec(untagged[0] ?? '')?.[1]);
}

const held = (seconds: number): JsonObject => ({
  envelope: {
    mailFrom: { email: 'alice@example.com', parameters: { HOLDFOR: String(seconds) } },
    rcptTo: [{ email: 'bob@example.com', parameters: null }],
  },
});

const wishing = (parameters: JsonObject): JsonObject => ({
  envelope: {
    mailFrom: { email: 'alice@example.com', parameters },
    rcptTo: [{ email: 'bob@example.com', parameters: null }],
  },
});

test('a priority and a time go along (RFC 6710, RFC 2852)', async () => {
  const parameters = { 'MT-PRIORITY': '4', by: '600;N', HOLDFOR: '300' };
  const [, sent] = await send(mail({ subject: 'Soon' }), wishing(parameters));
  assert.equal(sent.created.s.undoStatus, 'pending');
  const { row } = (await server.kit.store.outgoing.list(0, 100)).at(-1) ?? {};
  assert.deepEqual([row?.priority, row?.deliverBy?.mode], [4, 'notify']);
  assert.ok(Math.abs((row?.deliverBy?.atMs ?? 0) - Date.now() - 600_000) < 20_000);
  const update = { [sent.created.s.id]: { undoStatus: 'canceled' } };
  await server.alice.call('EmailSubmission/set', { update });
});

test('what is wanted of an email when it is sent is done in the change that sends it', async (t) => {
  const { turns } = server.kit.domain;
  const run = turns.run.bind(turns);
  let isSent = false;
  t.mock.method(turns, 'run', async (operation: Parameters<typeof run>[0]) => {
    // As if the server were killed at this moment.
    if (isSent) throw new MailboxError('unavailable', 'no more');
    const result = (await run(operation)) as { readonly value?: { readonly outgoing?: number } } | undefined;
    isSent = result?.value?.outgoing !== undefined;
    return result;
  });
  const [made, sent, moved] = await send(mail({ subject: 'Once' }), held(3600));
  t.mock.restoreAll();
  assert.equal(sent.created.s.undoStatus, 'pending');
  assert.equal(moved.type, 'serverUnavailable');
  const { list } = await server.alice.call('Email/get', {
    ids: [made.created.d.id],
    properties: ['mailboxIds', 'keywords'],
  });
  assert.deepEqual(list[0].mailboxIds, { [box('sent')]: true });
  assert.deepEqual(list[0].keywords, { $seen: true });
  await server.alice.call('EmailSubmission/set', {
    update: { [sent.created.s.id]: { undoStatus: 'canceled' } },
  });
  await server.alice.call('Email/set', { destroy: [made.created.d.id] });
});

test('mail whose submission is destroyed while it waits leaves, and is in its place then', async () => {
  const before = await count('INBOX', 'bob@example.com');
  const [made, sent] = await send(mail({ subject: 'Untold' }), held(3), 'scheduled');
  const { id } = sent.created.s;
  assert.equal(sent.created.s.undoStatus, 'pending');
  const gone = await server.alice.call('EmailSubmission/set', { destroy: [id] });
  assert.deepEqual(gone.destroyed, [id]);
  const { list, notFound } = await server.alice.call('EmailSubmission/get', { ids: [id] });
  assert.deepEqual([list, notFound], [[], [id]]);
  const { ids } = await server.alice.call('EmailSubmission/query', { filter: { undoStatus: 'pending' } });
  assert.deepEqual(ids, []);
  assert.equal(await placeOf(made.created.d.id), box('scheduled'));
  await until(async () => (await placeOf(made.created.d.id)) === box('sent'));
  await until(async () => (await count('INBOX', 'bob@example.com')) > before);
});

test('of requests in the same state one sends', async (t) => {
  const { created } = await server.alice.call('Email/set', { create: { d: mail({ subject: 'Twice' }) } });
  const { state } = await server.alice.call('EmailSubmission/get', { ids: [] });
  const request = () =>
    server.alice.calls([
      [
        'EmailSubmission/set',
        { ifInState: state, create: { s: { identityId: identity, emailId: created.d.id, ...held(3600) } } },
      ],
    ]);
  // All of them have seen the state before one of them changes it.
  const { turns } = server.kit.domain;
  const run = turns.run.bind(turns);
  const all = Promise.withResolvers<void>();
  let asking = 0;
  t.mock.method(turns, 'run', async (operation: Parameters<typeof run>[0]) => {
    if (++asking === 3) all.resolve();
    await all.promise;
    return run(operation);
  });
  const answers = (await Promise.all([request(), request(), request()])).flat();
  t.mock.restoreAll();
  const sent = answers.filter(([name, args]) => name !== 'error' && args.created !== null);
  const refused = answers.filter(([name, args]) => name === 'error' && args.type === 'stateMismatch');
  assert.deepEqual([sent.length, refused.length], [1, 2]);
  const { ids } = await server.alice.call('EmailSubmission/query', { filter: { emailIds: [created.d.id] } });
  assert.equal(ids.length, 1);
  await server.alice.call('EmailSubmission/set', { update: { [ids[0]]: { undoStatus: 'canceled' } } });
  await server.alice.call('Email/set', { destroy: [created.d.id] });
});

test('what is no mail leaves the states of mail as they are', async () => {
  const states = async (): Promise<Answer> => {
    const [emails, threads] = await server.alice.calls([
      ['Email/get', { ids: [] }],
      ['Thread/get', { ids: [] }],
    ]);
    const { Email, EmailDelivery } = statesOf(MAIL_STATES, await server.account(), undefined);
    return [emails?.[1].state, threads?.[1].state, Email, EmailDelivery];
  };
  const { created } = await server.alice.call('Email/set', { create: { d: mail() } });
  const before = await states();
  const made = await server.alice.call('Identity/set', { create: { a: { email: 'alice@example.com' } } });
  assert.deepEqual(await states(), before);
  const sent = await server.alice.call('EmailSubmission/set', {
    create: { s: { identityId: identity, emailId: created.d.id, ...held(3600) } },
  });
  assert.deepEqual(await states(), before);
  await server.alice.call('EmailSubmission/set', {
    update: { [sent.created.s.id]: { undoStatus: 'canceled' } },
    destroy: [],
  });
  await server.alice.call('Identity/set', { destroy: [made.created.a.id] });
  assert.deepEqual(await states(), before);
  await server.alice.call('Email/set', { destroy: [created.d.id] });
});

describe('identities (RFC 8621 §6)', () => {
  test('there is one for each address, and more as the owner likes', async () => {
    const { list, state } = await server.alice.call('Identity/get', {});
    assert.deepEqual(
      list.map(({ email, mayDelete }: Answer) => [email, mayDelete]),
      [
        ['alice@example.com', false],
        ['info@example.com', false],
      ],
    );
    const { created, notCreated } = await server.alice.call('Identity/set', {
      create: {
        a: {
          email: 'alice@example.com',
          name: 'A.',
          textSignature: '-- \nA',
          bcc: [{ name: null, email: 'x@example.org' }],
        },
        b: { email: 'bob@example.com' },
        c: { email: 'alice@example.com', name: 'a\nb', mayDelete: true },
      },
    });
    assert.equal(created.a.mayDelete, true);
    assert.equal(notCreated.b.type, 'forbiddenFrom');
    assert.deepEqual(notCreated.c.properties, ['name', 'mayDelete']);
    const { id } = created.a;
    await server.alice.call('Identity/set', { update: { [id]: { name: 'Al', replyTo: null } } });
    const wrong = await server.alice.call('Identity/set', {
      update: { [id]: { email: 'info@example.com' } },
      destroy: [identity],
    });
    assert.deepEqual(wrong.notUpdated[id].properties, ['email']);
    assert.equal(wrong.notDestroyed[identity].type, 'forbidden');
    const changes = await server.alice.call('Identity/changes', { sinceState: state });
    assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[id], [], []]);
    await server.alice.call('Identity/set', { destroy: [id] });
    const after = await server.alice.call('Identity/changes', { sinceState: changes.newState });
    assert.deepEqual([after.created, after.updated, after.destroyed], [[], [], [id]]);
    assert.equal(
      (await server.alice.error('Identity/changes', { sinceState: 's1-1' })).type,
      'cannotCalculateChanges',
    );
  });
});

describe('EmailSubmission/set', () => {
  test('a draft is sent, moved to Sent, and its submission says so (RFC 8621 §7.5.1)', async () => {
    const before = await count('INBOX', 'bob@example.com');
    const [made, set, moved] = await send(mail());
    assert.equal(set.notCreated, null, JSON.stringify(set.notCreated));
    assert.deepEqual(Object.keys(moved.updated), [made.created.d.id]);
    const { id, undoStatus } = set.created.s;
    assert.equal(undoStatus, 'pending');
    await until(async () => (await submission(id)).undoStatus === 'final');
    await until(async () => (await submission(id)).deliveryStatus['bob@example.com'].delivered !== 'queued');
    const done = await submission(id);
    assert.equal(done.emailId, made.created.d.id);
    assert.equal(done.threadId, made.created.d.threadId);
    assert.deepEqual(
      done.envelope.rcptTo.map(({ email }: Answer) => email),
      ['bob@example.com', 'info@example.com'],
    );
    assert.equal(done.deliveryStatus['bob@example.com'].delivered, 'yes');
    assert.match(done.deliveryStatus['bob@example.com'].smtpReply, /^250 2\.\d\.\d /);
    assert.equal(await count('INBOX', 'bob@example.com'), before + 1);
    const [octets = ''] = (await server.kit.messagesOf('bob@example.com')).map(String).slice(-1);
    assert.doesNotMatch(octets, /^Bcc:/m);
    assert.match(octets, /^Received: by mail\.example\.com with HTTP id /m);
    await imap.ok('EXAMINE Sent');
    const { untagged } = await imap.ok('FETCH * (FLAGS BODY.PEEK[HEADER.FIELDS (Bcc)])');
    await imap.ok('UNSELECT');
    assert.match(untagged.join(), /FLAGS \(\\Seen[^)]*\).*Bcc: <info@example\.com>/s);
  });

  const rows: readonly (readonly [what: string, email: JsonObject, more: JsonObject, type: string])[] = [
    ['no From', { from: null }, {}, 'invalidEmail'],
    ['a From of somebody else', { from: [{ email: 'bob@example.com' }] }, {}, 'forbiddenFrom'],
    ['a From of another identity', { from: [{ email: 'info@example.com' }] }, {}, 'forbiddenFrom'],
    ['nobody to send to', { to: null, bcc: null }, {}, 'noRecipients'],
    [
      'too many',
      { to: ['b', 'c', 'd', 'e'].map((one) => ({ email: `${one}@example.org` })) },
      {},
      'tooManyRecipients',
    ],
    ['somebody who is not', { to: [{ email: 'nobody@example.com' }] }, {}, 'invalidRecipients'],
    ['what is no address', { to: [{ email: 'bob' }] }, {}, 'invalidRecipients'],
    ['a message that is too large', { bodyValues: { t: { value: 'x'.repeat(100_000) } } }, {}, 'tooLarge'],
    [
      'a sender of the envelope who is somebody else',
      {},
      { envelope: { mailFrom: { email: 'bob@example.com' }, rcptTo: [{ email: 'bob@example.com' }] } },
      'forbiddenMailFrom',
    ],
    ['an envelope that is none', {}, { envelope: { mailFrom: 'x' } }, 'invalidProperties'],
    [
      'a parameter that nobody knows',
      {},
      { envelope: { mailFrom: { email: 'alice@example.com', parameters: { NOSE: '1' } }, rcptTo: [] } },
      'invalidProperties',
    ],
    ['a wait of years', {}, held(401 * 86_400), 'invalidProperties'],
    ['a priority beyond 9', {}, wishing({ 'MT-PRIORITY': '12' }), 'invalidProperties'],
    ['more waiting than time', {}, wishing({ BY: '60;R', HOLDFOR: '61' }), 'invalidProperties'],
    ['no such identity', {}, { identityId: 'i999' }, 'invalidProperties'],
    ['no such email', {}, { emailId: 'e999' }, 'invalidProperties'],
    ['what is for the server', {}, { undoStatus: 'final' }, 'invalidProperties'],
  ];
  for (const [what, email, more, type] of rows)
    test(`${what} is ${type}, and nothing leaves`, async () => {
      const { messages } = await server.kit.store.outgoing.measure(Date.now());
      const error = await refused(mail(email), more);
      assert.equal(error?.type, type, JSON.stringify(error));
      if (type === 'tooLarge') assert.equal(error.maxSize, 100_000);
      if (type === 'tooManyRecipients') assert.equal(error.maxRecipients, 3);
      if (type === 'invalidRecipients') assert.equal(error.invalidRecipients.length, 1);
      assert.equal((await server.kit.store.outgoing.measure(Date.now())).messages, messages);
    });

  test('who is named twice has it once, however his address is written', async () => {
    const bob = await ImapClient.signIn(server.imap.port, 'bob@example.com', 'secret');
    const count = async (): Promise<number> => {
      const said = await bob.ok('STATUS INBOX (MESSAGES)');
      return Number(/MESSAGES (\d+)/.exec(JSON.stringify(said))?.[1]);
    };
    const before = await count();
    await send(mail({ cc: [{ name: null, email: 'Bob@Example.com' }], bcc: null }));
    for (let left = 1; left > 0; await pause(20))
      left = (await server.kit.domain.store.outgoing.list(0, 10)).length;
    assert.equal((await count()) - before, 1);
    bob.close();
  });

  test('what waits is taken back: it is a draft again, and never arrives', async () => {
    const before = await count('INBOX', 'bob@example.com');
    const [made, set] = await send(mail(), held(3600), 'scheduled');
    const { id, sendAt, undoStatus } = set.created.s;
    assert.equal(undoStatus, 'pending');
    assert.ok(Date.parse(sendAt) > Date.now() + 3_500_000);
    assert.equal(await count('Later'), 1);
    const back = { [`mailboxIds/${box('scheduled')}`]: null, [`mailboxIds/${box('drafts')}`]: true };
    const answers = await server.alice.calls([
      [
        'EmailSubmission/set',
        { update: { [id]: { undoStatus: 'canceled' } }, onSuccessUpdateEmail: { [id]: back } },
      ],
    ]);
    assert.deepEqual(
      answers.map(([name]) => name),
      ['EmailSubmission/set', 'Email/set'],
    );
    assert.deepEqual(answers[0]?.[1].updated, { [id]: null });
    assert.deepEqual(answers[1]?.[1].updated, { [made.created.d.id]: null });
    assert.equal((await submission(id)).undoStatus, 'canceled');
    assert.equal(await count('Later'), 0);
    assert.equal(await count('INBOX', 'bob@example.com'), before);
    assert.deepEqual(await server.kit.store.outgoing.list(0, 10), []);
  });

  test('one that is taken back while somebody looks what has become of it does not go to Sent', async (t) => {
    const before = await count('Sent');
    const [, set] = await send(mail(), held(3600), 'scheduled');
    const { id } = set.created.s;
    const { outgoing } = server.kit.domain.store;
    const load = outgoing.load.bind(outgoing);
    // Something is said to have become of it, so that it is looked at.
    for (const { row } of await outgoing.list(0, 9)) server.kit.domain.turns.outbox.noteNews(row.id);
    let isFirst = true;
    t.mock.method(outgoing, 'load', async (...args: Parameters<typeof load>) => {
      if (!isFirst) return load(...args);
      isFirst = false;
      const back = await server.alice.call('EmailSubmission/set', {
        update: { [id]: { undoStatus: 'canceled' } },
      });
      assert.deepEqual(back.updated, { [id]: null });
      return load(...args);
    });
    // Somebody else may be the first to look.
    await until(async () => (await submission(id)).undoStatus === 'canceled');
    assert.equal(isFirst, false);
    assert.equal(await count('Sent'), before);
    assert.equal(await count('Later'), 1);
    const { ids } = await server.alice.call('Email/query', { filter: { inMailbox: box('scheduled') } });
    await server.alice.call('Email/set', { destroy: ids });
  });

  test('what waits is sent when its time has come, and goes to Sent by itself', async () => {
    const before = await count('Sent');
    const [, set] = await send(mail(), held(1), 'scheduled');
    assert.equal(await count('Later'), 1);
    await until(async () => (await count('Later')) === 0);
    assert.equal(await count('Sent'), before + 1);
    const { id } = set.created.s;
    assert.equal((await submission(id)).undoStatus, 'final');
    const late = await server.alice.call('EmailSubmission/set', {
      update: { [id]: { undoStatus: 'canceled' } },
    });
    assert.equal(late.notUpdated[id].type, 'cannotUnsend');
  });

  test('what an administrator ends is canceled, not sent, and its sender is told why', async () => {
    const { domain } = server.kit;
    const later = { mailFrom: { email: 'alice@example.com', parameters: { HOLDFOR: '3600' } } };
    const rcptTo = [{ email: 'bob@example.com', parameters: null }];
    const had = await count('INBOX');
    const [, waits] = await send(mail(), { envelope: { ...later, rcptTo } }, 'scheduled');
    const { emailId } = await submission(waits.created.s.id);
    const [waiting] = (await domain.store.outgoing.list(0, 9)).filter(({ row }) => row.holdUntilMs);
    const id = waiting?.row.id as OutgoingId;
    assert.equal((await dropOutgoing(domain, [id], { reason: 'it was a mistake' })).get(id), 1);
    await until(async () => (await placeOf(emailId)) === box('drafts'));
    const { undoStatus, deliveryStatus } = await submission(waits.created.s.id);
    assert.equal(undoStatus, 'canceled');
    assert.equal(deliveryStatus['bob@example.com'].delivered, 'no');
    assert.match(deliveryStatus['bob@example.com'].smtpReply, /^550 5\.7\.0 it was a mistake/);
    await until(async () => (await count('INBOX')) === had + 1);
    const report = String((await server.kit.messagesOf('alice@example.com')).at(-1));
    assert.match(report, /Final-Recipient: rfc822; bob@example\.com/);
    assert.match(report, /Whoever looks after this server has stopped the message/);
  });

  test('a CR within the header hides no field from those who look whose name it is in', async () => {
    const field = 'X-Note: a\rFrom: bob@example.com\r\n';
    for (const place of ['before', 'behind']) {
      const from = 'From: alice@example.com\r\n';
      const bytes = `${place === 'before' ? field + from : from + field}To: bob@example.com\r\n\r\nHej\r\n`;
      await server.imap.addMessage('alice@example.com', 'INBOX', { bytes });
      const { ids } = await server.alice.call('Email/query', {});
      const newest = Math.max(...ids.map((id: string) => Number(id.slice(1))));
      const { created, notCreated } = await server.alice.call('EmailSubmission/set', {
        create: { s: { identityId: identity, emailId: `e${newest}` } },
      });
      assert.equal(created, null);
      assert.equal(notCreated.s.type, 'invalidEmail');
    }
  });

  test('a mail that is destroyed while it waits is sent all the same', async () => {
    const before = await count('INBOX', 'bob@example.com');
    const [made] = await send(mail(), held(1), 'scheduled');
    await server.alice.call('Email/set', { destroy: [made.created.d.id] });
    await until(async () => (await count('INBOX', 'bob@example.com')) === before + 1);
  });

  test('onSuccessDestroyEmail, and one Email/set also when nothing was done', async () => {
    const [made] = await send(mail(), held(3600), 'scheduled');
    const answers = await server.alice.calls([
      [
        'EmailSubmission/set',
        {
          create: { s: { identityId: identity, emailId: made.created.d.id } },
          onSuccessDestroyEmail: ['#s', '#t'],
        },
      ],
      [
        'EmailSubmission/set',
        { create: { s: { identityId: 'i999', emailId: 'e1' } }, onSuccessDestroyEmail: ['#s'] },
      ],
    ]);
    assert.deepEqual(
      answers.map(([name, , id]) => [name, id]),
      [
        ['EmailSubmission/set', '0'],
        ['Email/set', '0'],
        ['EmailSubmission/set', '1'],
        ['Email/set', '1'],
      ],
    );
    assert.deepEqual(answers[1]?.[1].destroyed, [made.created.d.id]);
  });

  test('query by what they are, changes since, and destroying the record sends all the same', async () => {
    const first = await server.alice.call('EmailSubmission/query', { filter: { undoStatus: 'pending' } });
    const [, set] = await send(mail(), held(3600), 'scheduled');
    const { id } = set.created.s;
    const { ids } = await server.alice.call('EmailSubmission/query', {
      filter: { operator: 'AND', conditions: [{ undoStatus: 'pending' }, { identityIds: [identity] }] },
      sort: [{ property: 'sentAt', isAscending: false }],
    });
    assert.equal(ids[0], id);
    const more = await server.alice.call('EmailSubmission/queryChanges', {
      filter: { undoStatus: 'pending' },
      sinceQueryState: first.queryState,
    });
    assert.ok(more.added.some((one: Answer) => one.id === id));
    assert.equal(
      (await server.alice.error('EmailSubmission/query', { sort: [{ property: 'nose' }] })).type,
      'unsupportedSort',
    );
    const { state } = await server.alice.call('EmailSubmission/get', { ids: [] });
    await server.alice.call('EmailSubmission/set', { destroy: [id] });
    const changes = await server.alice.call('EmailSubmission/changes', { sinceState: state });
    assert.deepEqual([changes.created, changes.destroyed], [[], [id]]);
    assert.equal((await server.kit.store.outgoing.list(0, 10)).length > 0, true);
  });
});

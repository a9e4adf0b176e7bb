/** How much an account may send, asked for by several requests at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestJmap } from '../../../test/kit/jmap.ts';
import { SUBMISSION_SETTINGS } from '../../../test/kit/submission.ts';

test('two that are sent at once are two', async (t) => {
  const defaults = { ...SUBMISSION_SETTINGS.defaults, messagesPerHour: 1 };
  const server = await startTestJmap({ submission: { defaults } });
  t.after(() => server.close());
  const { alice, kit } = server;
  const { list } = await alice.call('Mailbox/get', { ids: null });
  const drafts = list.find(({ role }: { role: string }) => role === 'drafts').id;
  const address = { name: null, email: 'alice@example.com' };
  const email = { mailboxIds: { [drafts]: true }, from: [address], to: [address], subject: 'x' };
  const { created } = await alice.call('Email/set', { create: { d: email } });
  const [identity] = (await alice.call('Identity/get', {})).list;
  const { outgoing } = kit.domain.store;
  const count = outgoing.countRecipients.bind(outgoing);
  const areBothAsked = Promise.withResolvers<void>();
  let asked = 0;
  t.mock.method(outgoing, 'countRecipients', async (...args: Parameters<typeof count>) => {
    if (++asked === 2) areBothAsked.resolve();
    await areBothAsked.promise;
    return count(...args);
  });
  const submission = { identityId: identity.id, emailId: created.d.id };
  const answers = await Promise.all(
    [1, 2].map(() => alice.call('EmailSubmission/set', { create: { s: submission } })),
  );
  const refused = answers.filter(({ notCreated }) => notCreated !== null);
  assert.deepEqual(
    refused.map(({ notCreated }) => notCreated.s.type),
    ['forbiddenToSend'],
  );
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDomain, type TestDomain } from '../../../test/kit/domain.ts';
import { annotationName } from '../../mail/annotation-name.ts';
import { ANNOTATION_LIMITS, NO_MAILBOX } from '../model/annotations.ts';
import type { MailboxId } from '../model/model.ts';
import { type AccountBatch, type MailStore, StoreError } from '../port/store.ts';
import type { AccountState } from '../state/account.ts';
import type { MailboxState } from '../state/mailbox.ts';
import { type Annotation, listAnnotations, readAnnotations, setAnnotations } from './annotations.ts';
import { createMailbox, deleteMailbox } from './folders.ts';

let kit: TestDomain;
let account: AccountState;
let refusing = false;

/** Refuses what is written while the test says so. */
function refusable(store: MailStore): MailStore {
  const write = store.write.bind(store);
  store.write = (batches: readonly AccountBatch[]) =>
    refusing
      ? {
          committed: Promise.resolve(batches.map(() => new StoreError('full', 'no room'))),
          durable: Promise.resolve(),
        }
      : write(batches);
  return store;
}

before(async () => {
  const serverAnnotations = new Map([['/shared/admin', 'mailto:help@example.com']]);
  kit = await openTestDomain({ serverAnnotations, wrapStore: refusable });
  const { id } = await kit.addAccount('alice@example.com', 'secret');
  account = await kit.domain.accounts.open(id);
});
after(() => kit.close());

const text = (name: string, value: string | undefined): Annotation => ({
  name,
  value: value === undefined ? undefined : Buffer.from(value),
});
const set = (mailbox: MailboxState | undefined, ...annotations: Annotation[]) =>
  setAnnotations(kit.domain, account, mailbox, annotations);
const read = async (mailbox: MailboxId, name: string) =>
  (await readAnnotations(kit.domain, account, [{ mailbox, name }]))[0]?.toString();

test('names are paths below /shared and /private (RFC 5464 §3.2)', () => {
  for (const good of ['/shared/comment', '/private/a/b/c', '/shared/vendor/x/y', '/private/a b'])
    assert.equal(annotationName(good), good);
  assert.equal(annotationName('/Private/VENDOR/Token/Colour'), '/private/vendor/token/colour');
  for (const bad of ['', '/', '/shared', '/shared/', '/other/x', 'shared/x', '/shared//x', '/shared/x/'])
    assert.equal(annotationName(bad), undefined, bad);
  for (const bad of ['/shared/*', '/shared/a%', '/shared/å', '/shared/a\x01', '/shared/vendor/token'])
    assert.equal(annotationName(bad), undefined, bad);
  assert.equal(annotationName(`/shared/${'x'.repeat(250)}`), undefined);
});

test('what is set is there after the account was read anew, and goes with its mailbox', async () => {
  const mailbox = await createMailbox(kit.domain, account, 'Work');
  await set(mailbox, text('/shared/comment', 'a\0b'), text('/private/comment', ''));
  await set(undefined, text('/private/comment', 'of the server'));
  await kit.domain.accounts.evict(account.id, 'to be read anew');
  account = await kit.domain.accounts.open(account.id);
  assert.equal(await read(mailbox.id, '/shared/comment'), 'a\0b');
  assert.equal(await read(mailbox.id, '/private/comment'), '');
  assert.equal(await read(mailbox.id, '/private/none'), undefined);
  assert.deepEqual(
    listAnnotations(kit.domain, account, NO_MAILBOX).map(({ name, sizeBytes }) => [name, sizeBytes]),
    [
      ['/private/comment', 13],
      ['/shared/admin', 23],
    ],
  );
  const renewed = account.mailboxes.get(mailbox.id) as MailboxState;
  await deleteMailbox(kit.domain, account, 'Work');
  await assert.rejects(set(renewed, text('/shared/comment', 'x')), { code: 'nonexistent' });
  assert.deepEqual([...account.annotations.keys()], [`${NO_MAILBOX}/private/comment`]);
});

test("the server's are the administrator's", async () => {
  assert.equal(await read(NO_MAILBOX, '/shared/admin'), 'mailto:help@example.com');
  for (const name of ['/shared/admin', '/shared/vendor/x/y'])
    await assert.rejects(set(undefined, text(name, 'x')), { code: 'forbidden' });
});

test('a change that the store refuses, or that is too much, has set nothing', async () => {
  const mailbox = await createMailbox(kit.domain, account, 'Full');
  await set(mailbox, text('/private/a', 'old'));
  refusing = true;
  await assert.rejects(set(mailbox, text('/private/a', undefined), text('/private/b', 'new')), {
    code: 'unavailable',
  });
  refusing = false;
  assert.equal(await read(mailbox.id, '/private/a'), 'old');
  assert.equal(await read(mailbox.id, '/private/b'), undefined);

  const { perMailbox, valueBytes } = ANNOTATION_LIMITS;
  const accountBytes = kit.domain.limits.annotationBytes(account.record);
  const many = Array.from({ length: perMailbox }, (_, n) => text(`/private/n${n}`, 'x'));
  await assert.rejects(set(mailbox, ...many), { code: 'limit' });
  await set(mailbox, ...many.slice(1));
  await assert.rejects(set(mailbox, text('/private/one-more', '')), { code: 'limit' });
  await assert.rejects(set(mailbox, text('/private/a', 'x'.repeat(valueBytes + 1))), { code: 'too-big' });
  const large = Buffer.alloc(valueBytes);
  const fill = Array.from({ length: accountBytes / valueBytes }, (_, n) => ({
    name: `/private/large${n}`,
    value: large,
  }));
  const other = await createMailbox(kit.domain, account, 'Other');
  await assert.rejects(set(other, ...fill), { code: 'over-quota' });
  assert.equal(listAnnotations(kit.domain, account, other.id).length, 0);
  await deleteMailbox(kit.domain, account, 'Full');
});

test('two who set at once: the last one counts, and both are whole', async () => {
  const mailbox = await createMailbox(kit.domain, account, 'Both');
  await Promise.all([
    set(mailbox, text('/private/a', 'first'), text('/private/b', 'first')),
    set(mailbox, text('/private/a', 'second'), text('/private/b', undefined)),
    read(mailbox.id, '/private/a'),
  ]);
  assert.equal(await read(mailbox.id, '/private/a'), 'second');
  assert.equal(await read(mailbox.id, '/private/b'), undefined);
});

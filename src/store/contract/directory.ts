/** Who may sign in, and with what. */
import assert from 'node:assert/strict';
import type { CredentialChange, NewCredential } from '../../mailbox/model/credential.ts';
import { asAccountId } from '../../mailbox/model/model.ts';
import { aPassword } from '../fixtures.ts';
import type { Test } from './harness.ts';

export function directoryTests(test: Test): void {
  const person = (address: string) => ({
    ...{ address, credentials: [aPassword(`$hash of ${address}`)], createdMs: 5 },
  });

  test('a directory is untouched until the first account, and never again', async (store, harness) => {
    assert.equal(await store.directory.isUntouched(), true);
    assert.equal(await store.directory.eldest(), undefined);
    const [bob] = await store.directory.create([person('bob@example.com')]);
    assert.ok(bob && bob !== 'exists');
    assert.equal(await store.directory.isUntouched(), false);
    await store.directory.remove(bob.id);
    await store.directory.forget(bob.id);
    assert.equal(await store.directory.isUntouched(), false);
    await store.close();
    const again = await harness.open();
    assert.equal(await again.directory.isUntouched(), false);
    await again.close();
  });

  test('accounts are created once, found, listed by address, and there after a restart', async (store, harness) => {
    const { directory } = store;
    const created = await directory.create([
      { ...person('bob@example.com'), quotaBytes: 2 ** 40, quotaMessages: 7 },
      person('alice@example.com'),
      person('bob@example.com'),
    ]);
    assert.deepEqual(
      created.map((it) => (it === 'exists' ? it : it.address)),
      ['bob@example.com', 'alice@example.com', 'exists'],
    );
    assert.deepEqual(await directory.create([person('alice@example.com')]), ['exists']);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.directory.list(), [created[1], created[0]]);
    assert.deepEqual(await again.directory.eldest(), created[0]);
    assert.deepEqual(await again.directory.find('bob@example.com'), created[0]);
    assert.equal(await again.directory.find('carol@example.com'), undefined);
    assert.equal(await again.directory.get(asAccountId(999)), undefined);
    await again.close();
  });

  test('a change touches only what it names; undefined removes', async (store, harness) => {
    const [bob] = await store.directory.create([
      { ...person('bob@example.com'), quotaBytes: 10, quotaMessages: 7 },
    ]);
    assert.ok(bob && bob !== 'exists');
    const { directory } = store;
    await directory.update(bob.id, { settings: { 'pop3.delete': 'yes', b: 'x' }, quotaBytes: undefined });
    const changed = await directory.update(bob.id, { settings: { b: undefined } });
    const { quotaBytes: _, ...rest } = bob;
    assert.deepEqual(changed, { ...rest, settings: { 'pop3.delete': 'yes' } });
    assert.equal(await directory.update(asAccountId(99), { quotaBytes: 1 }), undefined);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.directory.get(bob.id), changed);
    await again.close();
  });

  test('credentials: one password, others beside it, each replaced only while it is there', async (store, harness) => {
    const { directory } = store;
    const [bob, ann] = await directory.create([person('bob@example.com'), person('ann@example.com')]);
    assert.ok(bob && bob !== 'exists' && ann && ann !== 'exists');
    const change = async (credentials: CredentialChange) =>
      (await directory.update(bob.id, { credentials }))?.credentials ?? [];
    const phone: NewCredential = {
      ...{ kind: 'app-password', secret: 's', createdMs: 7, name: 'Phone', expiresMs: 9 },
      ...{ services: ['imap'], networks: ['192.0.2.0/24'] },
    };
    const [old, first, second] = await change({ put: [phone, { ...phone, name: 'Télé' }] });
    assert.ok(old && first && second && new Set([old.id, first.id, second.id]).size === 3);
    assert.deepEqual(
      [first, second],
      [
        { ...phone, id: first.id },
        { ...phone, id: second.id, name: 'Télé' },
      ],
    );
    const lastUse = { atMs: 8, remote: '192.0.2.7', service: 'imap' };
    const used = await change({ put: [{ ...first, lastUse }, aPassword('new')], dropped: [second.id] });
    const fresh = used.find(({ kind }) => kind === 'password');
    assert.ok(fresh && fresh.id > second.id, 'a number is never given twice');
    assert.deepEqual(used, [{ ...first, lastUse }, fresh]);
    assert.deepEqual(await change({ put: [second, old], dropped: [99] }), used, 'what is gone stays gone');
    assert.deepEqual(await directory.get(ann.id), ann);
    const others = await change({ dropped: ann.credentials.map(({ id }) => id), put: [...ann.credentials] });
    assert.deepEqual([others, await directory.get(ann.id)], [used, ann], 'nor can it touch another account');
    await store.close();
    const again = await harness.open();
    assert.deepEqual((await again.directory.get(bob.id))?.credentials, used);
    await again.directory.remove(bob.id);
    const [other] = await again.directory.create([person('bob@example.com')]);
    assert.ok(other && other !== 'exists' && other.credentials.length === 1);
    assert.ok((other.credentials[0]?.id ?? 0) > fresh.id);
    await again.close();
  });

  test('sessions of browsers end with the password, in the same step; app passwords stay', async (store, harness) => {
    const { directory } = store;
    const [bob] = await directory.create([person('bob@example.com')]);
    assert.ok(bob && bob !== 'exists');
    const session: NewCredential = {
      ...{ kind: 'web-session', secret: 'd', createdMs: 7, name: 'Firefox', expiresMs: 9, isOwnDevice: true },
      lastUse: { atMs: 8, remote: '192.0.2.7', service: 'web' },
    };
    const phone: NewCredential = { kind: 'app-password', secret: 's', createdMs: 7, name: 'Phone' };
    const with3 = await directory.update(bob.id, { credentials: { put: [session, phone] } });
    const [old, kept, other] = with3?.credentials ?? [];
    assert.ok(old && kept && other);
    assert.deepEqual(kept, { ...session, id: kept.id });
    const renewed = await directory.update(bob.id, { credentials: { put: [{ ...old, secret: 'dearer' }] } });
    assert.equal(renewed?.credentials.length, 3, 'the same password in another form');
    const changed = await directory.update(bob.id, { credentials: { put: [aPassword('new')] } });
    assert.deepEqual(changed?.credentials.map(({ kind }) => kind).sort(), ['app-password', 'password']);
    await store.close();
    const again = await harness.open();
    assert.deepEqual((await again.directory.get(bob.id))?.credentials, changed?.credentials);
    await again.close();
  });

  test('what is good once is spent once: of two changes that expect the same the first is made', async (store, harness) => {
    const { directory } = store;
    const [bob] = await directory.create([person('bob@example.com')]);
    assert.ok(bob && bob !== 'exists');
    const maker: NewCredential = { kind: 'totp', secret: 'JBSW', createdMs: 7, counter: 5 };
    const made = await directory.update(bob.id, { credentials: { put: [maker] } });
    const [password, kept] = made?.credentials ?? [];
    assert.ok(password && kept);
    assert.deepEqual(kept, { ...maker, id: kept.id });
    const spend = (counter: number) =>
      directory.update(bob.id, {
        settings: { [`spent.${counter}`]: 'yes' },
        credentials: { put: [{ ...kept, counter }], expected: [kept] },
      });
    const [first, second] = await Promise.all([spend(6), spend(7)]);
    assert.deepEqual(first?.credentials, [password, { ...kept, counter: 6 }]);
    assert.equal(second, undefined);
    assert.deepEqual(await directory.get(bob.id), first, 'nothing of it was done');
    const gone = { ...password, secret: 'another' };
    assert.equal(
      await directory.update(bob.id, { credentials: { expected: [gone], dropped: [kept.id] } }),
      undefined,
    );
    const again = await directory.update(bob.id, { credentials: { put: [{ ...maker, secret: 'K5XW' }] } });
    assert.deepEqual(
      again?.credentials.map(({ kind, secret }) => [kind, secret]),
      [
        ['password', password.secret],
        ['totp', 'K5XW'],
      ],
      'there is one at most',
    );
    await store.close();
    const reopened = await harness.open();
    assert.deepEqual((await reopened.directory.get(bob.id))?.credentials, again?.credentials);
    await reopened.close();
  });

  test('keys for proofs are kept, and who has none is counted', async (store, harness) => {
    const { directory } = store;
    const proofKeys = { salt: 'c2FsdA==', iterations: 64, sha256: ['YQ==:Yg=='], sha1: ['Yw==:ZA=='] };
    const counts = (of = directory) => [of.withoutProofKeys('password'), of.withoutProofKeys('app-password')];
    assert.deepEqual(counts(), [0, 0]);
    const [bob, ann] = await directory.create([
      person('bob@example.com'),
      { ...person('ann@example.com'), credentials: [{ ...aPassword('x'), proofKeys }] },
    ]);
    assert.ok(bob && bob !== 'exists' && ann && ann !== 'exists');
    assert.deepEqual(counts(), [1, 0]);
    await directory.update(ann.id, {
      credentials: { put: [{ kind: 'app-password', secret: 's', createdMs: 7, name: 'Phone' }] },
    });
    assert.deepEqual(counts(), [1, 1]);
    const [password] = bob.credentials;
    assert.ok(password);
    await directory.update(bob.id, { credentials: { put: [{ ...password, proofKeys }] } });
    assert.deepEqual(counts(), [0, 1]);
    await store.close();
    const again = await harness.open();
    assert.deepEqual((await again.directory.get(bob.id))?.credentials, [{ ...password, proofKeys }]);
    assert.deepEqual(counts(again.directory), [0, 1]);
    await again.directory.remove(ann.id);
    assert.deepEqual(counts(again.directory), [0, 0]);
    await again.close();
  });

  test('a removed account is hidden at once, remembered until forgotten, and its number stays unused', async (store, harness) => {
    const [bob] = await store.directory.create([person('bob@example.com')]);
    assert.ok(bob && bob !== 'exists');
    await store.directory.remove(bob.id);
    assert.equal(await store.directory.find('bob@example.com'), undefined);
    assert.equal(await store.directory.get(bob.id), undefined);
    await store.close();
    const again = await harness.open();
    assert.deepEqual(await again.directory.removing(), [bob.id]);
    await again.directory.forget(bob.id);
    assert.deepEqual(await again.directory.removing(), []);
    const [next] = await again.directory.create([person('bob@example.com')]);
    assert.ok(next && next !== 'exists' && next.id > bob.id);
    await again.close();
  });
}

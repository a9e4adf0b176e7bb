/** Scripts and who is away over a real socket; what is set is what rules do at delivery. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TestDomain } from '../../../test/kit/domain.ts';
import { type Answer, startTestJmap, type TestJmap } from '../../../test/kit/jmap.ts';
import { openRulesDomain, TEST_SENDING } from '../../../test/kit/rules.ts';
import { deliver } from '../../mailbox/operations/deliver.ts';
import { receive } from '../../mailbox/operations/incoming.ts';
import { putScript } from '../../mailbox/operations/scripts.ts';
import { NO_VACATION, type Vacation, vacationIn, vacationScript } from './vacation-script.ts';

let server: TestJmap;
let kit: TestDomain;
let n = 0;
const nowMs = Date.UTC(2026, 10, 27, 12);
before(async () => {
  server = await startTestJmap();
  kit = await openRulesDomain({ clock: { nowMs: () => nowMs }, sending: TEST_SENDING });
});
after(async () => {
  await server.close();
  await kit.close();
});

async function upload(text: string): Promise<string> {
  const path = `/jmap/upload/${server.alice.accountId}`;
  const reply = await server.alice.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/sieve' },
    body: text,
  });
  return ((await reply.json()) as Answer).blobId;
}

describe('SieveScript (RFC 9661)', () => {
  test('a script is made, read, made active, changed and destroyed', async () => {
    const blobId = await upload('keep;\r\n');
    const { created } = await server.alice.call('SieveScript/set', {
      create: { a: { name: 'mine', blobId }, b: { blobId } },
      onSuccessActivateScript: '#a',
    });
    const { id } = created.a;
    assert.equal(created.b.name, 'script-1');
    assert.deepEqual([created.a.isActive, created.b.isActive], [true, false]);
    const { list, state } = await server.alice.call('SieveScript/get', { ids: [id] });
    assert.deepEqual([list[0].name, list[0].isActive], ['mine', true]);
    const octets = await server.alice.fetch(
      `/jmap/download/${server.alice.accountId}/${list[0].blobId}/mine.siv?type=application/sieve`,
    );
    assert.equal(await octets.text(), 'keep;\r\n');
    const wrong = await server.alice.call('SieveScript/set', {
      create: {
        c: { name: 'mine', blobId },
        d: { name: 'x', blobId: await upload('nose;') },
        e: { name: 'y', blobId: 'u1' },
        f: { name: 'a/b', blobId },
        g: { name: 'z', blobId, isActive: true },
      },
      destroy: [id],
      onSuccessDeactivateScript: true,
    });
    const types = Object.fromEntries(
      Object.entries(wrong.notCreated).map(([name, error]) => [name, (error as Answer).type]),
    );
    assert.deepEqual(types, {
      c: 'alreadyExists',
      d: 'invalidSieve',
      e: 'blobNotFound',
      f: 'invalidProperties',
      g: 'invalidProperties',
    });
    assert.equal(wrong.notDestroyed[id].type, 'sieveIsActive');
    assert.equal(wrong.newState, state, 'nothing was done, so it is active still');
    const changed = await server.alice.call('SieveScript/set', {
      ifInState: state,
      update: { [id]: { name: 'other', blobId: await upload('discard;') } },
      onSuccessDeactivateScript: true,
    });
    assert.notEqual(changed.updated[id].blobId, list[0].blobId);
    assert.equal(changed.updated[id].isActive, false);
    const turns = [];
    for (const onSuccessActivateScript of [id, created.b.id, created.b.id])
      turns.push((await server.alice.call('SieveScript/set', { onSuccessActivateScript })).updated);
    assert.deepEqual(turns, [
      { [id]: { isActive: true } },
      { [id]: { isActive: false }, [created.b.id]: { isActive: true } },
      null,
    ]);
    const none = await server.alice.call('SieveScript/set', { onSuccessDeactivateScript: true });
    assert.deepEqual(none.updated, { [created.b.id]: { isActive: false } });
    const { ids } = await server.alice.call('SieveScript/query', {
      filter: { isActive: false },
      sort: [{ property: 'name' }],
    });
    assert.deepEqual(ids, [id, created.b.id]);
    assert.deepEqual((await server.alice.call('SieveScript/set', { destroy: ids })).destroyed, ids);
  });

  test('of two that mean the same state one is too late, and has changed nothing', async () => {
    const blobId = await upload('keep;\r\n');
    const made = await server.alice.call('SieveScript/set', { create: { a: { name: 'both', blobId } } });
    const { id } = made.created.a;
    const blobs = await Promise.all([upload('# one\r\n'), upload('# two\r\n')]);
    const answers = await Promise.all(
      blobs.map((one) =>
        server.alice
          .call('SieveScript/set', { ifInState: made.newState, update: { [id]: { blobId: one } } })
          .then(
            () => 'done',
            (error: unknown) => String(error),
          ),
      ),
    );
    assert.equal(answers.filter((one) => one === 'done').length, 1, answers.join());
    assert.match(answers.find((one) => one !== 'done') ?? '', /stateMismatch/);
    await server.alice.call('SieveScript/set', { destroy: [id] });
  });

  test('validate says what is wrong and keeps nothing', async () => {
    const good = await server.alice.call('SieveScript/validate', { blobId: await upload('stop;') });
    assert.equal(good.error, null);
    const bad = await server.alice.call('SieveScript/validate', { blobId: await upload('if true {') });
    assert.equal(bad.error.type, 'invalidSieve');
    assert.match(bad.error.description, /line 1/);
    assert.deepEqual((await server.alice.call('SieveScript/get', {})).list, []);
  });

  test('the session says what scripts may say', async () => {
    const { accounts } = await server.alice.session();
    const told = accounts[server.alice.accountId].accountCapabilities['urn:ietf:params:jmap:sieve'];
    assert.ok(told.sieveExtensions.includes('vacation'));
  });
});

describe('VacationResponse (RFC 8621 §8)', () => {
  test('there is one, and what is set is what is read', async () => {
    const { list } = await server.alice.call('VacationResponse/get', {});
    assert.deepEqual(list, [{ id: 'singleton', ...NO_VACATION }]);
    const wanted = {
      isEnabled: true,
      fromDate: '2026-11-01T00:00:00Z',
      subject: 'Borta "ett tag"',
      textBody: 'Hej\n.\n"å"',
    };
    const set = await server.alice.call('VacationResponse/set', { update: { singleton: wanted } });
    assert.deepEqual(set.updated, { singleton: null }, JSON.stringify(set.notUpdated));
    assert.deepEqual((await server.alice.call('VacationResponse/get', {})).list[0], {
      id: 'singleton',
      ...NO_VACATION,
      ...wanted,
    });
    const wrong = await server.alice.call('VacationResponse/set', {
      create: { a: {} },
      update: { singleton: { isEnabled: 1, toDate: 'x', nose: 1 }, other: {} },
      destroy: ['singleton2'],
    });
    assert.equal(wrong.notCreated.a.type, 'singleton');
    assert.deepEqual([...wrong.notUpdated.singleton.properties].sort(), ['isEnabled', 'nose', 'toDate']);
    assert.equal(wrong.notUpdated.other.type, 'notFound');
    assert.equal(wrong.notDestroyed.singleton2.type, 'singleton');
    assert.deepEqual(
      (await server.alice.call('SieveScript/get', {})).list,
      [],
      'it is none of the scripts of the owner',
    );
  });

  const rows: readonly (readonly [what: string, vacation: Partial<Vacation>, answer: RegExp | undefined])[] =
    [
      [
        'text',
        { textBody: 'Jag är borta.\n"Åter" \\ måndag' },
        /Jag =C3=A4r borta\.\r\n"=C3=85ter" \\ m=C3=A5ndag|charset=utf-8/,
      ],
      ['nothing said', {}, /I am away/],
      [
        'HTML',
        { textBody: 'away', htmlBody: '<b>away</b>' },
        /multipart\/alternative.*away.*text\/html.*<b>away<\/b>/s,
      ],
      ['a subject', { subject: 'Borta' }, /\r\nSubject: Borta\r\n/],
      ['not yet', { fromDate: '2026-11-27T12:00:01Z' }, undefined],
      ['since now', { fromDate: '2026-11-27T12:00:00Z' }, /I am away/],
      ['until now', { toDate: '2026-11-27T12:00:00Z' }, undefined],
      ['in between', { fromDate: '2026-11-01T00:00:00Z', toDate: '2026-11-27T12:00:01Z' }, /I am away/],
      ['switched off', { isEnabled: false }, undefined],
    ];
  for (const [what, more, expected] of rows)
    test(`${what}: ${expected === undefined ? 'no answer' : 'answered'}`, async () => {
      const address = `anna${++n}@example.com`;
      const record = await kit.addAccount(address, 'secret');
      const account = await kit.domain.accounts.open(record.id);
      const vacation = { ...NO_VACATION, isEnabled: true, ...more };
      const script = await vacationScript(vacation, [address, 'info@example.com']);
      assert.deepEqual(vacationIn(script), vacation);
      const limits = { scripts: 10, scriptBytes: 2 ** 20, accountBytes: 2 ** 20 };
      await putScript(kit.domain, account, { role: 'away', name: 'vacation' }, script, limits);
      const mail = `From: bo@example.org\r\nTo: info@example.com\r\nSubject: hello\r\nMessage-ID: <${n}@example.org>\r\n\r\nbody\r\n`;
      const received = await receive(kit.domain.store, [record.id], 2 ** 20, Buffer.from(mail));
      const arrived = { fields: Buffer.alloc(0), isJunk: false, isAuthorKnown: true };
      const to = [{ account: record.id, address }];
      const [outcome] = await deliver(kit.domain, to, received, 'bo@example.org', arrived);
      assert.equal(outcome?.kind, 'delivered');
      const [sent] = await kit.store.outgoing.list(0, 10, record.id);
      assert.equal(sent !== undefined, expected !== undefined);
      if (sent === undefined || expected === undefined) return;
      const octets: Buffer[] = [];
      const range = { email: sent.row.email, start: 0, end: Number.MAX_SAFE_INTEGER };
      for await (const piece of kit.store.readStream(range)) octets.push(Buffer.from(piece));
      assert.match(Buffer.concat(octets).toString(), expected);
      assert.deepEqual(
        sent.recipients.map((one) => one.address),
        ['bo@example.org'],
      );
    });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin } from '../text/en/admin.ts';
import { factsOf, isRefusal } from './events.ts';

test('facts that everybody knows stand without their names, and first', () => {
  const event = {
    ...{ time: '2026-11-27T12:00:00.000Z', account: 'ann@example.org', what: 'signed in', session: 'x-1' },
    ...{ by: 'boss@example.org', service: 'imap', listener: 'imaps', remote: '192.0.2.1', tls: 'none' },
    ...{ messages: 3, mechanism: 'PLAIN' },
  };
  const { facts } = admin;
  assert.equal(factsOf(event, facts), 'IMAP, 192.0.2.1, PLAIN, by boss@example.org, mails: 3');
  const web = { ...event, service: 'web', mechanism: 'web', secondStep: 'code', by: '', messages: '' };
  assert.equal(factsOf(web, facts), 'Webmail, 192.0.2.1, second step: code of an app');
});

test('what was refused', () => {
  for (const what of [
    'wrong name or password',
    'app password refused',
    'sign-in refused: the account is closed',
  ])
    assert.ok(isRefusal(what), what);
  assert.ok(!isRefusal('signed in'));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapSettings } from '../settings.ts';
import { quota } from './quota.ts';

test('that limits can be set is announced to administrators alone (RFC 9208 §4.1.3)', () => {
  const announced = (isAdmin: boolean) =>
    quota.capabilities?.({ isSecure: true, saslTerms: undefined, settings: {} as ImapSettings, isAdmin });
  const all = [
    'QUOTA',
    'QUOTA=RES-STORAGE',
    'QUOTA=RES-MESSAGE',
    'QUOTA=RES-MAILBOX',
    'QUOTA=RES-ANNOTATION-STORAGE',
  ];
  assert.deepEqual(announced(false), all);
  assert.deepEqual(announced(true), [...all, 'QUOTASET']);
});

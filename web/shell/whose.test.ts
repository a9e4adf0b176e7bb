import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import type { SignedIn } from './account.ts';
import { keepingFor, whenGone } from './whose.ts';

const signedIn = (address: string, isOwnDevice = true): SignedIn => ({
  state: 'in',
  session: { ...{ address, isOwnDevice }, hostname: 'mail.example.org', preferences: {} },
});

test('on a device of others nothing is opened, and what an earlier person had there is forgotten', async () => {
  const did: string[] = [];
  const places = {
    open: async (address: string) => {
      did.push(`open ${address}`);
      return address;
    },
    forget: () => void did.push('forget'),
  };
  assert.equal(await keepingFor(signedIn('anna@example.org'), places), 'anna@example.org');
  assert.equal(await keepingFor(signedIn('bo@example.org', false), places), undefined);
  assert.deepEqual(did, ['open anna@example.org', 'forget']);
});

test('a person has gone when nobody is signed in, and when somebody else is', () => {
  const now = signal<SignedIn>({ state: 'unknown' });
  const gone: string[] = [];
  whenGone(now, (next) => void gone.push(next.state === 'in' ? next.session.address : next.state));
  now.value = { state: 'out' };
  now.value = signedIn('anna@example.org');
  now.value = signedIn('anna@example.org', false);
  assert.deepEqual(gone, []);
  now.value = signedIn('bo@example.org');
  now.value = { state: 'out', why: 'ended' };
  now.value = { state: 'out' };
  assert.deepEqual(gone, ['bo@example.org', 'out']);
});

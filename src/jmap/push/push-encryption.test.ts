/** Encryption of what is pushed, held against RFC 8291 appendix A. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arePushKeys, encryptPush } from './push-encryption.ts';

const KEYS = {
  p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
};

test('the example of RFC 8291 comes out octet by octet', () => {
  const body = encryptPush(Buffer.from('When I grow up, I want to be a watermelon'), KEYS, {
    privateKey: Buffer.from('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw', 'base64url'),
    salt: Buffer.from('DGv6ra1nlYgDCS1FRnbzlw', 'base64url'),
  });
  assert.equal(
    body.toString('base64url'),
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b' +
      'Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  );
});

test('of the same text no two are alike, and keys that are none are told', () => {
  const text = Buffer.from('hej');
  assert.notDeepEqual(encryptPush(text, KEYS), encryptPush(text, KEYS));
  assert.equal(arePushKeys(KEYS), true);
  assert.equal(arePushKeys({ ...KEYS, p256dh: `${KEYS.p256dh}=`, auth: `${KEYS.auth}==` }), true);
  assert.equal(arePushKeys({ ...KEYS, auth: 'BTBZ' }), false);
  assert.equal(arePushKeys({ ...KEYS, p256dh: Buffer.alloc(65, 4).toString('base64url') }), false);
});

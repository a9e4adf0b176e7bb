import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyRecord, makeKey, txtStrings } from './keys.ts';

test('pairs are made, and their records say what they are', async () => {
  const rsa = await makeKey('rsa');
  assert.match(rsa.record, /^v=DKIM1; k=rsa; p=MIIBIjANBgkqhki[A-Za-z0-9+/]+=*$/);
  assert.equal(keyRecord(rsa.privateKey), rsa.record);
  assert.deepEqual(
    txtStrings(rsa.record).map((text) => text.length > 255),
    [false, false],
  );
  assert.equal(txtStrings(rsa.record).join(''), rsa.record);
  const ed25519 = await makeKey('ed25519');
  assert.match(ed25519.record, /^v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=$/);
  assert.notEqual((await makeKey('ed25519')).record, ed25519.record);
});

test('the record of the key in RFC 8463 §A.1 is the one in §A.2', () => {
  const seed = Buffer.from('nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=', 'base64');
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  assert.equal(keyRecord(pem), 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=');
});

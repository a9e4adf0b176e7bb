import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalName, nameFault, reverseName } from './name.ts';
import { serversOf } from './servers.ts';

test('a name has one form', () => {
  assert.equal(canonicalName('Mail.Example.COM.'), 'mail.example.com');
  assert.equal(canonicalName('.'), '.');
});

test('what is no name is not asked for', () => {
  for (const name of ['.', 'example.com', '_imaps._tcp.example.com', '4.3.2.1.in-addr.arpa'])
    assert.equal(nameFault(name), undefined, name);
  const wrong = ['', '.example.com', 'a..b', 'två.example', 'a b.example', 'a\n.example', 'a\0.example'];
  for (const name of [...wrong, `${'a'.repeat(64)}.example`, 'a.'.repeat(127).concat('ab')])
    assert.notEqual(nameFault(name), undefined, name);
});

test('addresses have names (RFC 1035 §3.5, RFC 3596 §2.5)', () => {
  assert.equal(reverseName('192.0.2.1'), '1.2.0.192.in-addr.arpa');
  const v6 = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa';
  assert.equal(reverseName('2001:db8::1'), v6);
  assert.equal(reverseName('2001:0DB8:0:0:0:0:0:1'), v6);
  assert.equal(reverseName('::'), `${'0.'.repeat(32)}ip6.arpa`);
  assert.equal(reverseName('fe80::1%eth0'), reverseName('fe80::1'));
  assert.equal(reverseName('::ffff:192.0.2.1'), reverseName('::ffff:c000:201'));
  assert.equal(reverseName('mail.example.com'), undefined);
});

test('the servers are those that the system names', () => {
  const text =
    '# nameserver 192.0.2.9\nsearch example.com\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 x\n';
  assert.deepEqual(serversOf(text), [
    { host: '192.0.2.1', port: 53 },
    { host: '2001:db8::1', port: 53 },
  ]);
  assert.deepEqual(serversOf('nameserver nobody\n'), [{ host: '127.0.0.1', port: 53 }]);
  assert.equal(serversOf('nameserver 192.0.2.1\n'.repeat(9)).length, 3);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderBlock } from './header.ts';
import { summary } from './header-summary.ts';
import { messageIds } from './message-id.ts';

const header = [
  'From: =?utf-8?q?J=C3=B6rg?= <j@example.org>',
  'To: a@example.org',
  'to: b@example.org',
  'Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=',
  ' =?utf-8?q?_aus?= Wien',
  'Date: Mon, 3 Jun 2024 10:00:00 +0200',
  'Message-ID: (comment) <1@example.org>',
  'In-Reply-To: Your message of "Monday" <0@example.org>',
  'References: <a@b> <c@',
  ' d><e@f> junk <> <open',
  '',
  '',
].join('\r\n');

test('what search and threading read', () => {
  const facts = summary(new HeaderBlock(Buffer.from(header)));
  assert.equal(facts.subject(), 'grüße aus Wien');
  assert.deepEqual(facts.from(), [{ name: 'Jörg', mailbox: 'j', host: 'example.org' }]);
  assert.deepEqual(
    facts.to().map((a) => a.mailbox),
    ['a', 'b'],
  );
  assert.deepEqual([facts.cc(), facts.bcc()], [[], []]);
  assert.equal(facts.fieldText('from'), 'Jörg <j@example.org>');
  assert.equal(facts.fieldText('to'), 'a@example.org\nb@example.org');
  assert.equal(facts.fieldText('cc'), undefined);
  assert.equal(facts.messageId(), '<1@example.org>');
  assert.deepEqual(facts.inReplyTo(), ['<0@example.org>']);
  assert.deepEqual(facts.references(), ['<a@b>', '<c@d>', '<e@f>']);
  assert.equal(facts.sentDate()?.seconds, Date.parse('2024-06-03T08:00:00Z') / 1000);
});

test('an empty header', () => {
  const facts = summary(new HeaderBlock(Buffer.alloc(0)));
  assert.equal(facts.subject(), '');
  assert.equal(facts.messageId(), undefined);
  assert.equal(facts.sentDate(), undefined);
  assert.deepEqual(facts.references(), []);
});

test('message ids, bounded', () => {
  assert.equal(messageIds('<a@b>'.repeat(5000), 1000).length, 1000);
  assert.deepEqual(messageIds(`<${'x'.repeat(5000)}> <a@b>`, 10), ['<a@b>']);
  assert.deepEqual(messageIds('<'.repeat(1_000_000), 10), []);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anOutgoing, aRecipient, email } from '../store/fixtures.ts';
import { makeReport, type Report, statusOf } from './report.ts';

const HEADER = Buffer.from('From: anna@example.com\r\nSubject: Hej\r\nMessage-ID: <1@example.com>\r\n');
const { row } = anOutgoing(2, { email: email(1), envid: 'an id', createdMs: Date.UTC(2026, 0, 5) });

function report(rest: Partial<Report> = {}): string {
  const failed = aRecipient({
    address: 'bo@example.org',
    state: 'failed',
    orcpt: 'rfc822;b@example.org',
    lastHost: 'mx.example.org [192.0.2.1]',
    lastReply: '550 5.1.1 no such user here',
    lastAtMs: Date.UTC(2026, 0, 6),
  });
  const base = {
    kind: 'failed',
    language: 'en',
    hostname: 'mail.example.com',
    from: 'postmaster@example.com',
    to: 'anna@example.com',
    nowMs: Date.UTC(2026, 0, 6),
  } as const;
  return makeReport({ ...base, row, recipients: [failed], header: HEADER, ...rest }).octets.toString('utf8');
}

describe('a report', () => {
  it('says in plain words what happened and what to do, and for programs what RFC 3464 and RFC 6522 want', () => {
    const text = report();
    for (const wanted of [
      'To: <anna@example.com>\r\n',
      'Auto-Submitted: auto-replied\r\n',
      'In-Reply-To: <1@example.com>\r\n',
      'report-type=delivery-status',
      'There is no such address.',
      'mx.example.org [192.0.2.1] said:',
      'Original-Envelope-Id: an id\r\nReporting-MTA: dns; mail.example.com\r\n',
      'Arrival-Date: Mon, 05 Jan 2026 00:00:00 +0000\r\n',
      'Original-Recipient: rfc822; b@example.org\r\nFinal-Recipient: rfc822; bo@example.org\r\n',
      'Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.org\r\n',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user here\r\n',
      'Last-Attempt-Date: Tue, 06 Jan 2026 00:00:00 +0000\r\n',
      `Content-Type: text/rfc822-headers\r\n\r\n${HEADER}`,
    ])
      assert.ok(text.includes(wanted), `${wanted} is not in ${text}`);
    assert.ok(!/[^\r]\n|\r[^\n]/.test(text), 'lines end with CRLF');
    assert.ok(text.split('\r\n').every((line) => line.length <= 998));
  });

  it('about what a rule has passed on is passed on by no rule of its reader', () => {
    assert.doesNotMatch(report(), /^X-Loop/m);
    const passedOn = { ...row, kind: 'forward' } as const;
    assert.match(report({ row: passedOn }), /^X-Loop: anna@example\.com\r$/m);
    assert.match(
      report({ row: passedOn }),
      /^A message from somebody else was passed on[\s\S]*Look at the rule/m,
    );
    assert.doesNotMatch(report({ row: passedOn }), /typing mistake|[Yy]our message/);
    assert.match(report({ row: passedOn, language: 'sv' }), /^Ett meddelande fr=C3=A5n n=C3=A5gon annan/m);
    assert.doesNotMatch(report({ row: passedOn, language: 'sv' }), /skrivfel|[Dd]itt meddelande/);
  });

  it('is in the language of its reader', () => {
    assert.match(report({ language: 'sv' }), /Adressen finns inte\./);
    assert.match(report({ language: 'sv', kind: 'delayed' }), /Will-Retry-Until: /);
  });

  it('of what can never fit does not ask to send it again', () => {
    const recipients = [aRecipient({ state: 'failed', lastReply: '5.2.3 it is larger than all the room' })];
    assert.match(report({ recipients }), /Sending it again is in vain\./);
    assert.match(report({ recipients, language: 'sv' }), /Det hj=C3=A4lper inte att skicka det igen\./);
    assert.doesNotMatch(report({ recipients }), /again later/);
  });

  it('brings the whole message when that is wanted', () => {
    const whole = Buffer.concat([HEADER, Buffer.from('\r\nbody\r\n')]);
    assert.ok(report({ whole }).includes(`Content-Type: message/rfc822\r\n\r\n${whole}`));
  });

  it('has no header field that somebody else has written', () => {
    const recipients = [
      aRecipient({
        address: 'a@example.org\r\nBcc: x@example.org',
        state: 'failed',
        lastHost: 'mx\r\nX-Evil: 1',
        lastReply: '550 no\r\nX-Evil: 2',
      }),
    ];
    const evil = { ...row, sender: 'a@example.com>\r\nX-Evil: 3', envid: 'x\r\nX-Evil: 4' };
    const text = report({ recipients, row: evil, to: evil.sender });
    assert.ok(!/^(?:X-Evil|Bcc):/m.test(text), text);
  });

  it('says addresses that are not in ASCII as RFC 6533 does', () => {
    const recipients = [
      aRecipient({ address: 'blå@example.org', orcpt: 'utf-8;grön@example.org', state: 'failed' }),
    ];
    const header = Buffer.from('Subject: smörgås\r\n');
    const text = report({ recipients, header, to: 'ö@example.com' });
    assert.match(text, /message\/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n/);
    assert.match(
      text,
      /Original-Recipient: utf-8; grön@example\.org\r\nFinal-Recipient: utf-8; blå@example\.org/,
    );
    assert.match(
      text,
      /message\/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: smörgås\r\n/,
    );
    // Who has an address in ASCII may have a server that takes nothing else (§4.5).
    const ascii = report({ recipients, header });
    assert.match(ascii, /^[\0-\x7f]+$/);
    assert.match(ascii, /message\/global-delivery-status\r\nContent-Transfer-Encoding: base64\r\n/);
    const [, coded = ''] =
      /global-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n([^-]+)\r\n--/.exec(ascii) ?? [];
    assert.equal(Buffer.from(coded, 'base64').toString(), String(header));
  });

  it('says by when it was to be there (RFC 2852 §6)', () => {
    const deliverBy = { atMs: Date.UTC(2026, 0, 7), mode: 'notify', isTraced: false } as const;
    assert.match(
      report({ row: { ...row, deliverBy } }),
      /\r\nDeliver-By-Date: Wed, 07 Jan 2026 00:00:00 \+0000\r\n\r\n/,
    );
  });

  it('finds the status in what was said', () => {
    const cases = [
      ['550 5.1.1 no', '5.1.1'],
      ['5.4.4 no address', '5.4.4'],
      ['550 no', '5.0.0'],
      ['450 later', '4.0.0'],
      ['', '5.0.0'],
    ] as const;
    for (const [lastReply, wanted] of cases)
      assert.equal(statusOf(aRecipient({ state: 'failed', lastReply })), wanted);
  });
});

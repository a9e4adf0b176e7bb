import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { done, holds, MESSAGE, run, type Situation } from '../../../test/kit/sieve.ts';
import type { NotifyEffect, VacationEffect } from '../effects.ts';
import { compileScript } from '../sieve.ts';

function vacation(script: string, situation: Situation = {}): VacationEffect {
  const effect = run(
    `require ["vacation", "vacation-seconds", "fcc", "mailbox", "imap4flags"]; ${script}`,
    situation,
  ).effects[0];
  assert.equal(effect?.kind, 'vacation');
  return effect as VacationEffect;
}

function notify(script: string, situation: Situation = {}): NotifyEffect {
  const effect = run(`require ["enotify", "fcc", "mailbox"]; ${script}`, situation).effects[0];
  assert.equal(effect?.kind, 'notify');
  return effect as NotifyEffect;
}

/** The message with these fields in front, and in place of its own of that name. */
function mailWith(...fields: readonly string[]): string {
  const names = fields.map((field) => field.slice(0, field.indexOf(':') + 1).toLowerCase());
  const kept = MESSAGE.split('\r\n').filter(
    (line) => !names.some((name) => line.toLowerCase().startsWith(name)),
  );
  return [...fields, ...kept].join('\r\n');
}

describe('vacation (RFC 5230)', () => {
  test('a reply, and the message is kept', () => {
    const { effects } = run('require "vacation"; vacation :days 23 "I am away";');
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ['vacation', 'keep'],
    );
    const reply = vacation('vacation :days 23 "I am away";');
    assert.equal(reply.to, 'coyote@desert.example.org');
    assert.equal(reply.subject, 'Auto: I have a present for you');
    assert.equal(reply.inReplyTo, '<present@desert.example.org>');
    assert.equal(reply.references, '<present@desert.example.org>');
    assert.equal(reply.memory.seconds, 23 * 86_400);
    assert.equal(reply.memory.address, 'coyote@desert.example.org');
  });

  test('§4.1: days between 1 and 30, 7 when none is said', () => {
    assert.equal(vacation('vacation "x";').memory.seconds, 7 * 86_400);
    assert.equal(vacation('vacation :days 500 "x";').memory.seconds, 30 * 86_400);
    assert.throws(() => compileScript('require "vacation"; vacation :days 0 "x";'), /":days" is 1 at least/);
  });

  test('RFC 6131: seconds; 0 is once a minute; require of vacation is implied', () => {
    assert.equal(vacation('vacation :seconds 1800 "x";').memory.seconds, 1800);
    assert.equal(vacation('vacation :seconds 0 "x";').memory.seconds, 60);
    assert.match(done('require "vacation-seconds"; vacation :seconds 1800 "x";'), /^vacation/);
    assert.throws(
      () => compileScript('require "vacation-seconds"; vacation :seconds 1 :days 1 "x";'),
      /exclude/,
    );
  });

  test('§4.2: replies are told apart by what they say, or by their handle', () => {
    const key = (script: string): string => vacation(script).memory.key;
    assert.equal(key('vacation "x";'), key('vacation :days 3 "x";'));
    assert.notEqual(key('vacation "x";'), key('vacation "y";'));
    assert.notEqual(key('vacation "x";'), key('vacation :subject "s" "x";'));
    assert.equal(key('vacation :handle "h" "x";'), key('vacation :handle "h" "y";'));
  });

  test('a sender that is the owner, with a name; anybody else is left out', () => {
    assert.equal(
      vacation('vacation :from "R. <roadrunner@acme.example.com>" "x";').from,
      'R. <roadrunner@acme.example.com>',
    );
    assert.equal(vacation('vacation :from "boss@acme.example.com" "x";').from, undefined);
    assert.throws(
      () => compileScript('require "vacation"; vacation :from "nobody" "x";'),
      /is no mail address/,
    );
  });

  test('no field can be smuggled into the reply', () => {
    const mail = mailWith('Subject: =?utf-8?q?x=0D=0ABcc:_victim@example.net?=');
    assert.equal(vacation('vacation "x";', { mail }).subject, 'Auto: x Bcc: victim@example.net');
  });

  test('RFC 8580: a copy of the reply', () => {
    const { fileCopy } = vacation('setflag "Other"; vacation :fcc "Sent" :flags "\\\\Seen" "x";', {
      mailboxes: ['Sent'],
    });
    assert.deepEqual(fileCopy, { mailbox: 'Sent', mayCreate: false, flags: ['\\Seen'] });
    assert.deepEqual(vacation('setflag "Other"; vacation :fcc "New" :create "x";').fileCopy, {
      mailbox: 'New',
      mayCreate: true,
      flags: [],
    });
    assert.equal(vacation('vacation :fcc "None" "x";').fileCopy, undefined);
    assert.throws(
      () => compileScript('require ["vacation", "mailbox", "fcc"]; vacation :create "x";'),
      /":create" without ":fcc"/,
    );
  });

  const SILENT: readonly (readonly [why: string, situation: Situation])[] = [
    ['the message has no sender to answer to', { envelope: { from: '', to: 'a@b' } }],
    [
      'MAILER-DAEMON@example.org is a program',
      { envelope: { from: 'MAILER-DAEMON@example.org', to: 'a@b' } },
    ],
    ['owner-list@example.org is a program', { envelope: { from: 'owner-list@example.org', to: 'a@b' } }],
    ['list-request@example.org is a program', { envelope: { from: 'list-request@example.org', to: 'a@b' } }],
    ['no-reply@example.org is a program', { envelope: { from: 'no-reply@example.org', to: 'a@b' } }],
    [
      "RoadRunner@acme.example.com is the owner's own address",
      { envelope: { from: 'RoadRunner@acme.example.com', to: 'a@b' } },
    ],
    ['the message comes from a list: it has list-id', { mail: mailWith('List-Id: <x.example.org>') }],
    ['its precedence is bulk', { mail: mailWith('Precedence: Bulk') }],
    ['a program has sent it (Auto-Submitted)', { mail: mailWith('Auto-Submitted: auto-replied (x)') }],
    ['its sender wants no automatic replies', { mail: mailWith('X-Auto-Response-Suppress: DR, OOF') }],
    ['it is junk', { verdict: { isJunk: true } }],
    ["none of the owner's addresses is in To, Cc or Bcc", { mail: mailWith('To: friends@example.org') }],
    ['coyote@desert.example.org had this reply already', { replied: ['coyote@desert.example.org'] }],
  ];
  for (const [why, situation] of SILENT)
    test(`§4.6: ${why}`, () => {
      const { effects, notes } = run('require "vacation"; vacation "x";', situation);
      assert.deepEqual(
        effects.map(({ kind }) => kind),
        ['keep'],
      );
      assert.deepEqual(
        notes.map(({ text }) => text),
        [`no reply is sent: ${why}`],
      );
    });

  test('answered: Auto-Submitted no, details, addresses that the script names', () => {
    vacation('vacation "x";', { mail: mailWith('Auto-Submitted: no') });
    vacation('vacation "x";', { mail: mailWith('To: Roadrunner+Birds@ACME.example.com') });
    vacation('vacation "x";', { mail: mailWith('To: x@y.org', 'Resent-Cc: roadrunner@acme.example.com') });
    vacation('vacation :addresses ["old@example.net"] "x";', { mail: mailWith('To: old@example.net') });
  });

  test('§4.7: once, and not with a reject', () => {
    assert.match(
      done('require "vacation"; vacation "x"; vacation "y";'),
      /failed line 1: a second "vacation"/,
    );
    assert.throws(
      () => compileScript('require ["vacation", "reject"]; vacation "x"; reject "y";'),
      /"reject" cannot go with the "vacation" before it/,
    );
  });
});

describe('reject and ereject (RFC 5429)', () => {
  const SCRIPTS: readonly (readonly [script: string, done: string])[] = [
    ['reject "I am not taking mail from you";', 'reject I am not taking mail from you'],
    ['ereject "no";', 'ereject no'],
    [
      'if true { keep; } if true { reject "no"; }',
      'implicit keep, failed line 1: "reject" cannot go with "keep"',
    ],
    [
      'if true { reject "no"; } if true { fileinto "M"; }',
      'implicit keep, failed line 1: "fileinto" cannot go with "reject"',
    ],
    [
      'if true { reject "no"; } if true { ereject "no"; }',
      'implicit keep, failed line 1: "ereject" cannot go with "reject"',
    ],
    ['if true { reject "no"; } discard;', 'reject no, discard'],
  ];
  for (const [script, expected] of SCRIPTS)
    test(script, () =>
      assert.equal(
        done(`require ["reject", "ereject", "fileinto"]; ${script}`, { mailboxes: ['M'] }),
        expected,
      ),
    );

  test('§2.4: what is certain is an error of the script', () => {
    assert.throws(
      () => compileScript('require "reject"; keep; reject "x";'),
      /"reject" cannot go with the "keep" before it/,
    );
    assert.throws(
      () => compileScript('require ["reject", "fileinto"]; reject "x"; fileinto "x";'),
      /"fileinto" cannot go with the "reject" before it/,
    );
  });

  test('no script is asked after it', () => {
    assert.equal(done(['require "reject"; reject "x";', 'keep;']), 'reject x');
  });

  test('RFC 6785: where no mail is delivered nothing is refused or answered', () => {
    const situation = { envelope: undefined };
    assert.match(done('require "reject"; reject "x";', situation), /"reject" where no mail is delivered/);
    assert.match(
      done('require "vacation"; vacation "x";', situation),
      /"vacation" where no mail is delivered/,
    );
  });
});

describe('notifications (RFC 5435, RFC 5436)', () => {
  test('what is said is the subject', () => {
    const effect = notify(
      'notify :importance "1" :message "This is probably very important" "mailto:alm@example.com";',
    );
    assert.deepEqual(effect.to, ['alm@example.com']);
    assert.equal(effect.subject, 'This is probably very important');
    assert.equal(effect.importance, 1);
    assert.match(
      effect.body,
      /^This is probably very important\r\n\r\nFrom: coyote@desert.example.org\r\nSubject: I have a present/,
    );
  });

  test('RFC 5436 §2.7: else the URI, else the message', () => {
    const uri = notify(
      'notify "mailto:a@example.com,b@example.com?to=c@example.com&cc=d@example.com&subject=Mail%20came&body=Look&X-Kind=sms";',
    );
    assert.deepEqual(
      [uri.to, uri.cc],
      [['a@example.com', 'b@example.com', 'c@example.com'], ['d@example.com']],
    );
    assert.deepEqual([uri.subject, uri.body, uri.fields], ['Mail came', 'Look', [['x-kind', 'sms']]]);
    assert.equal(notify('notify "mailto:a@example.com";').subject, 'I have a present for you');
  });

  test("fields that are not the URI's to say are left out, and no line ends come through", () => {
    const uri = notify(
      'notify "mailto:a@example.com?from=x@y.z&auto-submitted=no&received=x&x-a=1%0D%0ABcc:%20v@example.net&subject=s%0D%0At";',
    );
    assert.deepEqual([uri.fields, uri.subject], [[['x-a', '1 Bcc: v@example.net']], 's t']);
  });

  test('no notification of a notification', () => {
    const { effects, notes } = run('require "enotify"; notify "mailto:a@example.com";', {
      mail: mailWith('Auto-Submitted: auto-notified; owner-email="a@b"'),
    });
    assert.deepEqual([effects.map(({ kind }) => kind), notes.length], [['keep'], 1]);
  });

  const METHODS: readonly (readonly [uri: string, isValid: boolean])[] = [
    ['mailto:a@example.com', true],
    ['mailto:?to=a@example.com', true],
    ['mailto:%22a%20b%22@example.com', true],
    ['mailto:', false],
    ['mailto:a', false],
    ['mailto:a@example.com?subject', false],
    ['mailto:a@example.com?x=%zz', false],
    ['http://gw.example.net/notify?test', false],
    ['tel:+14085551212', false],
    [`mailto:${'a@example.com,'.repeat(20)}`, false],
  ];
  for (const [uri, isValid] of METHODS)
    test(`§4: ${uri.slice(0, 40)}`, () =>
      assert.equal(holds(`valid_notify_method "${uri}"`, {}, 'enotify'), isValid));

  test('§3.2: a method that is not there is an error, when it is known', () => {
    assert.throws(
      () => compileScript('require "enotify"; notify "tel:+14085551212";'),
      /no notification this server can send/,
    );
    assert.match(
      done(`require ["enotify", "variables"]; set "m" "tel:1"; notify "\${m}";`),
      /no notification this server can send/,
    );
  });

  test('§5: whether somebody is there is not known', () => {
    assert.ok(holds('notify_method_capability "mailto:a@example.com" "Online" "maybe"', {}, 'enotify'));
    assert.ok(!holds('notify_method_capability "mailto:a@example.com" "online" "yes"', {}, 'enotify'));
    assert.ok(!holds('notify_method_capability "tel:1" "online" "maybe"', {}, 'enotify'));
    assert.ok(!holds('notify_method_capability "mailto:a@example.com" "other" "maybe"', {}, 'enotify'));
  });

  test('§6: encoded for a URI', () => {
    const script = `require ["enotify", "variables"]; set :encodeurl "s" "A & b'\u00e5"; notify "mailto:a@example.com?subject=\${s}";`;
    assert.equal((run(script).effects[0] as NotifyEffect).subject, "A & b'\u00e5");
  });

  test('more than may be', () => {
    assert.match(
      done(`require "enotify"; ${'notify "mailto:a@example.com";'.repeat(11)}`),
      /more than 10 times "notify"/,
    );
  });
});

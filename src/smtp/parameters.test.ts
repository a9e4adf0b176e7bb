import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/kit/runs.ts';
import { CommandFault, parsePath } from './command.ts';
import { type ExtensionKeyword, mailParameters, recipientParameters } from './parameters.ts';
import { decodeXtext, encodeXtext } from './xtext.ts';

const ALL: ReadonlySet<ExtensionKeyword> = new Set<ExtensionKeyword>([
  ...(['SIZE', '8BITMIME', 'BINARYMIME', 'SMTPUTF8', 'DSN', 'REQUIRETLS', 'AUTH'] as const),
  ...(['FUTURERELEASE', 'MT-PRIORITY', 'DELIVERBY'] as const),
]);

const ofMail = (text: string, offers = ALL) =>
  mailParameters(parsePath(`FROM:<> ${text}`, 'FROM').parameters, offers);
const ofRecipient = (text: string, offers = ALL) =>
  recipientParameters(parsePath(`TO:<a@example.org> ${text}`, 'TO').parameters, offers);

const fails = (code: number) => (error: unknown) =>
  error instanceof CommandFault && error.reply.code === code;

const MAIL: readonly (readonly [text: string, values: object])[] = [
  ['', {}],
  ['SIZE=0', { size: 0 }],
  ['SIZE=99999999999999999999', { size: 1e20 }],
  ['body=8bitmime smtputf8', { body: '8BITMIME', utf8: true }],
  ['BODY=BINARYMIME', { body: 'BINARYMIME' }],
  ['RET=hdrs ENVID=QQ314159+2B', { ret: 'HDRS', envid: 'QQ314159+2B' }],
  ['REQUIRETLS', { requireTls: true }],
  ['AUTH=<>', { auth: '<>' }],
  ['AUTH=e+3Dmc2@example.com', { auth: 'e+3Dmc2@example.com' }],
  ['HOLDFOR=60', { holdForSeconds: 60 }],
  ['HOLDUNTIL=2030-01-31T08:00:00Z', { holdUntilMs: Date.UTC(2030, 0, 31, 8) }],
  ['MT-PRIORITY=-3', { priority: -3 }],
  ['BY=120;R', { deliverBy: { seconds: 120, mode: 'return', isTraced: false } }],
  ['BY=-5;nt', { deliverBy: { seconds: -5, mode: 'notify', isTraced: true } }],
];

const NOT_MAIL = [
  ...['SIZE', 'SIZE=x', 'SIZE=-1', 'SIZE=999999999999999999999', 'BODY=BASE64', 'SMTPUTF8=1', 'RET=BODY'],
  ...[
    'ENVID=+2',
    'ENVID=a+00',
    'ENVID=a+0D+0A',
    `ENVID=${'x'.repeat(101)}`,
    'ENVID',
    'REQUIRETLS=YES',
    'AUTH',
  ],
  ...['HOLDFOR=0', 'HOLDFOR=1 HOLDUNTIL=2030-01-31T08:00:00Z', 'HOLDUNTIL=tomorrow', 'MT-PRIORITY=10'],
  ...['BY=0;R', 'BY=-1;R', 'BY=1', 'BY=1;X', 'BY=1234567890;N', 'BY=1;RX'],
];

const RECIPIENT: readonly (readonly [text: string, values: object])[] = [
  ['NOTIFY=NEVER', { notify: [] }],
  ['NOTIFY=success,FAILURE', { notify: ['SUCCESS', 'FAILURE'] }],
  ['ORCPT=rfc822;Bob+2B1@example.com', { orcpt: 'rfc822;Bob+2B1@example.com' }],
  ['ORCPT=utf-8;gr\u00fcn@example.com', { orcpt: 'utf-8;gr\u00fcn@example.com' }],
];

const NOT_RECIPIENT = [
  ...['NOTIFY=NEVER,SUCCESS', 'NOTIFY=SUCCESS,SUCCESS', 'NOTIFY=', 'NOTIFY=LATER', 'ORCPT=bob@example.com'],
  ...['ORCPT=rfc822;', 'ORCPT=rfc822;a+0', 'ORCPT=rfc822;gr\u00fcn@example.com'],
  `ORCPT=rfc822;${'x'.repeat(500)}`,
];

describe('parameters', () => {
  for (const [text, values] of MAIL) test(`of MAIL: ${text}`, () => assert.deepEqual(ofMail(text), values));
  for (const text of NOT_MAIL)
    test(`not of MAIL: ${text}`, () => assert.throws(() => ofMail(text), fails(501)));
  for (const [text, values] of RECIPIENT)
    test(`of RCPT: ${text}`, () => assert.deepEqual(ofRecipient(text), values));
  for (const text of NOT_RECIPIENT)
    test(`not of RCPT: ${text}`, () => assert.throws(() => ofRecipient(text), fails(501)));

  test('are taken when their extension is offered, and not otherwise (RFC 5321 \u00a74.1.1.11)', () => {
    const none: ReadonlySet<ExtensionKeyword> = new Set();
    for (const [text] of MAIL.slice(1)) assert.throws(() => ofMail(text, none), fails(555), text);
    for (const [text] of RECIPIENT) assert.throws(() => ofRecipient(text, none), fails(555), text);
    assert.throws(() => ofMail('BODY=BINARYMIME', new Set(['8BITMIME'] as const)), fails(501));
    for (const name of ['X-FOO=1', 'CONSTRUCTOR', 'NOTIFY=NEVER'])
      assert.throws(() => ofMail(name), fails(555));
  });
});

describe('xtext (RFC 3461 \u00a74)', () => {
  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const xtext = encodeXtext(text);
        assert.match(xtext, /^[\x21-\x7e]*$/);
        assert.ok(!xtext.includes('='));
        assert.equal(
          Buffer.from(decodeXtext(xtext) ?? '', 'latin1').toString('utf8'),
          Buffer.from(text).toString(),
        );
      }),
      { numRuns: runs(500) },
    );
  });

  test('what is none', () => {
    for (const text of ['+', '+2', '+2g', '+2b', 'a b', 'a=b', '\u00fc', '\0'])
      assert.equal(decodeXtext(text), undefined);
  });
});

/**
 * What arrives on an open port: other protocols, commands that never end, numbers that are too large, nesting without
 * bottom, and noise. Each row is sent whole and the connection is then half closed, so that the server must come to an
 * end with it by itself.
 */
import type { Random } from './random.ts';

export interface HostileInput {
  readonly name: string;
  readonly octets: Buffer;
  /** What the answer must contain; absent where noise may be understood as anything. */
  readonly answer?: RegExp;
}

const row = (name: string, text: string, answer?: RegExp): HostileInput => ({
  name,
  octets: Buffer.from(text, 'latin1'),
  ...(answer === undefined ? {} : { answer }),
});

export const CLIENT_HELLO = Buffer.concat([
  Buffer.from('1603010200010001fc0303', 'hex'),
  Buffer.alloc(506, 0x5a),
]);
const HTTP =
  'GET / HTTP/1.1\r\nHost: mail.example.com\r\nUser-Agent: x\r\nAccept: */*\r\nCookie: a=b\r\n\r\n';
const REFUSED = /^(\S+ (BAD|NO) |\* (BAD|BYE) )/m;
const KB = 1024;

/** Of no protocol: for every port. */
export const EVERYWHERE: readonly HostileInput[] = [
  row('nothing', ''),
  { name: 'a TLS handshake in plain text', octets: CLIENT_HELLO },
  row('a web browser', HTTP),
  row('a web browser with a body', `POST / HTTP/1.1\r\nContent-Length: 90000\r\n\r\n${'x'.repeat(90_000)}`),
  row('a line without end', 'x'.repeat(1024 * KB)),
  row('a megabyte of line ends', '\r\n'.repeat(512 * KB)),
  row('bare line feeds', '\n'.repeat(1000)),
  row('NUL', `${'\0'.repeat(5000)}\r\n`),
  row('a terminal', '\xff\xf4\xff\xfd\x06\x1b[A\x1b[B\x03\x04\r\n'),
];

/** Before a login and after it. */
export const IMAP_ANYTIME: readonly HostileInput[] = [
  row('a literal of four gigabytes', 'a LOGIN {4294967295}\r\n', REFUSED),
  row('the same without asking', 'a LOGIN {4294967295+}\r\nabc', REFUSED),
  row('a size of no number', 'a LOGIN {99999999999999999999999}\r\n', REFUSED),
  row('a negative size', 'a LOGIN {-1}\r\n', REFUSED),
  row('a literal that stops', 'a LOGIN {500+}\r\nabc'),
  row('a literal where none belongs', 'a NOOP {5+}\r\nhello\r\nb NOOP\r\n', /^a BAD .*\r\nb OK /m),
  row('a large literal where none belongs', `a CAPABILITY {90000+}\r\n${'x'.repeat(90_000)}\r\n`, REFUSED),
  row('a line within a literal that looks like a command', 'a NOOP {13+}\r\nb LOGOUT\r\nxyz\r\n', /^a BAD /m),
  row('literals without end', `a LOGIN ${'{1+}\r\nx '.repeat(5000)}\r\n`, REFUSED),
  row('DONE without IDLE', 'DONE\r\n', REFUSED),
  row('a continuation that nobody asked for', '+ go ahead\r\n', REFUSED),
  row('a tag that is none', '* OK\r\n( NOOP\r\n{5}\r\n', REFUSED),
  row('a tag of 8000 octets', `${'a'.repeat(8000)} NOOP\r\n`),
  row('no command', 'a\r\na \r\na  NOOP\r\n', REFUSED),
  row('control characters', 'a LOGIN "\x01\x02" \x07\r\n', REFUSED),
  row('a quoted string that does not end', 'a LOGIN "abc def\r\n', REFUSED),
  row('eight bits', 'a LOGIN \xe4\xf6\xfc \xff\r\n', REFUSED),
  row('base64 that is none', 'a AUTHENTICATE PLAIN\r\n!!!!\r\n', /^a (BAD|NO) /m),
  row('base64 without end', `a AUTHENTICATE PLAIN\r\n${'QUFB'.repeat(64 * KB)}\r\n`, REFUSED),
  row('a mechanism without end', `a AUTHENTICATE ${'X'.repeat(4000)}\r\n`, REFUSED),
  row('ID of a thousand fields', `a ID (${'"a" "b" '.repeat(1000)}"c" "d")\r\n`, REFUSED),
  row('parentheses', `a ID ${'('.repeat(7000)}\r\n`, REFUSED),
];

/** A mailbox is open. */
export const IMAP_SELECTED: readonly HostileInput[] = [
  row('a search ten thousand deep', `a SEARCH ${'('.repeat(10_000)}ALL${')'.repeat(10_000)}\r\n`, REFUSED),
  row('NOT ten thousand times', `a SEARCH ${'NOT '.repeat(10_000)}ALL\r\n`, REFUSED),
  row('OR ten thousand times', `a SEARCH ${'OR ALL '.repeat(9_000)}ALL\r\n`, REFUSED),
  row('a set of twenty thousand', `a FETCH ${'1,'.repeat(20_000)}1 UID\r\n`),
  row('a set out of range', 'a FETCH 4294967296 UID\r\nb FETCH 0 UID\r\nc FETCH 1:*:* UID\r\n', REFUSED),
  row('a set of all numbers', 'a UID FETCH 1:4294967295 UID\r\n', /^a OK /m),
  row('a section without bottom', `a FETCH 1 BODY[${'1.'.repeat(10_000)}1]\r\n`, REFUSED),
  row('a part that cannot be', 'a FETCH 1 BODY[4294967295.4294967295]\r\n'),
  row('a partial out of range', 'a FETCH 1 BODY[]<4294967295.4294967295>\r\n'),
  row('ten thousand items', `a FETCH 1 (${'UID '.repeat(10_000)}UID)\r\n`),
  row('ten thousand fields', `a FETCH 1 BODY[HEADER.FIELDS (${'From '.repeat(10_000)}To)]\r\n`),
  row(
    'ten thousand keywords',
    `a STORE 1 +FLAGS (${Array.from({ length: 8000 }, (_, n) => `k${n}`).join(' ')})\r\n`,
    REFUSED,
  ),
  row('a keyword of 60 KB', `a STORE 1 +FLAGS (${'k'.repeat(60 * KB)})\r\n`, REFUSED),
  row('lists in lists', `a LIST ${'('.repeat(5000)}\r\n`, REFUSED),
  row(
    'a pattern for backtracking',
    `a LIST "" "${'*a'.repeat(500)}b"\r\nb LIST "" "${'%'.repeat(900)}x"\r\n`,
    /^b OK /m,
  ),
  row('a mailbox a thousand levels deep', `a CREATE ${'a/'.repeat(1000)}b\r\n`, REFUSED),
  row('a mailbox with NUL', 'a CREATE {3+}\r\na\0b\r\n', REFUSED),
  row('a mailbox with CRLF', 'a CREATE {12+}\r\na\r\nb NOOP\r\nc\r\n', REFUSED),
  row('broken UTF-7', 'a CREATE "&AAAA"\r\nb CREATE "&-&-&"\r\nc STATUS "&!!!-" (MESSAGES)\r\n', REFUSED),
  row('an upload that stops', 'a APPEND INBOX {50000+}\r\nabc'),
  row('an upload too large', 'a APPEND INBOX {4294967295}\r\n', REFUSED),
  row('an upload too large, sent', `a APPEND INBOX {4294967295+}\r\n${'x'.repeat(90_000)}`, REFUSED),
  row('a thousand uploads of one octet', `a APPEND Junk ${'{1+}\r\nx '.repeat(1000)}\r\n`, /^a OK /m),
  row('an upload nowhere', 'a APPEND Nowhere {3+}\r\nabc\r\n', /^a NO \[TRYCREATE\]/m),
  row('IDLE that hears something else', 'a IDLE\r\nNOOP\r\nDONE\r\n'),
  row('ENABLE of anything', `a ENABLE ${'X'.repeat(300)} CONDSTORE\r\n`),
  row(
    'dates',
    'a SEARCH SINCE 99-Foo-99999\r\nb APPEND INBOX "99-Foo-9999 99:99:99 +9999" {1+}\r\nx\r\n',
    REFUSED,
  ),
  row('a charset of nobody', 'a SEARCH CHARSET X-NOBODY TEXT {3+}\r\nabc\r\n', REFUSED),
  row('text without end', `a SEARCH TEXT {120000+}\r\n${'x'.repeat(120_000)}\r\n`),
  row(
    'QRESYNC of nonsense',
    `a SELECT INBOX (QRESYNC (1 1 1:* (1:* 1:*)))\r\nb SELECT INBOX (QRESYNC (${'9'.repeat(40)} 1))\r\n`,
  ),
  row('nonsense for quota', 'a GETQUOTA {0+}\r\n\r\nb SETQUOTA "" (STORAGE 99999999999999999999)\r\n'),
];

export const LMTP: readonly HostileInput[] = [
  row('SMTP', 'EHLO mta.example.org\r\n', /^5\d\d /m),
  row('no greeting', 'MAIL FROM:<a@example.org>\r\n', /^5\d\d /m),
  row('data without recipients', 'LHLO x\r\nMAIL FROM:<>\r\nDATA\r\n', /^503 /m),
  row(
    'ten thousand recipients',
    `LHLO x\r\nMAIL FROM:<>\r\n${'RCPT TO:<nobody@example.com>\r\n'.repeat(10_000)}`,
    /^[45]\d\d /m,
  ),
  row(
    'a message that stops',
    'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<eve@example.com>\r\nDATA\r\nSubject: cut\r\n\r\nno end',
  ),
  row(
    'a message with lines that end anyhow',
    'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<eve@example.com>\r\nDATA\r\nSubject: x\n.\n\r.\r\r\n.\r',
  ),
  row(
    'an address without end',
    `LHLO x\r\nMAIL FROM:<${'a'.repeat(100_000)}@example.org>\r\n`,
    /^[45]\d\d /m,
  ),
  row('a size that is none', 'LHLO x\r\nMAIL FROM:<> SIZE=99999999999999999999999\r\n', /^[45]\d\d /m),
  row(
    'BDAT',
    'LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<eve@example.com>\r\nBDAT 4294967295 LAST\r\nabc',
    /^[45]\d\d /m,
  ),
  row('injection before TLS', 'LHLO x\r\nSTARTTLS\r\nMAIL FROM:<>\r\n'),
];

/** Before somebody has signed in to send. */
export const SUBMISSION: readonly HostileInput[] = [
  row('mail of nobody', 'EHLO x\r\nMAIL FROM:<eve@example.com>\r\n', /^530 /m),
  row('AUTH before EHLO', 'AUTH PLAIN AGV2ZQB4\r\n', /^503 /m),
  row('AUTH that stops', 'EHLO x\r\nAUTH PLAIN\r\n', /^334 /m),
  row('AUTH without end', `EHLO x\r\nAUTH PLAIN\r\n${'QUFB'.repeat(20_000)}\r\n`, /^[45]\d\d /m),
  row('mechanisms', `EHLO x\r\n${'AUTH GSSAPI =\r\nAUTH X X X\r\n'.repeat(20)}`, /^504 /m),
  row(
    'proofs of nothing',
    `EHLO x\r\n${'AUTH SCRAM-SHA-256 biwsbj1lLHI9eA==\r\nbm8=\r\n'.repeat(5)}`,
    /^501 /m,
  ),
  row('injection before TLS', 'EHLO x\r\nSTARTTLS\r\nEHLO y\r\nAUTH PLAIN AGV2ZQB4\r\n'),
];

const BEGUN = 'MAIL FROM:<eve@example.com>\r\nRCPT TO:<eve@example.com>\r\n';
const sent = (header: string, body = ''): string => `${BEGUN}DATA\r\n${header}\r\n\r\n${body}\r\n.\r\n`;
const FROM = 'From: eve@example.com';

/** By somebody who has signed in to send. */
export const SENDING: readonly HostileInput[] = [
  row('ten thousand recipients', BEGUN + 'RCPT TO:<eve@example.com>\r\n'.repeat(10_000), /^452 /m),
  row(
    'recipients of no domain',
    `${BEGUN}${'RCPT TO:<a%b@c@d>\r\nRCPT TO:<@a,@b:c@d>\r\n'.repeat(3)}`,
    /^5\d\d /m,
  ),
  row(
    'a header without end',
    sent(`${FROM}\r\nX: ${'y'.repeat(900)}\r\n ${'z\r\n '.repeat(500_000)}z`),
    /^5\d\d /m,
  ),
  row('a hundred thousand fields', sent(`${FROM}\r\n${'X: y\r\n'.repeat(100_000)}Y: z`), /^5\d\d /m),
  row(
    'a hundred thousand blind copies',
    sent(`${FROM}\r\nBcc: ${'a@b,\r\n '.repeat(15_000)}a@b`),
    /^250 2\.0\.0 taken/m,
  ),
  row(
    'twenty thousand senders',
    sent(`From: ${'eve@example.com,\r\n '.repeat(6000)}eve@example.com`),
    /^550 5\.7\.1/m,
  ),
  row(
    'the same in many fields',
    sent(`${FROM}\r\n${'Resent-From: eve@example.com\r\n'.repeat(9000)}X: y`),
    /^550 5\.6\.0/m,
  ),
  row('groups in groups', sent(`From: ${'a:'.repeat(50_000)}`), /^550 /m),
  row('parentheses', sent(`From: ${'('.repeat(900)}\r\n ${'('.repeat(900)}`), /^550 /m),
  row('a megabyte of bare LF', sent(FROM, '\n'.repeat(1024 * KB)), /^250 2\.0\.0 taken/m),
  row('a megabyte of bare CR', sent(FROM, '\r'.repeat(1024 * KB)), /^250 2\.0\.0 taken/m),
  row('a megabyte in one line', sent(FROM, 'x'.repeat(1024 * KB)), /^550 5\.6\.0/m),
  row('dots', sent(FROM, '.\n.\r.\r\n..\r\n'.repeat(50_000))),
  row('a chunk that lies', `${BEGUN}BDAT 4294967295 LAST\r\nabc`, /^[45]\d\d /m),
  row('chunks of nothing', `${BEGUN}${'BDAT 0\r\n'.repeat(20_000)}`),
  row('a message that stops', `${BEGUN}DATA\r\n${FROM}\r\n\r\nno end`),
  row('AUTH again', 'AUTH PLAIN AGV2ZQB4\r\n', /^503 /m),
];

export const POP3: readonly HostileInput[] = [
  row('IMAP', 'a LOGIN eve x\r\na LOGOUT\r\n', /^-ERR/m),
  row('a number without end', `TOP ${'9'.repeat(400)} ${'9'.repeat(400)}\r\n`, /^-ERR/m),
  row('AUTH that stops', 'AUTH PLAIN\r\n', /^(\+ |-ERR)/m),
  row('AUTH without end', `AUTH PLAIN\r\n${'QUFB'.repeat(20_000)}\r\n`, /^-ERR/m),
  row('a user without end', `USER ${'x'.repeat(60_000)}\r\n`, /^-ERR/m),
  row('injection before TLS', 'STLS\r\nUSER eve\r\n'),
];

const SIEVE_REFUSED = /^(NO|BYE)\b/m;

export const MANAGESIEVE: readonly HostileInput[] = [
  row('IMAP', 'a LOGIN eve x\r\na LOGOUT\r\n', SIEVE_REFUSED),
  row('a literal of four gigabytes', 'PUTSCRIPT "x" {4294967295+}\r\n', SIEVE_REFUSED),
  row('a size of no number', 'PUTSCRIPT "x" {99999999999999999999999+}\r\n', SIEVE_REFUSED),
  row('a literal that stops', 'PUTSCRIPT "x" {500+}\r\nabc'),
  row(
    'a literal that is too large',
    `PUTSCRIPT "x" {1100000+}\r\n${'#'.repeat(1_100_000)}\r\n`,
    SIEVE_REFUSED,
  ),
  row('literals without end', `NOOP ${'{1+}\r\nx '.repeat(20_000)}\r\n`, SIEVE_REFUSED),
  row('a string that does not end', 'NOOP "abc\r\n', SIEVE_REFUSED),
  row('words without end', `NOOP ${'x '.repeat(5000)}\r\n`, SIEVE_REFUSED),
  row('AUTHENTICATE that stops', 'AUTHENTICATE "PLAIN"\r\n'),
  row('a response that is none', 'AUTHENTICATE "PLAIN" "====="\r\n', SIEVE_REFUSED),
  row('injection before TLS', 'STARTTLS\r\nLISTSCRIPTS\r\n'),
];

/** Of who has signed in. */
export const SCRIPTS: readonly HostileInput[] = [
  script('blocks in blocks', `${'if true {'.repeat(50_000)}`),
  script('tests in tests', `if ${'not '.repeat(100_000)}true {}`),
  script('lists in lists', `if header ${'['.repeat(100_000)}`),
  script('a string without end', `keep; "${'x'.repeat(900_000)}`),
  script('a comment without end', `/* ${'*'.repeat(900_000)}`),
  script('a multi-line text without end', `discard text:\n${'.\n.'.repeat(1)}${'x\n'.repeat(100_000)}`),
  script('a hundred thousand commands', 'keep;'.repeat(100_000)),
  script(
    'noise',
    Array.from({ length: 20_000 }, (_, n) => String.fromCharCode(1 + ((n * 7919) % 254))).join(''),
  ),
];

function script(name: string, text: string): HostileInput {
  return row(name, `CHECKSCRIPT {${text.length}+}\r\n${text}\r\nLOGOUT\r\n`, SIEVE_REFUSED);
}

export const MANAGESIEVE_WORDS: readonly string[] = [
  ...[
    'NOOP',
    'CAPABILITY',
    'LISTSCRIPTS',
    'PUTSCRIPT',
    'GETSCRIPT',
    'SETACTIVE',
    'DELETESCRIPT',
    'RENAMESCRIPT',
  ],
  ...[
    'CHECKSCRIPT',
    'HAVESPACE',
    'AUTHENTICATE',
    'UNAUTHENTICATE',
    'STARTTLS',
    '"a"',
    '"b"',
    '""',
    '5',
    '{3+}\r\nabc',
  ],
  ...[
    '{2}\r\nxy',
    '"keep;"',
    '"discard;"',
    '"require \\"fileinto\\"; fileinto \\"A\\";"',
    '"',
    '{',
    '}',
    '*',
  ],
];

/** Valid words in an order that nobody foresaw, and single octets that are wrong. */
export function noise(words: readonly string[], random: Random): HostileInput {
  if (random.chance(0.2)) return { name: 'random octets', octets: random.bytes(random.integer(1, 4000)) };
  const lines = Array.from({ length: random.integer(1, 6) }, () => {
    const line = Array.from({ length: random.integer(1, 7) }, () => random.pick(words)).join(' ');
    return `${random.chance(0.8) ? 'n1 ' : ''}${line}\r\n`;
  });
  const octets = Buffer.from(lines.join(''), 'latin1');
  for (let n = random.integer(0, 3); n > 0; n--)
    octets[random.integer(0, octets.length - 1)] = random.integer(0, 255);
  return { name: `noise ${JSON.stringify(octets.toString('latin1'))}`, octets };
}

export const IMAP_WORDS: readonly string[] = [
  'NOOP',
  'CHECK',
  'CAPABILITY',
  'FETCH',
  'UID',
  'STORE',
  'COPY',
  'SEARCH',
  'LIST',
  'LSUB',
  'STATUS',
  'SELECT',
  'EXAMINE',
  'APPEND',
  'IDLE',
  'DONE',
  'ENABLE',
  'NAMESPACE',
  'GETQUOTAROOT',
  'SORT',
  'THREAD',
  'ID',
  'UNSELECT',
  '1:*',
  '1',
  '*',
  '2,4:7',
  '(FLAGS UID)',
  'BODY[]',
  'BODY.PEEK[1.MIME]<0.10>',
  'ENVELOPE',
  'BODYSTRUCTURE',
  'ALL',
  'FULL',
  '(',
  ')',
  '()',
  '""',
  '"INBOX"',
  'INBOX',
  'NIL',
  '{3+}\r\nabc',
  '{0+}\r\n',
  '+FLAGS',
  '-FLAGS.SILENT',
  '(\\Seen)',
  '\\Deleted',
  'RETURN',
  '(MIN MAX COUNT ALL)',
  'UNSEEN',
  'NOT',
  'OR',
  'SINCE',
  '1-Jan-2026',
  'HEADER',
  'SUBJECT',
  'TEXT',
  'CHARSET',
  'UTF-8',
  '%',
  '(CONDSTORE)',
  '(QRESYNC (1 1))',
  'CHANGEDSINCE',
  'MODSEQ',
  '$',
  '~{1+}\r\nx',
]; // No word of these takes anything away from the mailbox of those who behave.

export const LMTP_WORDS: readonly string[] = [
  'LHLO',
  'x',
  'MAIL',
  'FROM:<>',
  'FROM:<a@example.org>',
  'RCPT',
  'TO:<nobody@example.com>',
  'RSET',
  'NOOP',
  'VRFY',
  'HELP',
  'SIZE=10',
  'BODY=8BITMIME',
  'SMTPUTF8',
  'XCLIENT',
  'AUTH',
  'BDAT',
  'ETRN',
  '<>',
  ':',
  '@',
  '"',
];

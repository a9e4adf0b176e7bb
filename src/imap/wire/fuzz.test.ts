import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/kit/runs.ts';
import { batchesArgs } from '../extensions/uid-batches.ts';
import { enableList, idParams, quotaLimits, specialUse } from './account-args.ts';
import { spIdentifier, spModRights } from './acl-args.ts';
import { appendArgs } from './append-args.ts';
import { applePushArgs } from './apple-push-args.ts';
import { Cursor } from './cursor.ts';
import { date, maybeDateTime } from './date.ts';
import { SyntaxFault } from './fault.ts';
import { parseFetchAtts } from './fetch-items.ts';
import { flagList } from './flag.ts';
import { LIMITS_AFTER_LOGIN } from './frame-event.ts';
import { Framer } from './framer.ts';
import * as g from './grammar.ts';
import { imapUrl } from './imap-url.ts';
import { keywordTable, maybeSpOptionList } from './keyword-table.ts';
import { labelList } from './labels.ts';
import { listArgs } from './list-args.ts';
import { isMessageLiteral } from './literal.ts';
import { listMailbox, mailbox } from './mailbox.ts';
import { qresyncParams, spModSequence } from './modifiers.ts';
import { notifyArgs } from './notify-args.ts';
import { sequenceSet } from './numset.ts';
import { spPartialRange } from './partial.ts';
import { maybeSearchReturn, searchProgram } from './search-keys.ts';
import { binaryRequest, maybeSectionRequest, sectionRequest } from './section.ts';
import { storeArgs } from './store-args.ts';
import { storedSearch } from './stored-search.ts';
import { keysToReset, urlsToAuthorize, urlsToFetch } from './url-args.ts';
import { wishesToEnd } from './wish-args.ts';

const atts = keywordTable([
  { name: 'UID' },
  { name: 'FLAGS' },
  { name: 'BODY', parse: maybeSectionRequest },
  { name: 'BODY.PEEK', parse: sectionRequest },
  { name: 'BINARY', parse: binaryRequest },
]);
const options = keywordTable([
  { name: 'CONDSTORE' },
  { name: 'QRESYNC', parse: qresyncParams },
  { name: 'CHANGEDSINCE', parse: spModSequence },
]);
const stored = keywordTable([{ name: 'X-GM-LABELS', parse: labelList }]);
const returns = keywordTable([
  { name: 'CONTEXT' },
  { name: 'PARTIAL', parse: spPartialRange },
  { name: 'UPDATE', parse: (c: Cursor) => (g.maybeSp(c) ? parseFetchAtts(c, atts) : undefined) },
]);
const lists = { selection: keywordTable([{ name: 'SUBSCRIBED', role: 'base' as const }]), returns: options };

const PRODUCTIONS: readonly ((c: Cursor) => unknown)[] = [
  (c) => g.astring(c),
  (c) => g.nstring(c),
  g.number64,
  g.base64,
  date,
  maybeDateTime,
  mailbox,
  listMailbox,
  flagList,
  sequenceSet,
  (c) => parseFetchAtts(c, atts),
  (c) => searchProgram(c, new Map()),
  (c) => maybeSearchReturn(c, returns),
  (c) => maybeSpOptionList(c, options, 'option'),
  (c) => listArgs(c, lists),
  (c) => storeArgs(c, options, stored),
  labelList,
  applePushArgs,
  appendArgs,
  idParams,
  enableList,
  quotaLimits,
  specialUse,
  (c) => notifyArgs(c, atts),
  (c) => storedSearch(g.astring(c), new Map()),
  urlsToAuthorize,
  (c) => urlsToFetch(c).map(({ url }) => imapUrl(url)),
  keysToReset,
  batchesArgs,
  wishesToEnd,
  (c) => [spIdentifier(c), spModRights(c)],
];

const SEEDS = [
  'a FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (DATE FROM)]<0.10>) (CHANGEDSINCE 5)',
  'a SEARCH CHARSET UTF-8 OR (FROM "x" NOT SEEN) UID 1,5:* SUBJECT {3+}\r\nabc SINCE 1-Jan-2024',
  'a APPEND "INBOX" (\\Seen $Junk) " 1-Jan-2024 00:00:00 +0100" {3+}\r\nabc (\\Draft) ~{2+}\r\nxy',
  'a LIST (SUBSCRIBED) "" (a "b/%") RETURN (CONDSTORE)',
  'a SELECT &AOQ- (QRESYNC (1 2 3:4 (1,2 5,6)))',
  'a STORE 2:4 (UNCHANGEDSINCE 7) +FLAGS.SILENT (\\Deleted work)',
  'a STORE 2:4 -X-GM-LABELS.SILENT (\\Starred "\\\\Inbox" &AOQ- {3+}\r\nabc)',
  'a ID ("name" "x" "os" NIL)',
  'a SEARCH RETURN (CONTEXT UPDATE (UID BODY.PEEK[1]) PARTIAL 1:9) UNSEEN',
  'a SETQUOTA "" (STORAGE 512)',
  'a X "OR SMALLER 5000 (FROM \\"boss\\" NOT UID 1:*)"',
  'a APPEND x CATENATE (URL "/b/;UID=1/;SECTION=1.MIME" TEXT {3+}\r\nabc URL ;UID=2) (\\Seen) CATENATE (TEXT {1+}\r\nx)',
  'a GENURLAUTH "imap://j@e.org/b/;uid=2/;section=1;urlauth=submit+fred" INTERNAL',
  'a URLFETCH imap://j@e.org/b/;UID=2;EXPIRE=2026-01-01T00:00:00Z;URLAUTH=authuser:INTERNAL:0123456789abcdef0123456789abcdef ("x" BODY BINARY)',
  'a RESETKEY INBOX INTERNAL',
  'a UIDBATCHES 2000 10:20',
  'a LANGUAGE "fr-CA" sv default',
  'a COMPARATOR "cz;*" i;basic default -i;octet',
  'a SETACL "-anna@example.org" +lrsd',
  'a XAPPLEPUSHSERVICE aps-version 2 aps-account-id 0715A26B-CA09 aps-device-token 29183902189318908 aps-subtopic com.apple.mobilemail mailboxes (INBOX {5+}\r\nNotes)',
  'a NOTIFY SET STATUS (selected (MessageNew (UID BODY.PEEK[1]) MessageExpunge)) (subtree (a "b") (MailboxName x))',
];

/** Everything that is said about `bytes`; anything thrown but a SyntaxFault fails the test. */
function survives(bytes: Buffer): void {
  const framer = new Framer({ ...LIMITS_AFTER_LOGIN, discardBytes: 2 ** 22 }, (announcement) =>
    announcement.name === 'APPEND' && isMessageLiteral(announcement, 1) ? 'stream' : 'buffer',
  );
  framer.push(bytes);
  for (let event = framer.next(); event !== undefined; event = framer.next()) {
    if (event.kind === 'literal-wanted') framer.accept();
    if (event.kind !== 'frame') continue;
    for (const isUtf8 of [false, true]) {
      for (const production of PRODUCTIONS) {
        for (const skipped of [0, 1]) {
          const c = new Cursor(event.frame, { isUtf8 });
          c.skip(skipped);
          try {
            production(c);
            g.end(c);
          } catch (error) {
            if (!(error instanceof SyntaxFault)) throw error;
            assert.ok(error.message.length < 200);
            assert.match(error.message, /^[\x20-\x7e]+$/);
          }
        }
      }
    }
  }
}

const mutated = fc
  .record({
    seed: fc.constantFrom(...SEEDS),
    at: fc.nat(120),
    removed: fc.nat(4),
    added: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom(
        '{',
        '}',
        '"',
        '\\',
        '(',
        ')',
        '{0+}\r\n',
        '{5}',
        '\0',
        '\r',
        '*',
        '4294967295',
        ' ',
        '$',
        '<',
        ']',
      ),
    ),
  })
  .map(({ seed, at, removed, added }) => `${seed.slice(0, at)}${added}${seed.slice(at + removed)}\r\n`);

const x = (n: number, text: string) => text.repeat(n);

const HOSTILE: readonly (readonly [string, string])[] = [
  ['ten thousand (', `a SEARCH ${x(10_000, '(')}\r\n`],
  ['ten thousand ( in FETCH', `a FETCH ${x(10_000, '(')}\r\n`],
  ['ten thousand NOT', `a SEARCH ${x(10_000, 'NOT ')}ALL\r\n`],
  ['a number without end', `a FETCH ${x(60_000, '9')}\r\n`],
  ['a literal without measure', 'a LOGIN {99999999999}\r\n'],
  ['a literal without measure, unasked', 'a LOGIN {99999999999+}\r\nxxx'],
  ['a negative literal', 'a LOGIN {-1}\r\nb LOGIN {-1+}\r\n'],
  ['NUL everywhere', `a LOGIN \0 "\0" {1+}\r\n\0\r\n\0\0\r\n`],
  ['a megabyte of tag', `${x(2 ** 20, 'a')}\r\nb NOOP\r\n`],
  ['a megabyte of quote', `a LOGIN "${x(2 ** 20, '\\')}"\r\n`],
  ['a line full of backslashes', `a LOGIN "${x(60_000, '\\')}"\r\n`],
  ['a line full of ranges', `a FETCH ${x(30_000, '1,')}1 FLAGS\r\n`],
  ['a line full of stars', `a FETCH ${x(9_999, '*:1,')}1 FLAGS\r\n`],
  ['a line full of shifts', `a SELECT "${x(30_000, '&-')}"\r\n`],
  ['a hundred literals and one', `a SEARCH ${x(101, '{1+}\r\nx ')}\r\n`],
  ['a thousand empty literals', `a SEARCH ${x(1000, '{0+}\r\n ')}\r\n`],
];

describe('hostile input', () => {
  for (const [what, input] of HOSTILE) {
    it(`${what} ends in a fault, soon`, () => {
      const startedMs = performance.now();
      survives(Buffer.from(input, 'latin1'));
      assert.ok(performance.now() - startedMs < 5000);
    });
  }

  it('arbitrary bytes lead to nothing but faults', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => survives(Buffer.from(octets))),
      { numRuns: runs(500) },
    );
    const line = fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => `a X ${text}\r\n`);
    fc.assert(
      fc.property(line, (text) => survives(Buffer.from(text, 'latin1'))),
      { numRuns: runs(1500) },
    );
  });

  it('commands with a wound lead to nothing but faults', () => {
    fc.assert(
      fc.property(mutated, (text) => survives(Buffer.from(text, 'latin1'))),
      { numRuns: runs(3000) },
    );
  });
});

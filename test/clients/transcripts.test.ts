/**
 * What real clients were seen to send and others would not: word for word, one test for each habit, named by what it
 * protects. Our own strict client plays them and reads the answers, over a socket to a server process.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ImapClient } from '../imap-client.ts';
import { ALICE, Home } from './home.ts';
import { largeLetter, letters, note } from './letters.ts';
import { bodyOf, Mailboxes } from './mailboxes.ts';
import { assertOctets } from './octets.ts';

/** mbsync's, as seen. */
const FETCHES_IN_FLIGHT = 1966;
const APPENDS_IN_FLIGHT = 943;

describe('what clients send', () => {
  let home: Home;
  before(async () => {
    home = await Home.open();
  });
  after(() => home.close());

  /** A session and a mailbox of its own with these messages, not selected. */
  async function session(name: string, messages: readonly Buffer[] = []): Promise<ImapClient> {
    const mailboxes = await home.mailboxes();
    await mailboxes.create(name);
    await mailboxes.append(name, messages);
    return mailboxes.client;
  }

  async function stranger(): Promise<ImapClient> {
    const client = await ImapClient.connect(home.ports.imap);
    await client.greeting();
    return client;
  }

  describe('signing in', () => {
    it('fdm: LOGIN and SELECT with literals, before and after', async () => {
      const client = await stranger();
      await sendInPieces(client, ['a1 LOGIN ', ALICE.address, ' ', ALICE.password, '']);
      assert.equal((await client.answer('a1')).status, 'OK');
      await sendInPieces(client, ['a2 SELECT ', 'INBOX', '']);
      assert.equal((await client.answer('a2')).status, 'OK');
      client.close();
    });

    it('atoms, quoted strings and any case of the command', async () => {
      for (const line of [
        `LOGIN ${ALICE.address} ${ALICE.password}`,
        `login "${ALICE.address}" "${ALICE.password}"`,
        `Login ${ALICE.address} "${ALICE.password}"`,
      ]) {
        const client = await stranger();
        await client.ok(line);
        await client.ok('capability');
        client.close();
      }
    });

    it('AUTHENTICATE PLAIN with and without initial response, LOGIN, and thinking better of it', async () => {
      const plain = Buffer.from(`\0${ALICE.address}\0${ALICE.password}`).toString('base64');
      const name = Buffer.from(ALICE.address).toString('base64');
      const password = Buffer.from(ALICE.password).toString('base64');
      const ways: readonly (readonly [string, ...string[]])[] = [
        [`PLAIN ${plain}`],
        ['PLAIN', plain],
        ['plain', plain],
        ['LOGIN', name, password],
        [`LOGIN ${name}`, password],
      ];
      for (const [first, ...answers] of ways) {
        const client = await stranger();
        await converse(client, `a AUTHENTICATE ${first}`, answers);
        assert.equal((await client.answer('a')).status, 'OK', first);
        client.close();
      }
      const client = await stranger();
      await converse(client, 'a AUTHENTICATE PLAIN', ['*']);
      assert.equal((await client.answer('a')).status, 'BAD');
      await client.ok(`LOGIN ${ALICE.address} ${ALICE.password}`);
      client.close();
    });

    it('a wrong password has a code of its own, by which clients tell it from an outage', async () => {
      const client = await stranger();
      const { status, text } = await client.command(`LOGIN ${ALICE.address} wrong`);
      assert.match(`${status} ${text}`, /^NO \[AUTHENTICATIONFAILED\]/);
      client.close();
    });

    it('Roundcube: a new connection for everything, 47 in a short session', async () => {
      for (let count = 0; count < 47; count++) {
        const client = await stranger();
        client.send(`a LOGIN ${ALICE.address} ${ALICE.password}\r\nb NAMESPACE\r\nc LOGOUT\r\n`);
        for (const tag of ['a', 'b', 'c']) assert.equal((await client.answer(tag)).status, 'OK');
        await client.ended();
      }
    });

    it('ID of every form, before and after', async () => {
      const client = await stranger();
      for (const args of ['NIL', '()', '("name" "x" "version" NIL)']) await client.ok(`ID ${args}`);
      await client.ok(`LOGIN ${ALICE.address} ${ALICE.password}`);
      await client.ok('ID ("name" "x")');
      client.close();
    });
  });

  describe('mailboxes', () => {
    it('wildcards without quotes: curl, perl, s-nail, alpine', async () => {
      const client = await session('Wild/Card');
      for (const pattern of ['*', '%', 'Wild*', 'Wild/%', '""']) {
        const { untagged } = await client.ok(`LIST "" ${pattern}`);
        assert.ok(untagged.length > 0, pattern);
      }
      assert.deepEqual((await client.ok('LIST "" ""')).untagged, ['LIST (\\Noselect) "/" ""']);
    });

    it('roles in an ordinary LIST, which Apple Mail and Outlook go by', async () => {
      const client = await session('Roles');
      const { untagged } = await client.ok('LIST "" "*"');
      for (const role of ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']) {
        assert.ok(
          untagged.some((text) => text.includes(`\\${role}`) && text.endsWith(role)),
          role,
        );
      }
    });

    it('Thunderbird: lower case, and a delimiter behind the name', async () => {
      const client = await session('Bird', [note('bird')]);
      const { untagged } = await client.ok('list (subscribed) "" "*" return (special-use)');
      assert.ok(untagged.some((text) => /^LIST \(.*\\Subscribed.*\) "\/" Bird$/.test(text)));
      await client.ok('create "Bird/Nest/"');
      await client.ok('select "Bird/Nest/"');
      await client.ok('status "Bird/" (messages)');
      await client.ok('select "Bird"');
      const stored = await client.ok('uid store 1 +Flags (\\seen \\FLAGGED)');
      assert.match(stored.untagged.join(), /FLAGS \(.*\\Flagged.*\\Seen|FLAGS \(.*\\Seen.*\\Flagged/);
      await client.ok('delete "Bird/Nest/"');
    });

    it('Apple Mail with the path prefix `/`: a delimiter before the name', async () => {
      const client = await session('Apple');
      await client.ok('SELECT "/Apple"');
    });

    it('c-client: Create, Rename, +Flags (\\DELETED)', async () => {
      const client = await session('Cclient', [note('c')]);
      await client.ok('Create Cclient2');
      await client.ok('Rename Cclient2 Cclient3');
      await client.ok('Select Cclient');
      await client.ok('Store 1 +Flags (\\DELETED)');
      assert.deepEqual((await client.ok('Expunge')).untagged, ['1 EXPUNGE']);
    });

    it('iOS and interimap: status inside a LIST', async () => {
      const client = await session('Inside', [note('one')]);
      const ios = await client.ok('LIST "" "*" RETURN (SPECIAL-USE STATUS (UNSEEN))');
      assert.ok(ios.untagged.includes('STATUS Inside (UNSEEN 1)'));
      const interimap = await client.ok(
        'LIST "" Inside RETURN (SUBSCRIBED STATUS (UIDVALIDITY UIDNEXT HIGHESTMODSEQ))',
      );
      assert.match(
        interimap.untagged[1] ?? '',
        /^STATUS Inside \(UIDVALIDITY \d+ UIDNEXT 2 HIGHESTMODSEQ \d+\)$/,
      );
    });

    it('K-9: LIST by role below INBOX, before there is anything', async () => {
      const client = await session('Nine');
      assert.deepEqual((await client.ok('LIST (SPECIAL-USE) "" "INBOX/*"')).untagged, []);
      const { untagged } = await client.ok('LIST (SPECIAL-USE) "" "*" RETURN (SUBSCRIBED)');
      assert.equal(untagged.length, 5);
    });

    it('imapsync, Roundcube, perl: STATUS of the mailbox that is open, over and over', async () => {
      const client = await session('Open', [note('one'), note('two')]);
      await client.ok('SELECT Open');
      for (let count = 0; count < 64; count++) {
        const { untagged } = await client.ok('STATUS Open (HIGHESTMODSEQ MESSAGES UNSEEN)');
        // Asking for HIGHESTMODSEQ turns CONDSTORE on, which is told once (RFC 7162 §3.1).
        assert.equal(untagged.length, count === 0 ? 2 : 1);
        assert.match(untagged.at(-1) ?? '', /^STATUS Open \(HIGHESTMODSEQ \d+ MESSAGES 2 UNSEEN 2\)$/);
      }
    });

    it('mutt: everything it asks of every folder at once', async () => {
      const client = await session('Mutt');
      const names = ['INBOX', 'Sent', 'Drafts', 'Trash', 'Junk', 'Archive', 'Mutt'];
      client.send(
        names
          .map((name, i) => `m${i} STATUS "${name}" (UIDNEXT UIDVALIDITY UNSEEN RECENT MESSAGES)\r\n`)
          .join(''),
      );
      for (const [i, name] of names.entries()) {
        const { untagged } = await client.answer(`m${i}`);
        assert.match(untagged.join(), new RegExp(`^STATUS ${name} \\(UIDNEXT \\d+ .*MESSAGES \\d+\\)$`));
      }
    });

    it('the codes by which clients go on: TRYCREATE, ALREADYEXISTS, NONEXISTENT', async () => {
      const client = await session('Codes', [note('one')]);
      const codes: [string, RegExp][] = [
        ['CREATE Codes', /^NO \[ALREADYEXISTS\]/],
        ['DELETE Nothing', /^NO \[NONEXISTENT\]/],
        ['SELECT Nothing', /^NO \[NONEXISTENT\]/],
        ['STATUS Nothing (MESSAGES)', /^NO \[NONEXISTENT\]/],
      ];
      for (const [line, expected] of codes) await refuses(client, line, expected);
      await client.ok('SELECT Codes');
      for (const line of ['COPY 1 Nothing', 'UID MOVE 1 Nothing'])
        await refuses(client, line, /^NO \[TRYCREATE\]/);
      client.send('t APPEND Nothing {5+}\r\nhello\r\n');
      const { status, text } = await client.answer('t');
      assert.match(`${status} ${text}`, /^NO \[TRYCREATE\]/);
    });
  });

  describe('searching', () => {
    const GREETING = Buffer.from('Subject: Gr\u00fc\u00dfe\r\n\r\nSm\u00f6rg\u00e5s\r\n');
    const RAW = Buffer.from('gr\u00fc\u00dfe').toString('latin1');

    it('raw octets in quotes, with CHARSET quoted or not or absent: imapfilter, perl, K-9', async () => {
      const client = await session('Raw', [note('other'), GREETING]);
      await client.ok('SELECT Raw');
      for (const charset of ['CHARSET "UTF-8" ', 'CHARSET UTF-8 ', 'charset utf-8 ', '']) {
        assert.deepEqual(
          (await client.ok(`SEARCH ${charset}SUBJECT "${RAW}"`)).untagged,
          ['SEARCH 2'],
          charset,
        );
      }
    });

    it('Thunderbird and Roundcube: the text as a literal of either kind', async () => {
      const client = await session('Literal', [note('other'), GREETING]);
      await client.ok('SELECT Literal');
      client.send(`a uid SEARCH CHARSET UTF-8 UNDELETED BODY {${Buffer.from('SM\u00d6R').length}}\r\n`);
      assert.equal((await client.next()).kind, 'continuation');
      client.send(Buffer.from('SM\u00d6R\r\n'));
      assert.deepEqual((await client.answer('a')).untagged, ['SEARCH 2']);
      client.send(`b UID SEARCH CHARSET UTF-8 HEADER SUBJECT {${RAW.length}+}\r\n${RAW}\r\n`);
      assert.deepEqual((await client.answer('b')).untagged, ['SEARCH 2']);
    });

    it('an unknown charset is refused with its code, and the connection goes on', async () => {
      const client = await session('Charset', [GREETING]);
      await client.ok('SELECT Charset');
      await refuses(client, 'SEARCH CHARSET KLINGON SUBJECT x', /^NO \[BADCHARSET \(/);
      assert.deepEqual((await client.ok('SEARCH CHARSET ISO-8859-1 SUBJECT "gr\xfc\xdfe"')).untagged, [
        'SEARCH 1',
      ]);
    });

    it('Apple Mail: from beyond the last UID on is the last message, and nothing in an empty mailbox', async () => {
      const client = await session('Beyond', letters(3));
      await client.ok('SELECT Beyond');
      assert.deepEqual((await client.ok('UID SEARCH 1:* NOT DELETED')).untagged, ['SEARCH 1 2 3']);
      const { untagged } = await client.ok('UID SEARCH RETURN (ALL) UID 10:*');
      assert.match(untagged.join(), /^ESEARCH \(TAG "\w+"\) UID ALL 3$/);
      await client.ok('CREATE Beyond/Empty');
      await client.ok('SELECT Beyond/Empty');
      assert.match(
        (await client.ok('UID SEARCH RETURN (ALL) UID 10:*')).untagged.join(),
        /^ESEARCH \(TAG "\w+"\) UID$/,
      );
      assert.deepEqual((await client.ok('UID SEARCH 1:* NOT DELETED')).untagged, ['SEARCH']);
    });

    it('Roundcube: a bare number is a sequence number, even of no message', async () => {
      const client = await session('Bare', letters(3));
      await client.ok('SELECT Bare');
      await client.ok('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
      await client.ok('EXPUNGE');
      assert.deepEqual((await client.ok('UID SEARCH 2')).untagged, ['SEARCH 3']);
      assert.deepEqual((await client.ok('UID SEARCH 120')).untagged, ['SEARCH']);
    });

    it('sets of tens of thousands of octets', async () => {
      const client = await session('Sets', letters(40));
      await client.ok('SELECT Sets');
      const odd = Array.from({ length: 10_000 }, (_, index) => 2 * index + 1).join(',');
      assert.ok(odd.length > 50_000);
      assert.equal((await client.ok(`UID FETCH ${odd} (FLAGS)`)).untagged.length, 20);
      assert.match((await client.ok(`UID SEARCH UID ${odd}`)).untagged.join(), /^SEARCH 1 3 .* 39$/);
    });
  });

  describe('fetching', () => {
    it('interimap and Thunderbird: ranges that end beyond the last message', async () => {
      const client = await session('Ranges', letters(4));
      await client.ok('SELECT Ranges');
      const uids = async (set: string): Promise<string[]> =>
        (await client.ok(`UID FETCH ${set} (UID)`)).untagged.map(
          (text) => /UID (\d+)/.exec(text)?.[1] ?? text,
        );
      assert.deepEqual(await uids('1:4294967295'), ['1', '2', '3', '4']);
      assert.deepEqual(await uids('10460:*'), ['4']);
      assert.deepEqual(await uids('*:10460'), ['4']);
      assert.deepEqual(await uids('10460:10461'), []);
      assert.deepEqual(await uids('4,2,2:3'), ['2', '3', '4']);
    });

    it('alpine, curl, fdm, Mail::IMAPClient: what does not peek marks as read, and only that', async () => {
      const client = await session('Marks', letters(6));
      await client.ok('SELECT Marks');
      for (const item of [
        'BODY.PEEK[]',
        'BODY.PEEK[HEADER.FIELDS (SUBJECT)]',
        'RFC822.HEADER',
        'ENVELOPE',
        'BODYSTRUCTURE',
      ]) {
        await client.ok(`FETCH 6 ${item}`);
      }
      for (const [index, item] of [
        'BODY[1]',
        'BODY[]',
        'BODY[HEADER.FIELDS (SUBJECT)]',
        'RFC822',
        'BODY[]<0.5>',
      ].entries()) {
        const { untagged } = await client.ok(`FETCH ${index + 1} (${item})`);
        assert.match(untagged.join(), /\\Seen/, item);
      }
      assert.deepEqual((await client.ok('SEARCH UNSEEN')).untagged, ['SEARCH 6']);
      await client.ok('EXAMINE Marks');
      await client.ok('FETCH 6 BODY[]');
      assert.deepEqual((await client.ok('SEARCH UNSEEN')).untagged, ['SEARCH 6']);
    });

    it('JavaMail, imapflow, Thunderbird: a message in chunks, exact to the octet, the last one short', async () => {
      const bytes = largeLetter(200_000);
      const client = await session('Chunks', [bytes]);
      await client.ok('SELECT Chunks');
      assert.match(
        (await client.ok('FETCH 1 RFC822.SIZE')).untagged.join(),
        new RegExp(`RFC822.SIZE ${bytes.length}\\)`),
      );
      for (const step of [16_384, 65_536]) {
        const pieces: Buffer[] = [];
        for (let start = 0; start < bytes.length; start += step) {
          const { untagged } = await client.ok(`FETCH 1 (BODY.PEEK[]<${start}.${step}>)`);
          const piece = bodyOf((untagged[0] ?? '').replace(`BODY[]<${start}>`, 'BODY[]'));
          assert.equal(piece?.length, Math.min(step, bytes.length - start));
          pieces.push(piece as Buffer);
        }
        assertOctets(Buffer.concat(pieces), bytes, `in steps of ${step}`);
        const beyond = await client.ok(`FETCH 1 (BODY.PEEK[]<${bytes.length}.${step}>)`);
        assert.match(beyond.untagged.join(), /BODY\[\]<\d+> (""|\{0\}\r\n)\)$/);
      }
    });

    it('Roundcube: parts decoded and their headers', async () => {
      const source = [
        'MIME-Version: 1.0',
        'Content-Type: multipart/mixed; boundary=x',
        '',
        '--x',
        'Content-Transfer-Encoding: base64',
        '',
        'aGVsbG8=',
        '--x--',
        '',
      ];
      const client = await session('Parts', [Buffer.from(source.join('\r\n'))]);
      await client.ok('SELECT Parts');
      const { untagged } = await client.ok('UID FETCH 1 (BODY.PEEK[1.MIME] BINARY.PEEK[1] BINARY.SIZE[1])');
      const text = untagged.join();
      assert.match(text, /BODY\[1\.MIME\] \{37\}\r\nContent-Transfer-Encoding: base64\r\n\r\n/);
      assert.match(text, /BINARY\[1\] ("hello"|~?\{5\}\r\nhello)/);
      assert.match(text, /BINARY\.SIZE\[1\] 5/);
    });

    it(`mbsync: ${FETCHES_IN_FLIGHT} UID FETCHes in flight, answered in order`, async () => {
      const sources = letters(50);
      const client = await session('Flight', sources);
      await client.ok('SELECT Flight');
      const lines = Array.from(
        { length: FETCHES_IN_FLIGHT },
        (_, i) => `f${i} UID FETCH ${(i % 50) + 1} (BODY.PEEK[])\r\n`,
      );
      client.send(lines.join(''));
      for (let index = 0; index < FETCHES_IN_FLIGHT; index++) {
        const { status, untagged } = await client.answer(`f${index}`);
        assert.equal(status, 'OK');
        assertOctets(bodyOf(untagged[0] ?? ''), sources[index % 50] as Buffer, `answer ${index}`);
      }
    });
  });

  describe('storing', () => {
    it(`mbsync: ${APPENDS_IN_FLIGHT} APPENDs in flight, each with its UID`, async () => {
      const mailboxes = new Mailboxes(await session('Uploads'));
      const uids = await mailboxes.append('Uploads', letters(APPENDS_IN_FLIGHT), () => '\\Seen');
      assert.deepEqual(
        uids,
        Array.from({ length: APPENDS_IN_FLIGHT }, (_, index) => index + 1),
      );
      assert.equal(await mailboxes.count('Uploads'), APPENDS_IN_FLIGHT);
    });

    it('mailutil: 30 messages in one APPEND, literals that wait, no flags, a date that begins with a space', async () => {
      const client = await session('Multi');
      const sources = letters(30);
      const pieces = sources.flatMap((bytes, index) => [
        `${index === 0 ? 'a APPEND Multi' : ''} () " 1-Jan-2024 ${String(index % 24).padStart(2, '0')}:00:00 +0100" `,
        bytes,
      ]);
      await sendInPieces(client, [...pieces, '']);
      const { status, text } = await client.answer('a');
      assert.match(`${status} ${text}`, /^OK \[APPENDUID \d+ 1:30\]/);
      await client.ok('EXAMINE Multi');
      const { untagged } = await client.ok('UID FETCH 30 (INTERNALDATE BODY.PEEK[])');
      assert.match(
        untagged.join(),
        /INTERNALDATE " 1-Jan-2024 04:00:00 \+0000"|INTERNALDATE " 1-Jan-2024 05:00:00 \+0100"/,
      );
      assertOctets(bodyOf(untagged[0] ?? ''), sources[29] as Buffer, 'the last message');
    });

    it('interimap: 64 messages in one APPEND without waiting', async () => {
      const client = await session('Inter');
      client.send('a APPEND Inter');
      for (const bytes of letters(64)) {
        client.send(` (\\Seen $Label) "01-Jan-2024 10:00:00 +0000" {${bytes.length}+}\r\n`);
        client.send(bytes);
      }
      client.send('\r\n');
      assert.match((await client.answer('a')).text, /^\[APPENDUID \d+ 1:64\]/);
    });

    it('mutt, offlineimap, imapfilter: a literal that waits although it need not', async () => {
      const client = await session('Waits');
      await sendInPieces(client, [
        'a APPEND Waits (\\Seen) "17-Jul-2024 02:44:25 -0700" ',
        note('waits'),
        '',
      ]);
      assert.match((await client.answer('a')).text, /^\[APPENDUID \d+ 1\]/);
    });

    it('a message that is too big gets a tagged NO with its code before it is sent', async () => {
      const client = await session('Big');
      await refuses(client, 'APPEND Big {4000000000}', /^NO \[TOOBIG\]/);
      await client.ok('NOOP');
    });
  });

  describe('keeping in step', () => {
    it('neomutt: ENABLE of what there is and what there is not, one after the other', async () => {
      const client = await session('Enable', [note('one')]);
      assert.deepEqual((await client.ok('ENABLE UTF8=ACCEPT')).untagged, ['ENABLED UTF8=ACCEPT']);
      assert.deepEqual((await client.ok('ENABLE QRESYNC')).untagged, ['ENABLED QRESYNC']);
      assert.match((await client.ok('ENABLE X-NOTHING')).untagged.join(), /^(ENABLED)?$/);
      await client.ok('SELECT Enable');
      await client.ok('STORE 1 +FLAGS.SILENT (\\Deleted)');
      assert.match((await client.ok('EXPUNGE')).untagged.join(), /^VANISHED 1$/);
    });

    it('mutt, emailjs, JavaMail: SELECT (CONDSTORE), and a CHANGEDSINCE of 0 by iOS', async () => {
      const client = await session('Cond', letters(3));
      assert.match((await client.ok('SELECT Cond (CONDSTORE)')).untagged.join('\n'), /HIGHESTMODSEQ \d+/);
      const { untagged } = await client.ok('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)');
      assert.equal(untagged.length, 3);
      assert.ok(untagged.every((text) => /MODSEQ \(\d+\)/.test(text)));
    });

    it('interimap, imapflow: STORE only what nobody else has changed', async () => {
      const client = await session('Unchanged', letters(2));
      const [, modseq] =
        /HIGHESTMODSEQ (\d+)/.exec((await client.ok('SELECT Unchanged (CONDSTORE)')).untagged.join()) ?? [];
      await client.ok('UID STORE 1 +FLAGS.SILENT (\\Flagged)');
      const { status, text } = await client.command(
        `UID STORE 1:2 (UNCHANGEDSINCE ${modseq}) +FLAGS.SILENT (\\Seen)`,
      );
      assert.match(`${status} ${text}`, /^(OK|NO) \[MODIFIED 1\]/);
      assert.deepEqual((await client.ok('SEARCH SEEN')).untagged, ['SEARCH 2']);
    });

    it('QRESYNC as imapflow, mutt and interimap ask for it, with known UIDs and a sequence match', async () => {
      const client = await session('Away', letters(65));
      const opened = (await client.ok('SELECT Away (CONDSTORE)')).untagged.join();
      const [, validity] = /UIDVALIDITY (\d+)/.exec(opened) ?? [];
      const [, modseq] = /HIGHESTMODSEQ (\d+)/.exec(opened) ?? [];
      await client.ok('UID STORE 5 +FLAGS.SILENT (\\Flagged)');
      await client.ok('UID STORE 20:24 +FLAGS.SILENT (\\Deleted)');
      await client.ok('EXPUNGE');
      await client.ok('UNSELECT');
      await client.ok('ENABLE QRESYNC');
      const forms = [
        `SELECT Away (QRESYNC (${validity} ${modseq}))`,
        `SELECT Away (QRESYNC (${validity} ${modseq} 1:65))`,
        `SELECT Away (QRESYNC (${validity} ${modseq} 1:65 (1:65 1:65)))`,
        `select "Away" (qresync (${validity} ${modseq} 1:4294967295))`,
      ];
      for (const form of forms) {
        const { untagged } = await client.ok(form);
        assert.ok(untagged.includes('VANISHED (EARLIER) 20:24'), form);
        const changed = untagged.filter((text) => text.includes(' FETCH '));
        assert.equal(changed.length, 1, form);
        assert.match(changed[0] ?? '', /^5 FETCH \(.*UID 5 .*\\Flagged/);
        await client.ok('UNSELECT');
      }
      await client.ok('SELECT Away');
      const asked = await client.ok(`UID FETCH 1:65 (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)`);
      assert.ok(asked.untagged.includes('VANISHED (EARLIER) 20:24'));
    });

    it('Apple Mail: after an EXPUNGE of nothing, not a word of EXISTS', async () => {
      const client = await session('Nothing');
      await client.ok('SELECT Nothing');
      assert.deepEqual((await client.ok('EXPUNGE')).untagged, []);
      assert.deepEqual((await client.ok('UID EXPUNGE 1:*')).untagged, []);
    });

    it('K-9: EXAMINE tells the same as SELECT', async () => {
      const client = await session('Same', letters(3));
      const examined = (await client.ok('EXAMINE Same')).untagged.filter(
        (text) => !text.includes('PERMANENTFLAGS'),
      );
      const selected = (await client.ok('SELECT Same')).untagged;
      const told = selected.filter((text) => !/PERMANENTFLAGS|CLOSED/.test(text));
      assert.deepEqual(told.sort(), examined.filter((text) => !text.includes('CLOSED')).sort());
    });

    it('iOS: the next command in the same segment as DONE, with an empty line before it', async () => {
      const client = await session('Done', [note('one')]);
      await client.ok('SELECT Done');
      for (const ending of ['DONE\r\n', 'DONE\r\n\r\n', 'done\r\n']) {
        client.sendLine('a IDLE');
        assert.equal((await client.next()).kind, 'continuation');
        client.send(`${ending}L67 UID FETCH 1 (FLAGS)\r\n`);
        assert.equal((await client.answer('a')).status, 'OK');
        assert.equal((await client.answer('L67')).untagged.length, 1);
      }
    });

    it('Outlook: IDLE before any mailbox is open', async () => {
      const client = await session('Outlook');
      client.sendLine('a IDLE');
      assert.equal((await client.next()).kind, 'continuation');
      client.sendLine('DONE');
      assert.equal((await client.answer('a')).status, 'OK');
    });

    it('php-imap: nothing between IDLE and its continuation, whatever has happened meanwhile', async () => {
      const client = await session('Between');
      const other = await home.mailboxes();
      await client.ok('SELECT Between');
      await other.append('Between', [note('meanwhile')]);
      client.sendLine('a IDLE');
      assert.equal((await client.next()).kind, 'continuation');
      assert.equal((await client.next()).text, '1 EXISTS');
      client.sendLine('DONE');
      assert.equal((await client.answer('a')).status, 'OK');
    });
  });
});

/** Sends text and literals in turn, each literal announced and waited for: `[text, literal, text, literal, ..., text]`. */
async function sendInPieces(client: ImapClient, pieces: readonly (string | Buffer)[]): Promise<void> {
  for (let at = 0; at < pieces.length; at += 2) {
    const [text = '', literal] = [pieces[at], pieces[at + 1]];
    client.send(text);
    if (literal === undefined) break;
    client.send(`{${literal.length}}\r\n`);
    const { kind, text: said } = await client.next();
    assert.equal(kind, 'continuation', said);
    client.send(literal);
  }
  client.send('\r\n');
}

/** Sends a line and each answer after a continuation. */
async function converse(client: ImapClient, line: string, answers: readonly string[]): Promise<void> {
  client.sendLine(line);
  for (const answer of answers) {
    assert.equal((await client.next()).kind, 'continuation');
    client.sendLine(answer);
  }
}

async function refuses(client: ImapClient, line: string, expected: RegExp): Promise<void> {
  const { status, text } = await client.command(line);
  assert.match(`${status} ${text}`, expected, line);
}

/**
 * POP3 with programs of other people: fetchmail, getmail6, curl and Python's poplib. Two stories: mail that is fetched and
 * kept, by two devices that both get everything once; and mail that is fetched and gone, which an IMAP client in IDLE
 * sees go.
 */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { headerRanges } from '../../src/mail/downgrade/surrogate.ts';
import { analyze } from '../../src/mail/message.ts';
import { withoutNul } from '../../src/mail/nul.ts';
import { decodeParts } from '../../src/mail/part-codec.ts';
import { SentForm } from '../../src/pop3/sent-form.ts';
import { deliver } from './delivery.ts';
import { ALICE, Home } from './home.ts';
import { connectImapFlow } from './imapflow.ts';
import { corpus, letters, note } from './letters.ts';
import type { Mailboxes } from './mailboxes.ts';
import { assertOctets } from './octets.ts';
import { Fetchmail, Getmail, poplib } from './pop3-programs.ts';
import { needs, run, succeed } from './program.ts';

const COUNT = 1000;
/** getmail starts a process a message. */
const FEW = 30;

const idOf = (message: Buffer): string | undefined =>
  /^Message-ID: (<[^>\r\n]*>)/im.exec(message.toString('latin1'))?.[1];

/** What a client gets that has said UTF8, or has not. */
function sent(message: Buffer, isUtf8: boolean): Buffer {
  const { traits, parts } = analyze(message);
  const form = new SentForm(traits, isUtf8 ? undefined : headerRanges(decodeParts(parts)));
  return Buffer.concat([...form.convert(message), ...form.end()]);
}

describe('POP3 programs', needs('fetchmail', 'getmail', 'curl', 'python3'), () => {
  let home: Home;
  let server: Mailboxes;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-pop3-'));
    await chmod(folder, 0o755);
    home = await Home.open();
    server = await home.mailboxes();
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await home.close();
  });

  it('keep: two devices both get everything once, and nothing leaves the server', async () => {
    const messages = letters(FEW);
    const expected = messages.map(idOf).sort();
    await server.append('INBOX', messages);
    const before = await server.states();
    const fetchmail = new Fetchmail(join(folder, 'fetchmail'), home.ports);
    const getmail = new Getmail(join(folder, 'getmail'), home.ports);
    for (const device of [fetchmail, getmail]) {
      assert.deepEqual((await device.fetch({ keeps: true })).sort(), expected, device.constructor.name);
      assert.deepEqual(await device.fetch({ keeps: true }), [], device.constructor.name);
    }
    assert.deepEqual(await server.states(), before);
    for (const name of ['one', 'two', 'three']) await deliver(home, note(name));
    for (const device of [fetchmail, getmail]) {
      const ids = ['<one@example.org>', '<three@example.org>', '<two@example.org>'];
      assert.deepEqual((await device.fetch({ keeps: true })).sort(), ids, device.constructor.name);
    }
    assert.equal(await server.count('INBOX'), FEW + 3);
  });

  it('keep: a thousand messages, each once', async () => {
    await server.append('INBOX', letters(COUNT - FEW - 3, FEW + 1));
    const fetchmail = new Fetchmail(join(folder, 'thousand'), home.ports);
    assert.equal(new Set(await fetchmail.fetch({ keeps: true })).size, COUNT);
    assert.deepEqual(await fetchmail.fetch({ keeps: true }), []);
    assert.equal(await server.count('INBOX'), COUNT);
  });

  it('delete: what was fetched is gone, and an IMAP client in IDLE sees it go', async () => {
    const listener = await connectImapFlow(home.ports, { disableAutoEnable: true, disableIMAP4rev2: true });
    await listener.mailboxOpen('INBOX');
    let gone = 0;
    const allGone = new Promise<void>((resolve) => {
      listener.on('expunge', () => {
        gone++;
        if (gone === COUNT) resolve();
      });
    });
    void listener.idle();
    const fetched = await new Fetchmail(join(folder, 'deleting'), home.ports).fetch({ keeps: false });
    assert.equal(fetched.length, COUNT);
    await allGone;
    await listener.logout();
    assert.equal(await server.count('INBOX'), 0);
  });

  it('delete with getmail, into the Trash when the account has it so', async () => {
    await home.cli(['account', 'set', ALICE.address, 'pop3.delete', 'trash']);
    await server.append('INBOX', letters(5));
    const fetched = await new Getmail(join(folder, 'trashing'), home.ports).fetch({ keeps: false });
    assert.equal(fetched.length, 5);
    assert.deepEqual([await server.count('INBOX'), await server.count('Trash')], [0, 5]);
    await home.cli(['account', 'set', ALICE.address, 'pop3.delete', 'default']);
  });

  it('broken mail: every octet as announced, for poplib in the clear, by STLS, over TLS and with UTF8', async () => {
    // An empty one cannot be uploaded (RFC 9051 §6.3.12).
    const odd = [...corpus().values(), ...letters(40)].filter(({ length }) => length > 0);
    await server.append('INBOX', odd);
    for (const how of ['plain', 'stls', 'tls', 'utf8'] as const) {
      const session = await poplib(home.ports, how);
      assert.equal(session.capabilities.includes('STLS'), how === 'plain' || how === 'utf8');
      assert.equal(session.stat[0], odd.length);
      assert.equal(
        session.stat[1],
        session.sizes.reduce((sum, size) => sum + size),
      );
      assert.equal(new Set(session.ids).size, odd.length);
      for (const [i, message] of odd.entries()) {
        const expected = sent(message, how === 'utf8');
        assertOctets(session.messages[i], expected, `message ${i + 1}`);
        assert.equal(session.sizes[i], expected.length, `size of message ${i + 1}`);
      }
    }
    const stored = await server.read('INBOX');
    for (const [i, message] of odd.entries())
      assertOctets(stored[i]?.bytes, withoutNul(message), `stored message ${i + 1}`);
    const all = odd.map((_, i) => i + 1);
    assert.match((await poplib(home.ports, 'plain', all)).goodbye, /^\+OK Bye; \d+ messages deleted$/);
    assert.equal(await server.count('INBOX'), 0);
  });

  it('a surrogate says to Python what the message says in UTF-8 mode (RFC 6856 §2.1)', async () => {
    const message = Buffer.from(
      'From: "Müller, Jürgen" <j@example.org>\r\nSubject: Привет и 日本語, wörter ohne Ende und noch mehr Wörter\r\n' +
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nGrüße\r\n--b\r\n' +
        'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="Übung mit sehr langem Namen für die ' +
        'ganze Klasse.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--b--\r\n',
    );
    const legacy = Buffer.from(
      'From: J\xfcrgen <j@example.org>\r\nSubject: na\xefve\r\n\r\n\xe9\r\n',
      'latin1',
    );
    await server.append('INBOX', [message, legacy]);
    const surrogates = await poplib(home.ports, 'plain');
    assert.deepEqual(surrogates.readings[0], {
      subject: 'Привет и 日本語, wörter ohne Ende und noch mehr Wörter',
      from: '"Müller, Jürgen" <j@example.org>',
      files: ['Übung mit sehr langem Namen für die ganze Klasse.pdf'],
    });
    const inUtf8 = await poplib(home.ports, 'utf8', [1, 2]);
    assert.deepEqual(inUtf8.readings[0]?.files, surrogates.readings[0]?.files);
    assertOctets(inUtf8.messages[1], legacy, 'mail of the last century, as it is');
    assert.notDeepEqual(surrogates.messages[1], legacy);
    assert.equal(await server.count('INBOX'), 0);
  });

  it('curl lists, reads and deletes', async () => {
    await server.append('INBOX', [note('first'), note('second')]);
    const user = ['-s', '-k', '-u', `${ALICE.address}:${ALICE.password}`];
    const plain = `pop3://127.0.0.1:${home.ports.pop3}/`;
    const secure = `pop3s://127.0.0.1:${home.ports.pop3s}/`;
    for (const args of [[plain], ['--ssl-reqd', plain], [secure]]) {
      const { stdout } = await succeed('curl', [...user, ...args]);
      assert.match(stdout.toString(), /^1 \d+\r\n2 \d+\r\n$/);
    }
    for (const options of ['AUTH=PLAIN', 'AUTH=LOGIN']) {
      for (const more of [[], ['--sasl-ir']]) {
        const { stdout } = await succeed('curl', [
          ...user,
          '--login-options',
          options,
          ...more,
          `${secure}2`,
        ]);
        assertOctets(stdout, note('second'), options);
      }
    }
    await succeed('curl', [...user, '-I', '-X', 'DELE', `${plain}1`]);
    assert.equal(await server.count('INBOX'), 1);
    const wrong = await run('curl', ['-s', '-k', '-u', `${ALICE.address}:wrong`, plain]);
    assert.equal(wrong.code, 67, 'curl: login denied');
    const missing = await run('curl', [...user, `${plain}9`]);
    assert.notEqual(missing.code, 0);
  });
});

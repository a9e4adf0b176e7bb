/**
 * mutt, as somebody sits before it: keys are pressed in a terminal of its own. Reading, flags, saving into a mailbox that it makes, deleting, a
 * search by the server; and sending, with a copy in Sent, over TLS and without, in whichever way it chooses to sign in.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { certificateOf } from './certificate.ts';
import { ALICE, Home } from './home.ts';
import { note } from './letters.ts';
import type { Mailboxes } from './mailboxes.ts';
import { needs, run, succeed } from './program.ts';

const BO = { address: 'bo@example.com', password: 'secret' };

describe('mutt', { ...needs('mutt'), timeout: 180_000 }, () => {
  let home: Home;
  let server: Mailboxes;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brevduva-mutt-'));
    home = await Home.open();
    await home.addAccount(BO);
    server = await home.mailboxes();
    await writeFile(join(folder, 'certificates'), await certificateOf(home.ports.imaps));
  });
  after(async () => {
    await home.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function settings(...more: readonly string[]): Promise<string> {
    const file = join(folder, 'muttrc');
    const { imaps, submissions } = home.ports;
    const lines = [
      `set imap_user="${ALICE.address}" imap_pass="${ALICE.password}" smtp_pass="${ALICE.password}"`,
      `set folder="imaps://127.0.0.1:${imaps}/" spoolfile="+INBOX" record="+Sent" postponed="+Drafts"`,
      `set smtp_url="smtps://${ALICE.address}@127.0.0.1:${submissions}/" from="${ALICE.address}" realname="Alice"`,
      `set certificate_file="${folder}/certificates" ssl_verify_host=no ssl_verify_dates=no tmpdir="${folder}"`,
      'set confirmappend=no confirmcreate=no delete=yes quit=yes move=no mark_old=no wait_key=no timeout=5 sleep_time=0',
      'set header_cache="" history_file="" pager_stop=yes imap_check_subscribed=no imap_idle=no',
      ...more,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return file;
  }

  /** In a terminal, until it quits. */
  async function press(keys: string): Promise<void> {
    const file = await settings(`push "${keys}"`);
    await succeed('script', ['-qec', `mutt -F ${file}`, '/dev/null'], {
      env: { TERM: 'xterm', HOME: folder, COLUMNS: '100', LINES: '40' },
      timeoutMs: 60_000,
    });
  }

  it('reads, flags, saves into a mailbox that is new, deletes, and finds by the server', async () => {
    for (const [subject, body] of [
      ['one', 'The first.'],
      ['two', 'The second, with quetzals.'],
      ['three', 'The third: Grüße.'],
      ['four', 'The fourth.'],
    ] as const)
      await server.append('INBOX', [note(subject, body)]);
    const text = join(folder, 'read.txt');
    await press(
      [
        `<limit>~s three<enter><pipe-message>cat > ${text}<enter>`,
        '<limit>all<enter><search>=b quetzals<enter><flag-message>',
        '<limit>all<enter><search>~s one<enter><save-message>=Work/New<enter>',
        '<search>~s four<enter><delete-message><sync-mailbox>',
        '<search>~s three<enter><set-flag>r<sync-mailbox><quit>',
      ].join(''),
    );
    assert.match(await readFile(text, 'utf8'), /The third: Gr/);
    const inbox = await server.read('INBOX');
    const seen = inbox.map(({ bytes, flags }) => [
      /^Subject: (.*?)\r$/m.exec(String(bytes))?.[1],
      [...flags]
        .filter((flag) => flag !== '\\Recent')
        .sort()
        .join(' '),
    ]);
    assert.deepEqual(
      seen.map(([subject]) => subject),
      ['two', 'three'],
    );
    assert.match(String(seen[0]?.[1]), /\\Flagged/);
    assert.match(String(seen[1]?.[1]), /\\Answered/);
    const work = await server.read('Work/New');
    assert.equal(work.length, 1);
    assert.match(String(work[0]?.bytes), /The first\./);
  });

  const send = async (settled: readonly string[], subject: string, ...args: readonly string[]) =>
    run('mutt', ['-F', await settings(...settled), '-s', subject, ...args, '--', BO.address], {
      input: 'Hello Bo,\n.\nsee you\n',
      env: { HOME: folder },
    });

  async function arrived(subject: string): Promise<string> {
    const bo = await home.mailboxes(BO);
    for (let n = 0; n < 100; n++) {
      const all = (await bo.read('INBOX')).map(({ bytes }) => String(bytes));
      const found = all.find((mail) => mail.includes(`Subject: ${subject}`));
      if (found !== undefined) return found;
      await new Promise((ready) => setTimeout(ready, 100));
    }
    throw new Error(`${subject} does not arrive`);
  }

  it('sends, with an attachment, a copy in Sent and none of Bcc', async () => {
    const file = join(folder, 'rapport.txt');
    await writeFile(file, 'räksmörgås\n');
    const { code, stderr } = await send([], 'Grüße', '-b', ALICE.address, '-a', file);
    assert.equal(code, 0, stderr);
    const mail = await arrived('=?');
    assert.match(mail, /^From: Alice <alice@example\.com>/m);
    assert.match(mail, /^Subject: =\?(?:utf-8|iso-8859-1)\?/im);
    assert.match(mail, /filename="?rapport\.txt/);
    assert.match(mail, /Hello Bo,\r\n\.\r\nsee you\r\n/);
    assert.doesNotMatch(mail, /^Bcc:/m);
    const [copy] = await server.read('Sent');
    assert.match(String(copy?.bytes), /filename="?rapport\.txt/);
    assert.ok(copy?.flags.includes('\\Seen'));
  });

  const smtp = (port: number, scheme = 'smtp'): string =>
    `set smtp_url="${scheme}://${ALICE.address}@127.0.0.1:${port}/"`;

  it('signs in to send over STARTTLS, over TLS and on this machine without, as it chooses by itself', async () => {
    const { submission, submissions } = home.ports;
    const ways: readonly (readonly [name: string, lines: readonly string[], protocol: RegExp])[] = [
      ['starttls', [smtp(submission), 'set ssl_starttls=yes ssl_force_tls=yes'], /with ESMTPSA/],
      ['tls', [smtp(submissions, 'smtps')], /with ESMTPSA/],
      ['bare', [smtp(submission), 'set ssl_starttls=no ssl_force_tls=no'], /with ESMTPA/],
    ];
    for (const [name, lines, protocol] of ways) {
      const { code, stderr } = await send(lines, name);
      assert.equal(code, 0, `${name}: ${stderr}`);
      assert.match(await arrived(name), protocol, name);
    }
  });

  it('says why a message is refused', async () => {
    const { code, stderr } = await send(['set from="eve@example.com" use_envelope_from=yes'], 'wrong');
    assert.notEqual(code, 0);
    assert.match(stderr, /alice@example\.com may not send as eve@example\.com/);
    const wrong = await send(['set smtp_pass="wrong"'], 'wrong');
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /authentication failed/i);
  });
});

/**
 * No command of one client stops the others: each is given to a real server with a very large mailbox and very large
 * messages, and then the event loop is asked how long it stood still. What counts is the processor time of one turn of
 * the loop, since the machine that runs the tests has other things to do.
 *
 * BREVDUVA_TEST_STANDSTILL sets the number of messages (100000), BREVDUVA_TEST_STANDSTILL_MS the limit, on a machine as fast as
 * ours (yardstick.ts).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { startDns, type TestDns } from '../kit/dns.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { ALICE, fillFolder, PASSWORD } from './large-folder.ts';
import { slowness } from './yardstick.ts';

const MESSAGES = Number(process.env.BREVDUVA_TEST_STANDSTILL ?? 100_000);
const LIMIT_MS = Number(process.env.BREVDUVA_TEST_STANDSTILL_MS ?? (MESSAGES > 200_000 ? 100 : 40));
const FOLDERS = 2000;
const DEVICES = 200;
const WAIT_MS = 30_000 + MESSAGES / 10;

/** Sends lines and reads until the last is answered; what is in between is thrown away. */
class Talker {
  readonly #socket: Socket;
  #tail = '';
  #tag = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#tail = (this.#tail + chunk.toString('latin1')).slice(-4000);
      this.#socket.emit('tail');
    });
  }

  static async open(port: number): Promise<Talker> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Talker(socket);
  }

  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#tail);
      if (found !== null) {
        this.#tail = this.#tail.slice(found.index + found[0].length);
        return found[0];
      }
      await once(this.#socket, 'tail', { signal: AbortSignal.timeout(WAIT_MS) });
    }
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** The status of the last of these commands. */
  async imap(...lines: string[]): Promise<string> {
    this.send(lines.map((line) => `x${++this.#tag} ${line}\r\n`).join(''));
    return this.until(new RegExp(`(?:^|\n)x${this.#tag} (?:OK|NO|BAD)[^\r]*\r\n`));
  }

  close(): void {
    this.#socket.destroy();
  }
}

const all = (item: string) => [`FETCH 1:* ${item}`];
/** A combination of keywords for each message: more than any program makes. */
const combinations = (count: number) =>
  Array.from({ length: count }, (_, n) => {
    const names = [...n.toString(2)].reverse().flatMap((bit, i) => (bit === '1' ? [`k${i}`] : []));
    return `STORE ${n + 1} FLAGS.SILENT (${names.join(' ')})`;
  });

/** As many as one command may bring. */
const arrivals = (count: number) => {
  const literals = Array.from({ length: count }, (_, n) => {
    const links = `Message-ID: <m${n}@example.org>\r\nIn-Reply-To: <m${n - 7}@example.org>\r\n`;
    const mail = `Subject: Letter ${n}\r\n${links}References: <a${n}@example.org> <b${n}@example.org>\r\n\r\nHi.\r\n`;
    return ` {${mail.length}+}\r\n${mail}`;
  });
  return [`APPEND Drafts${literals.join('')}`];
};

const COMMANDS: readonly (readonly [mailbox: string, name: string, lines: readonly string[]])[] = [
  ['INBOX', 'SELECT', ['NOOP']],
  ['INBOX', 'FLAGS of all', all('(FLAGS)')],
  ['INBOX', 'UID and MODSEQ of all', all('(UID MODSEQ)')],
  ['INBOX', 'ENVELOPE of all', all('(ENVELOPE INTERNALDATE RFC822.SIZE)')],
  ['INBOX', 'nothing has changed', all('(ENVELOPE) (CHANGEDSINCE 1000000)')],
  ['INBOX', 'header fields of all', all('BODY.PEEK[HEADER.FIELDS (From To Subject Date)]')],
  [
    'INBOX',
    'every second message',
    ['UID FETCH ' + Array.from({ length: 2000 }, (_, i) => i * 40 + 1).join(',') + ' FLAGS'],
  ],
  ['INBOX', 'commands in flight', Array.from({ length: 3000 }, () => 'FETCH 1:20 (FLAGS ENVELOPE)')],
  ['INBOX', 'SEARCH UNSEEN', ['SEARCH UNSEEN']],
  ['INBOX', 'ESEARCH UNSEEN', ['UID SEARCH RETURN (ALL) UNSEEN']],
  ['INBOX', 'SEARCH SUBJECT', ['SEARCH SUBJECT "letter 77"']],
  ['INBOX', 'SEARCH OR OR OR', ['SEARCH ' + 'OR SEEN '.repeat(200) + 'ANSWERED']],
  // Anew, from what was kept, and with one message less.
  [
    'INBOX',
    'SORT',
    [
      ...['SORT (SUBJECT REVERSE DATE) UTF-8 ALL', 'SORT (SUBJECT REVERSE DATE) UTF-8 NOT 7'],
      ...['SORT (FROM) UTF-8 ALL', 'SORT (ARRIVAL) UTF-8 ALL', 'SORT (FROM) UTF-8 ALL'],
    ],
  ],
  [
    'INBOX',
    'THREAD',
    ['THREAD REFERENCES UTF-8 ALL', 'THREAD REFS UTF-8 ALL', 'THREAD REFERENCES UTF-8 ALL'],
  ],
  ['INBOX', 'THREADID', ['FETCH 1:* (EMAILID THREADID)', 'SEARCH THREADID t1', 'SEARCH NOT EMAILID e1']],
  ['INBOX', 'STATUS', ['STATUS INBOX (MESSAGES UNSEEN SIZE DELETED)']],
  ['INBOX', 'combinations of keywords', combinations(3000)],
  [
    'INBOX',
    '\\Seen after them',
    Array.from({ length: 200 }, (_, n) => `STORE ${n + 1} -FLAGS.SILENT (\\Seen)`),
  ],
  ['INBOX', 'STORE of all', ['STORE 1:* +FLAGS (\\Answered)']],
  ['INBOX', 'STORE of all, conditional', ['STORE 1:* (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Draft)']],
  ['INBOX', 'COPY of all', ['CREATE Copies', 'COPY 1:* Copies']],
  ['INBOX', 'MOVE of half', ['CREATE Moved', `MOVE 1:${MESSAGES / 2} Moved`]],
  ['Copies', 'EXPUNGE of all', ['STORE 1:* +FLAGS.SILENT (\\Deleted)', 'EXPUNGE']],
  ['Moved', 'RENAME and DELETE', ['UNSELECT', 'RENAME Moved Elsewhere', 'DELETE Elsewhere']],
  ['Drafts', 'APPEND of very many', arrivals(2000)],
  ['Drafts', 'LIST', ['LIST "" *']],
  ['Drafts', 'LIST with STATUS', ['LIST "" "tree/*" RETURN (STATUS (MESSAGES UNSEEN))']],
  ['Drafts', 'LSUB', ['LSUB "" *']],
  ['Drafts', 'RENAME of the tree', ['RENAME tree wood']],
  ['Large', 'BODY[] of all', all('BODY.PEEK[]')],
  ['Large', 'BINARY.SIZE, base64', ['FETCH 1 BINARY.SIZE[2]']],
  ['Large', 'BINARY, base64', ['FETCH 1 BINARY.PEEK[2]']],
  ['Large', 'BINARY.SIZE, quoted-printable', ['FETCH 2 BINARY.SIZE[2]']],
  ['Large', 'BINARY, quoted-printable', ['FETCH 2 BINARY.PEEK[2]']],
  ['Large', 'BINARY.SIZE of one line', ['FETCH 3 BINARY.SIZE[1]']],
  ['Large', 'BINARY of one line', ['FETCH 3 BINARY.PEEK[1]']],
  ['Large', 'SEARCH BODY', ['SEARCH BODY "not there"']],
  [
    'Large',
    'SEARCH of many words',
    ['SEARCH ' + Array.from({ length: 300 }, (_, n) => `NOT BODY word${n}`).join(' ')],
  ],
  ['Large', 'SEARCH HEADER', ['SEARCH 4 HEADER X-Trace "nowhere"']],
  ['Large', 'fields of a long header', ['FETCH 4 BODY.PEEK[HEADER.FIELDS (Subject)]']],
  ['Large', 'all but one of them', ['FETCH 4 BODY.PEEK[HEADER.FIELDS.NOT (X-Trace)]']],
  ['Large', 'a long header', ['FETCH 4 BODY.PEEK[HEADER]']],
];

const RULES = [
  'require ["fileinto", "mailbox", "body", "regex", "variables", "duplicate"];',
  ...Array.from(
    { length: 20 },
    (_, n) => `if header :matches "subject" "*${n}*quetzals*" { fileinto :create "Rules"; }`,
  ),
  'if body :contains "quetzals" { fileinto :create "Rules"; }',
  'if header :regex "subject" "(a|b)*c(d|e)*" { set "x" "one"; }',
  'if duplicate { discard; }',
].join('\r\n');

/** A plain one, one with a long header, one of many parts. */
const MAILS: readonly string[] = [
  `Subject: Hello\r\n\r\n${'Some words of a letter.\r\n'.repeat(100)}`,
  `Subject: ${'abab'.repeat(2000)}\r\n${'X-Trace: and so on\r\n'.repeat(2000)}\r\nHi.`,
  `Subject: Parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(500)}--b--`,
  `Subject: Large\r\n\r\n${`${'y'.repeat(76)}\r\n`.repeat(20_000)}`,
];

describe('standstills', { timeout: 600_000 + 6 * MESSAGES }, () => {
  let data = '';
  let server: TestServer;
  let dns: TestDns;

  const longest = async (): Promise<{ longestBlockMs: number; longestCpuMs: number }> => {
    const asked = request({ socketPath: join(data, 'control.sock'), path: '/v1/event-loop' });
    asked.end();
    const [response] = await once(asked, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    return JSON.parse(text);
  };

  const signIn = async (): Promise<Talker> => {
    const client = await Talker.open(server.port('imap'));
    await client.imap(`LOGIN ${ALICE} ${PASSWORD}`);
    await client.imap('ENABLE CONDSTORE');
    return client;
  };

  const judge = async (t: TestContext, what: string, limitMs = LIMIT_MS): Promise<void> => {
    const { longestCpuMs, longestBlockMs } = await longest();
    t.diagnostic(
      `${longestCpuMs.toFixed(1)} ms of processor, ${longestBlockMs.toFixed(1)} ms of time; ${what}`,
    );
    if (longestCpuMs < limitMs) return;
    const here = slowness();
    const said = `everybody stood still for ${longestCpuMs.toFixed(1)} ms, on a machine ${here.toFixed(1)} times as slow`;
    assert.ok(longestCpuMs < limitMs * here, said);
  };

  before(async () => {
    dns = await startDns();
    data = await mkdtemp(join(tmpdir(), 'brevduva-standstill-'));
    await fillFolder(data, MESSAGES, FOLDERS);
    server = await startServer({
      data,
      config: {
        ...{ 'limits.connections_per_account': '1000', 'limits.connections_per_address': '1000' },
        ...{
          'listen.smtp': '127.0.0.1:0',
          'mx.greeting_delay': '0',
          'dns.servers': `${dns.host}:${dns.port}`,
        },
      },
    });
    await longest();
  });

  after(async () => {
    await server?.stop();
    await dns?.close();
    await rm(data, { recursive: true, force: true });
  });

  for (const [mailbox, name, lines] of COMMANDS) {
    it(`${name} (${mailbox})`, async (t) => {
      const client = await signIn();
      await longest();
      if (lines[0] !== 'NOOP') assert.match(await client.imap(`SELECT "${mailbox}"`), / OK/);
      else await client.imap(`SELECT "${mailbox}"`, 'FETCH * FLAGS');
      const startMs = performance.now();
      const answer = await client.imap(...lines);
      const tookMs = performance.now() - startMs;
      await judge(t, `took ${tookMs.toFixed(0)} ms: ${answer.trim().slice(0, 80)}`);
      client.close();
    });
  }

  it('a delivery to hundreds of sessions of one account', async (t) => {
    const devices = await Promise.all(Array.from({ length: DEVICES }, signIn));
    for (const device of devices) {
      await device.imap('SELECT Drafts');
      device.send('idle IDLE\r\n');
      await device.until(/\+ /);
    }
    const client = await signIn();
    await longest();
    await client.imap(
      ...Array.from({ length: 20 }, (_, n) => `APPEND Drafts {${n + 10}+}\r\n${'x'.repeat(n + 10)}`),
    );
    for (const device of devices) await device.until(/EXISTS/);
    await judge(t, `${DEVICES} devices`);
    for (const device of [client, ...devices]) device.close();
  });

  it('mail from the world, through rules, while large things are done', async (t) => {
    const script = join(data, 'rules.sieve');
    await writeFile(script, RULES);
    const { code, stderr } = await server.cli(['sieve', 'put', ALICE, script, '--activate']);
    assert.equal(code, 0, stderr);
    const client = await signIn();
    const sender = async (name: string): Promise<{ send(n: number): Promise<void>; close(): void }> => {
      const smtp = await Talker.open(server.port('smtp'));
      await smtp.until(/220 [^\n]*\n/);
      smtp.send('EHLO client.example.org\r\n');
      await smtp.until(/250 [^\n]*\n/);
      return {
        async send(n) {
          smtp.send(`MAIL FROM:<${name}@example.org>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`);
          await smtp.until(/354 [^\n]*\n/);
          smtp.send(`${MAILS[n % MAILS.length]}\r\n.\r\n`);
          assert.match(await smtp.until(/[245]\d\d [^\n]*\n/), /^250/);
        },
        close: () => smtp.close(),
      };
    };
    // What checks signatures is loaded with the first message.
    const first = await sender('first');
    for (const n of MAILS.keys()) await first.send(n);
    first.close();
    let isOver = false;
    const latencies: number[] = [];
    await longest();
    const senders = Array.from({ length: 4 }, async (_, i) => {
      const one = await sender(`bo${i}`);
      for (let n = i; !isOver; n++) {
        const startMs = performance.now();
        await one.send(n);
        latencies.push(performance.now() - startMs);
      }
      one.close();
    });
    await client.imap('SELECT INBOX');
    await client.imap('SORT (SUBJECT) UTF-8 ALL', 'FETCH 1:* (ENVELOPE)', 'CREATE Again', 'COPY 1:* Again');
    await client.imap('SELECT Large');
    await client.imap('SEARCH BODY "not there"', 'FETCH 1 BINARY.SIZE[2]');
    isOver = true;
    await Promise.all(senders);
    client.close();
    const slowest = Math.max(...latencies).toFixed(0);
    // Several clients may each have their part in one turn.
    await judge(t, `${latencies.length} messages, the slowest in ${slowest} ms`, 2 * LIMIT_MS);
    assert.ok(latencies.length > 20);
  });

  it('a POP3 session that lists, marks and deletes everything', async (t) => {
    const client = await Talker.open(server.port('pop3'));
    await client.until(/\+OK/);
    client.send(`USER ${ALICE}\r\nPASS ${PASSWORD}\r\n`);
    const [, count] = /; (\d+) messages/.exec(await client.until(/\+OK Signed in[^\n]*\n/)) ?? [];
    await longest();
    for (const command of ['LIST', 'UIDL']) {
      client.send(`${command}\r\n`);
      await client.until(/\n\.\r\n/);
    }
    client.send(Array.from({ length: Number(count) }, (_, n) => `DELE ${n + 1}\r\n`).join(''));
    client.send('QUIT\r\n');
    const answer = await client.until(/\+OK Bye[^\n]*\n|-ERR [^\n]*\n/);
    await judge(t, `${count} messages: ${answer.trim()}`);
    assert.match(answer, /^\+OK/);
  });
});

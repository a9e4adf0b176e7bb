/** Scripts of accounts from the command line, beside a running server, and mail that they sort. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LineClient } from '../kit/line-client.ts';
import { SieveClient } from '../kit/managesieve.ts';
import { startServer, type TestServer } from '../kit/server.ts';

const ANNA = 'anna@example.com';
const folder = mkdtempSync(join(tmpdir(), 'brevduva-scripts-'));

for (const workers of [1, 2]) {
  describe(`sieve, ${workers} processes`, () => {
    let server: TestServer;
    before(async () => {
      server = await startServer({ workers });
      for (const who of [ANNA, 'bo@example.com', 'cleo@example.com'])
        await server.cli(['account', 'add', who, '--password-stdin'], 'secret\n');
    });
    after(async () => {
      await server.stop();
    });

    const file = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const sieve = (...args: readonly string[]) => server.cli(['sieve', ...args]);

    async function deliver(to: string, subject: string): Promise<string> {
      const client = await LineClient.connect(server.port('lmtp'));
      client.send('LHLO x\r\nMAIL FROM:<dan@example.org>\r\n', `RCPT TO:<${to}>\r\n`, 'DATA\r\n');
      await client.codes(5);
      client.send(`From: dan@example.org\r\nSubject: ${subject}\r\n\r\nx\r\n.\r\n`);
      const reply = await client.reply();
      client.socket.destroy();
      return reply;
    }

    test('a script is tried as the account is, and nothing comes of it', async () => {
      const admins = file('before.sieve', 'require "imap4flags"; addflag "$Seen-By-Admin";');
      await sieve('put', 'cleo@example.com', admins, '--role', 'before');
      const helper = file('helper.sieve', 'require "fileinto"; fileinto "Drafts"; stop;');
      await sieve('put', 'cleo@example.com', helper);
      const tried = file(
        'tried.sieve',
        `require ["fileinto", "mailbox", "include", "extlists", "vacation", "envelope"];
if mailboxexists "Nowhere" { discard; }
if not address :list "from" "tag:brevduva,2026:own" { fileinto "Nowhere"; include "helper"; }
vacation "away";
`,
      );
      const mail = file(
        'mail.eml',
        'From: dan@example.org\r\nTo: cleo@example.com\r\nSubject: x\r\n\r\nhi\r\n',
      );
      const told = await sieve('test', tried, mail, '--account', 'cleo@example.com', '--trace');
      assert.equal(told.code, 0, told.stderr);
      assert.match(
        told.stdout,
        /^The message, \d+ octets, from <dan@example\.org> to <cleo@example\.com>:$/m,
      );
      assert.match(told.stdout, /^ {2}1:\d+ +do +addflag in "before"$/m);
      assert.match(told.stdout, /^ {2}2:4 +false +mailboxexists "Nowhere"$/m);
      assert.match(told.stdout, /goes to INBOX|goes to "INBOX"/);
      assert.match(told.stdout, /because there is no "Nowhere"/);
      assert.match(told.stdout, /^The message goes to "Drafts" \(helper, line 1\), with \$Seen-By-Admin\.$/m);
      const asJson = await sieve('test', tried, mail, '--account', 'cleo@example.com', '--json');
      assert.equal(
        (JSON.parse(asJson.stdout) as { envelope: { to: string } }).envelope.to,
        'cleo@example.com',
      );
      const broken = await sieve('test', file('broken.sieve', 'keep'), mail, '--account', 'cleo@example.com');
      assert.equal(broken.code, 1);
      assert.match(broken.stderr, /broken\.sieve: line 1, column \d+/);
      assert.equal((await sieve('test', tried, mail, '--account', 'eva@example.com')).code, 1);
      assert.match((await sieve('log', 'cleo@example.com')).stderr, /no rule of .* has done anything/);
    });

    test('put, list, show, activate, log, delete', async () => {
      const path = file(
        'mine.sieve',
        'require "fileinto";\nif header :is "subject" "sort" { fileinto "Archive"; }\n',
      );
      assert.deepEqual(await sieve('put', ANNA, path, '--activate'), {
        ...{ code: 0, stdout: `mine of ${ANNA} is kept, and is run from now on\n`, stderr: '' },
      });
      const unsure = file('other.sieve', 'require "fileinto"; fileinto "Nowhere";');
      const put = await sieve('put', ANNA, unsure);
      assert.match(put.stderr, /^warning: line 1, column \d+: there is no mailbox "Nowhere"/);
      assert.match(put.stdout, /is kept, and not run; to run it: sieve activate anna@example\.com other$/m);
      const listed = await sieve('list', ANNA);
      assert.match(listed.stdout, /^mine +own +yes +\d+ +2\d{3}-/m);
      assert.match(listed.stdout, /^other +own +no /m);
      assert.match((await sieve('show', ANNA, 'mine')).stdout, /^require "fileinto";\nif header/);
      assert.match(await deliver(ANNA, 'sort'), /^250 /);
      const log = await sieve('log', ANNA);
      assert.match(
        log.stdout,
        /from <dan@example.org> to <anna@example.com> {2}"sort"\n {4}The message goes to "Archive" \(mine, line 2\)/,
      );
      const refused = file('refuse.sieve', 'require "reject"; reject "no thanks";');
      assert.equal((await sieve('put', ANNA, refused, '--role', 'before')).code, 0);
      assert.match(await deliver(ANNA, 'hello'), /^550 5\.7\.1 no thanks; id /);
      assert.equal((await sieve('delete', ANNA, '--role', 'before')).code, 0);
      assert.match((await sieve('delete', ANNA, 'mine')).stderr, /is active/);
      assert.equal((await sieve('activate', ANNA)).code, 0);
      assert.equal((await sieve('delete', ANNA, 'mine')).stdout, `deleted mine of ${ANNA}\n`);
      const activity = await server.cli(['activity', ANNA]);
      assert.match(activity.stdout, /delivered .*mailbox=Archive/);
      assert.match(activity.stdout, /rejected .*no thanks/);
    });

    test('a script that is none is refused with the line', async () => {
      const bad = await sieve('put', ANNA, file('bad.sieve', 'keep;\nfrob;\n'));
      assert.equal(bad.code, 1);
      assert.match(bad.stderr, /line 2, column 1/);
      assert.equal((await sieve('show', ANNA, 'bad')).code, 1);
      assert.equal((await sieve('put', 'nobody@example.com', file('x.sieve', 'keep;'))).code, 1);
      assert.equal((await sieve('put', ANNA, '-')).code, 2);
      assert.match(
        (await sieve('put', ANNA, 'nope.sieve')).stderr,
        /^brevduva: there is no file nope\.sieve$/m,
      );
      assert.equal((await sieve('show', ANNA)).code, 2);
    });

    test('what is put here a client finds, whoever holds the account', async () => {
      for (const who of [ANNA, 'bo@example.com', 'cleo@example.com']) {
        await sieve('put', who, file('all.sieve', 'keep;'), '--activate');
        const client = await SieveClient.signedIn(server.port('managesieve'), 'secret', who);
        assert.match(await client.say('LISTSCRIPTS'), /"all" ACTIVE/);
        assert.equal(await client.say('PUTSCRIPT "client" "discard;"'), 'OK');
        assert.match((await sieve('list', who)).stdout, /^client +own +no/m);
        client.close();
      }
    });
  });
}

after(() => rmSync(folder, { recursive: true }));

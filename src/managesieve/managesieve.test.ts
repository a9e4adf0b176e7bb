/** Conversations of RFC 5804 with a real server over real sockets. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  ALICE,
  plain,
  SieveClient,
  startTestManageSieve,
  type TestManageSieve,
} from '../../test/kit/managesieve.ts';
import { ScramClient } from '../../test/kit/scram-client.ts';
import { Secret } from '../base/secret.ts';

for (const isRelayed of [false, true]) {
  describe(isRelayed ? 'ManageSieve, accounts held elsewhere' : 'ManageSieve', () => {
    let server: TestManageSieve;
    before(async () => {
      server = await startTestManageSieve({ isRelayed });
    });
    after(() => server.close());

    test('greets with what it can (§1.7)', async () => {
      const client = await SieveClient.raw(server.port);
      const greeting = await client.answer();
      assert.match(greeting, /^"IMPLEMENTATION" "Brevduva 0\.0\.0-test"\r\n/);
      assert.match(greeting, /\r\n"SASL" "[A-Z0-9 -]*SCRAM-SHA-256 [A-Z0-9 -]*PLAIN LOGIN"\r\n/);
      assert.match(greeting, /\r\n"SIEVE" "[^"\r\n]*fileinto [^"\r\n]*"\r\n/);
      assert.doesNotMatch(greeting, /"SIEVE" "[^"]*vacation/);
      assert.match(greeting, /\r\n"STARTTLS"\r\n/);
      assert.match(greeting, /\r\n"VERSION" "1\.0"\r\nOK "Brevduva ready"$/);
      assert.equal(await client.say('NOOP'), 'OK "Done"');
      assert.equal(await client.say('noop "tag \\"7\\""'), 'OK (TAG "tag \\"7\\"") "Done"');
      assert.equal(await client.say('LISTSCRIPTS'), 'NO "Sign in first"');
      assert.equal(await client.say('LOGOUT'), 'OK "Goodbye"');
      await client.ended();
    });

    test('scripts, as a client edits them (§2)', async () => {
      const client = await SieveClient.signedIn(server.port);
      assert.match(await client.say('CAPABILITY'), /\r\n"OWNER" "alice@example\.com"\r\n/);
      assert.equal(await client.say('LISTSCRIPTS'), 'OK');
      assert.equal(await client.say('HAVESPACE "one" 100'), 'OK');
      assert.equal(await client.say('PUTSCRIPT "one" {5+}\r\nkeep;'), 'OK');
      assert.equal(await client.say('PUTSCRIPT {5+}\r\n\u00e5\u00e4! "discard; # \\"all\\""'), 'OK');
      assert.equal(await client.say('SETACTIVE "\u00e5\u00e4!"'), 'OK');
      assert.equal(await client.say('LISTSCRIPTS'), '"one"\r\n"\u00e5\u00e4!" ACTIVE\r\nOK');
      assert.equal(await client.say('GETSCRIPT "one"'), '{5}\r\nkeep;\r\nOK');
      assert.equal(await client.say('GETSCRIPT "\u00e5\u00e4!"'), '{16}\r\ndiscard; # "all"\r\nOK');
      assert.match(await client.say('DELETESCRIPT "\u00e5\u00e4!"'), /^NO \(ACTIVE\) /);
      assert.equal(await client.say('RENAMESCRIPT "\u00e5\u00e4!" "two"'), 'OK');
      assert.match(await client.say('RENAMESCRIPT "two" "one"'), /^NO \(ALREADYEXISTS\) /);
      assert.match(await client.say('RENAMESCRIPT "nine" "ten"'), /^NO \(NONEXISTENT\) /);
      assert.equal(await client.say('SETACTIVE ""'), 'OK');
      assert.equal(await client.say('DELETESCRIPT "two"'), 'OK');
      for (const line of ['GETSCRIPT "two"', 'DELETESCRIPT "two"', 'SETACTIVE "two"'])
        assert.match(await client.say(line), /^NO \(NONEXISTENT\) /, line);
      assert.equal(await client.say('LISTSCRIPTS'), '"one"\r\nOK');
      client.close();
    });

    test('a script that is none says where, and changes nothing (§2.6)', async () => {
      const client = await SieveClient.signedIn(server.port);
      assert.equal(await client.say('PUTSCRIPT "good" "keep;"'), 'OK');
      const bad = 'keep;\r\nfileinto "x";\r\n';
      const refused = await client.say(`PUTSCRIPT "good" {${bad.length}+}\r\n${bad}`);
      assert.match(refused, /^NO "line 2, column 1: /);
      assert.match(await client.say(`CHECKSCRIPT {${bad.length}+}\r\n${bad}`), /^NO "line 2, column 1: /);
      assert.equal(await client.say('GETSCRIPT "good"'), '{5}\r\nkeep;\r\nOK');
      assert.equal(await client.say('CHECKSCRIPT "keep;"'), 'OK');
      const unsure = 'require ["fileinto", "body"]; fileinto "Nowhere";';
      const warned = await client.say(`PUTSCRIPT "good" {${unsure.length}+}\r\n${unsure}`);
      assert.match(
        warned,
        /^OK \(WARNINGS\) \{\d+\}\r\nline 1, column \d+: [\s\S]*there is no mailbox "Nowhere"/u,
      );
      assert.match(
        await client.say('PUTSCRIPT "x" "require \\"vacation\\"; vacation \\"x\\";"'),
        /^NO "line 1, column 9: /,
      );
      client.close();
    });

    test('there are limits (§1.3 QUOTA)', async () => {
      const client = await SieveClient.signedIn(server.port);
      const script = (size: number) => `${'#'.repeat(size - 2)}\r\n`;
      const put = (name: string, size: number) =>
        client.say(`PUTSCRIPT "${name}" {${size}+}\r\n${script(size)}`);
      assert.match(await client.say('HAVESPACE "big" 20001'), /^NO \(QUOTA\/MAXSIZE\) /);
      assert.match(await put('big', 20_001), /^NO \(QUOTA\/MAXSIZE\) /);
      assert.equal(await client.say('NOOP'), 'OK "Done"');
      assert.equal(await put('a', 20_000), 'OK');
      assert.equal(await put('b', 20_000), 'OK');
      assert.match(await put('c', 20_000), /^NO \(QUOTA\) /);
      assert.match(await client.say('HAVESPACE "c" 20000'), /^NO \(QUOTA\) /);
      assert.equal(await put('c', 1000), 'OK');
      for (const name of ['d', 'e', 'f', 'g']) await put(name, 10);
      assert.match(await put('z', 10), /^NO \(QUOTA\/MAXSCRIPTS\) /);
      assert.equal(await put('c', 10), 'OK');
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await client.say(`DELETESCRIPT "${name}"`);
      for (const name of ['', 'a/b', 'a\u2028b'])
        assert.match(await client.say(`PUTSCRIPT "${name}" "keep;"`), /^NO "/, name);
      client.close();
    });

    test('what is no command, or has other arguments, is told so', async () => {
      const client = await SieveClient.signedIn(server.port);
      for (const line of [
        'FROB',
        '"x"',
        'LISTSCRIPTS "x"',
        'GETSCRIPT',
        'HAVESPACE "x"',
        'HAVESPACE "x" "y"',
        'SETACTIVE x',
        'PUTSCRIPT "\u00ff" 5',
        'STARTTLS',
        'GETSCRIPT "x',
      ])
        assert.match(await client.say(line), /^NO "/, line);
      assert.equal(await client.say('NOOP'), 'OK "Done"');
      for (let n = 0; n < 19; n++) await client.say('FROB');
      assert.match(await client.say('FROB'), /^BYE "/);
      await client.ended();
    });

    test('commands that come at once are answered in their order', async () => {
      const client = await SieveClient.signedIn(server.port);
      client.send(
        'PUTSCRIPT "p" {5+}\r\nkeep;\r\nSETACTIVE "p"\r\nLISTSCRIPTS\r\nSETACTIVE ""\r\nDELETESCRIPT "p"\r\nNOOP "end"\r\n',
      );
      assert.equal(await client.answer(), 'OK');
      assert.equal(await client.answer(), 'OK');
      assert.match(await client.answer(), /"p" ACTIVE\r\nOK$/);
      assert.equal(await client.answer(), 'OK');
      assert.equal(await client.answer(), 'OK');
      assert.equal(await client.answer(), 'OK (TAG "end") "Done"');
      client.close();
    });

    test('signing in: wrong, cancelled, in steps, by a proof (§2.1)', async () => {
      const client = await SieveClient.connect(server.port);
      assert.match(await client.say(`AUTHENTICATE "PLAIN" "${plain(ALICE, 'wrong')}"`), /^NO "/);
      client.send('AUTHENTICATE "PLAIN"\r\n');
      assert.equal(await client.line(), '""');
      assert.match(await client.say('"*"'), /^NO "Authentication was cancelled"/);
      client.send('AUTHENTICATE "SCRAM-SHA-256"\r\n');
      assert.equal(await client.line(), '""');
      const scram = new ScramClient({ hash: 'sha256', username: ALICE, password: 'secret' });
      client.send(`"${scram.first().toString('base64')}"\r\n`);
      client.send(`"${scram.final(unquoted(await client.line())).toString('base64')}"\r\n`);
      const done = await client.answer();
      const [, last] = /^OK \(SASL "([^"]+)"\) "Signed in"$/.exec(done) ?? [];
      assert.ok(last !== undefined, done);
      assert.ok(scram.isServerProven(Buffer.from(last, 'base64')));
      assert.equal(await client.say('UNAUTHENTICATE'), 'OK "Nobody is signed in"');
      assert.equal(await client.say('LISTSCRIPTS'), 'NO "Sign in first"');
      client.send('AUTHENTICATE "PLAIN"\r\n');
      assert.equal(await client.line(), '""');
      const response = plain(ALICE, 'secret');
      assert.equal(await client.say(`{${response.length}+}\r\n${response}`), 'OK "Signed in"');
      assert.match(await client.say('LISTSCRIPTS'), /OK$/);
      client.close();
    });

    test('too many wrong passwords end it', async () => {
      const client = await SieveClient.connect(server.port);
      const wrong = `AUTHENTICATE "PLAIN" "${plain(ALICE, 'wrong')}"`;
      assert.match(await client.say(wrong), /^NO/);
      assert.match(await client.say(wrong), /^NO/);
      assert.match(await client.say(wrong), /^BYE/);
      await client.ended();
    });

    test('TLS: what came before the handshake is thrown away, and it says anew what it can (§2.2)', async () => {
      const client = await SieveClient.connect(server.port);
      client.send('STARTTLS\r\nNOOP "injected"\r\n');
      assert.equal(await client.answer(), 'OK "Begin TLS negotiation now"');
      await client.startTls();
      const told = await client.answer();
      assert.doesNotMatch(told, /STARTTLS|injected/);
      assert.match(told, /"SASL" "[^"]*SCRAM-SHA-256-PLUS/);
      assert.match(await client.say(`AUTHENTICATE "PLAIN" "${plain(ALICE, 'secret')}"`), /^OK/);
      assert.match(await client.say('LISTSCRIPTS'), /OK$/);
      client.close();
    });

    test('a password that is changed ends the session', async () => {
      const { id } = await server.kit.addAccount('bo@example.com', 'secret');
      const client = await SieveClient.signedIn(server.port, 'secret', 'bo@example.com');
      await server.kit.admin.setPassword(id, { password: new Secret('another') });
      assert.match(await client.answer(), /^BYE "The password was changed"/);
      await client.ended();
    });
  });
}

describe('ManageSieve, hostile', () => {
  test('endless lines, huge literals and silence', async () => {
    const server = await startTestManageSieve({
      settings: { loginTimeoutMs: 400, badCommandsBeforeLogin: 3 },
    });
    try {
      const endless = await SieveClient.connect(server.port);
      endless.send('x'.repeat(100_000));
      assert.match(await endless.answer(), /^BYE "A line can have/);
      await endless.ended();
      const huge = await SieveClient.connect(server.port);
      huge.send('AUTHENTICATE "PLAIN" {1000000+}\r\n');
      assert.match(await huge.answer(), /^BYE /);
      await huge.ended();
      const silent = await SieveClient.connect(server.port);
      assert.match(await silent.answer(), /^BYE \(TRYLATER\) "Nothing was said for too long"/);
      await silent.ended();
      const browser = await SieveClient.connect(server.port);
      browser.send('GET / HTTP/1.1\r\nHost: x\r\nAccept: y\r\n\r\n');
      let last = '';
      for (let answer = await browser.answer(); answer !== ''; answer = await browser.answer()) last = answer;
      assert.match(last, /^BYE/);
    } finally {
      await server.close();
    }
  });

  test('a literal beyond what is read away is the end', async () => {
    const server = await startTestManageSieve();
    try {
      const client = await SieveClient.signedIn(server.port);
      client.send('PUTSCRIPT "x" {3000000+}\r\n');
      assert.match(await client.answer(), /^BYE /);
      await client.ended();
    } finally {
      await server.close();
    }
  });

  test('a full server says so', async () => {
    const server = await startTestManageSieve({ total: 1 });
    try {
      const first = await SieveClient.connect(server.port);
      const second = await SieveClient.raw(server.port);
      assert.equal(await second.answer(), 'BYE (TRYLATER) "Too many connections; try again later"');
      first.close();
    } finally {
      await server.close();
    }
  });
});

const unquoted = (line: string): Buffer => Buffer.from(line.replace(/^"|"$/g, ''), 'base64');

/** App passwords as people have them: made and revoked on the command line beside a server in which programs sign in. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImapClient } from './imap-client.ts';
import { startServer, type TestServer } from './kit/server.ts';
import { Pop3Client } from './pop3-client.ts';

const ANN = 'ann@example.com';

describe('app passwords', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ config: { 'auth.plaintext': 'always' } });
    await server.cli(['account', 'add', ANN, '--password-stdin'], 'main\n');
  });
  after(() => server.stop());

  async function make(...options: string[]): Promise<string> {
    const { code, stdout, stderr } = await server.cli(['account', 'apppass', 'add', ANN, ...options]);
    assert.equal(code, 0, stderr);
    return /^password (\S+)$/m.exec(stdout)?.[1] as string;
  }

  async function imap(password: string): Promise<string> {
    const client = await ImapClient.connect(server.port('imap'));
    await client.greeting();
    const { status, text } = await client.command(`LOGIN ${ANN} "${password}"`);
    client.close();
    return `${status} ${text}`;
  }

  async function pop3(password: string): Promise<string> {
    const client = await Pop3Client.open(server.port('pop3'));
    await client.command(`USER ${ANN}`);
    const reply = await client.command(`PASS ${password}`);
    client.socket.destroy();
    return reply;
  }

  test('one lets its device in, as typed, and is listed without what it is made of', async () => {
    const password = await make('--name', 'Phone');
    assert.match(await imap(password), /^OK /);
    assert.match(await imap(password.replaceAll('-', ' ').toUpperCase()), /^OK /);
    assert.match(await pop3(password), /^\+OK/);
    assert.match(await imap('main'), /^OK /);
    const { stdout } = await server.cli(['account', 'apppass', 'list', ANN]);
    assert.match(
      stdout,
      /^\d+ +Phone +everything +everywhere +\d{4}-\d\d-\d\d +never +\d{4}-\d\d-\d\d imap from 127\.0\.0\.1$/m,
    );
    assert.doesNotMatch(stdout + server.log, new RegExp(`${password}|BREVDUVA-APP`));
  });

  test('one for something else says so, and is no wrong password', async () => {
    const scoped = await make('--name', 'Old printer', '--scope', 'pop3');
    assert.match(await pop3(scoped), /^\+OK/);
    for (let n = 0; n < 12; n++)
      assert.match(
        await imap(scoped),
        /^NO \[AUTHORIZATIONFAILED\] The app password "Old printer" is for pop3, not for imap/,
      );
    const away = await make('--name', 'Office', '--network', '192.0.2.0/24', '--network', '2001:db8::/32');
    assert.match(await imap(away), /AUTHORIZATIONFAILED.*not for use from this network/);
    assert.match(await pop3(away), /^-ERR \[AUTH\] This password is not good here/);
    assert.match(await imap('main'), /^OK /, 'the network is not shut out');
  });

  test('revoking one ends its sessions and nobody else is disturbed; a new password leaves them alone', async () => {
    const password = await make('--name', 'Tablet');
    const tablet = await ImapClient.signIn(server.port('imap'), ANN, password);
    const laptop = await ImapClient.signIn(server.port('imap'), ANN, 'main');
    assert.equal((await server.cli(['account', 'passwd', ANN, '--password-stdin'], 'new\n')).code, 0);
    assert.match((await laptop.next()).text, /BYE .*the password was changed/i);
    assert.equal((await tablet.command('NOOP')).status, 'OK');
    const desk = await ImapClient.signIn(server.port('imap'), ANN, 'new');
    const { code, stderr } = await server.cli(['account', 'apppass', 'revoke', ANN, 'Tablet']);
    assert.equal(code, 0, stderr);
    assert.match((await tablet.next()).text, /BYE .*the app password was revoked/i);
    assert.equal((await desk.command('NOOP')).status, 'OK');
    assert.match(await imap(password), /^NO \[AUTHENTICATIONFAILED\]/);
    desk.close();
    const again = await server.cli(['account', 'apppass', 'revoke', ANN, 'Tablet']);
    assert.match(again.stderr, /there is no app password "Tablet"/);
  });

  test('a profile for a device has one in it, good for what the device uses and nothing else', async () => {
    const options = ['account', 'apppass', 'add', ANN, '--name', 'iPhone', '--profile'];
    const { code, stdout, stderr } = await server.cli(options);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /<key>EmailAddress<\/key>\s*<string>ann@example\.com<\/string>/);
    assert.match(stdout, new RegExp(`<integer>${server.port('imaps')}</integer>`));
    assert.match(stdout, new RegExp(`<integer>${server.port('submissions')}</integer>`));
    const [, password = ''] = /<key>IncomingPassword<\/key>\s*<string>([^<]+)</.exec(stdout) ?? [];
    assert.match(await imap(password), /^OK /);
    assert.match(await pop3(password), /^-ERR \[AUTH\]/);
    assert.doesNotMatch(stderr + server.log, new RegExp(password));
    const { stdout: list } = await server.cli(['account', 'apppass', 'list', ANN]);
    assert.match(list, /iPhone +imap,submission /);
    await server.cli(['account', 'apppass', 'revoke', ANN, 'iPhone']);
    assert.match(await imap(password), /^NO /);
    const nobody = await server.cli([...options.with(3, 'nobody@example.com')]);
    assert.notEqual(nobody.code, 0);
    assert.equal(nobody.stdout, '');
  });

  test('what cannot be made is refused in words', async () => {
    const rows: readonly (readonly [string[], RegExp])[] = [
      [['--name', 'Phone'], /there is an app password "Phone" already/],
      [['--name', ' '], /a name has 1 to 100 characters/],
      [['--name', 'x', '--scope', 'imap,fax'], /nobody signs in to "fax"; there are imap, jmap, pop3/],
      [['--name', 'x', '--network', 'example.com'], /"example.com" is no network/],
      [['--name', 'x', '--expires', '2001-01-01'], /That is over already/],
      [['--name', 'x', '--expires', 'soon'], /Expected 90d, 1y or a day/],
      [[], /--name/],
    ];
    for (const [options, expected] of rows) {
      const { code, stderr } = await server.cli(['account', 'apppass', 'add', ANN, ...options]);
      assert.notEqual(code, 0);
      assert.match(stderr, expected);
    }
  });

  test('they are there after a restart, and gone with the account', async () => {
    const password = await make('--name', 'Laptop', '--expires', '1y', '--scope', 'imap,pop3');
    const { stdout } = await server.cli(['account', 'apppass', 'list', ANN, '--json']);
    const laptop = stdout.split('\n').find((line) => line.includes('Laptop')) as string;
    const { services, expiresMs } = JSON.parse(laptop);
    assert.deepEqual(services, ['imap', 'pop3']);
    assert.ok(Math.abs(expiresMs - Date.now() - 365 * 86_400_000) < 120_000);
    assert.match(await imap(password), /^OK /);
    await server.cli(['account', 'remove', ANN, '--yes']);
    await server.cli(['account', 'add', ANN, '--password-stdin'], 'other\n');
    assert.match(await imap(password), /^NO /);
    assert.match((await server.cli(['account', 'apppass', 'list', ANN])).stderr, /there is none/);
  });
});

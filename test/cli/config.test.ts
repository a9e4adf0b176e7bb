/** One configuration for all commands, what is found wrong with it, and what is printed of it. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isPrivateAddress } from '../../src/base/ip-address.ts';
import { configLines } from '../../src/cli/config-print.ts';
import { commandName } from '../../src/cli/invocation.ts';
import { findConfigFile } from '../../src/config/find.ts';
import { loadConfig } from '../../src/config/load.ts';
import { listOptions } from '../../src/config/names.ts';
import { OPTIONS, RELOADED } from '../../src/config/options.ts';
import { makePair } from '../../src/net/self-signed.ts';
import { doubtsOf } from '../../src/server/doubts.ts';
import { endLaunched, FREE_PORTS, launch, PROGRAM, ROOT } from '../kit/launch.ts';
import { LISTENERS } from '../kit/listeners.ts';
import type { CommandResult } from '../kit/server.ts';

const root = mkdtempSync(join(tmpdir(), 'brevduva-config-'));
after(endLaunched);
after(() => rmSync(root, { recursive: true, force: true }));

/** In a working folder; `BREVDUVA_CONFIG` is not set. */
async function runIn(cwd: string, args: readonly string[], input = ''): Promise<CommandResult> {
  const program = [process.execPath, PROGRAM, ...args];
  const run = launch(program, { command: ['env', '-u', 'BREVDUVA_CONFIG'], cwd });
  run.child.stdin?.end(input);
  const { code } = await run.ended();
  return { code, stdout: run.stdout, stderr: run.stderr };
}

describe('the configuration is found', () => {
  test('in the working folder, by every command, and named by it', async () => {
    const folder = join(root, 'here');
    mkdirSync(folder);
    const file = join(folder, 'brevduva.toml');
    writeFileSync(file, 'data = "mail"\nauth.default_domain = "example.org"\n');
    const added = await runIn(folder, ['account', 'add', 'alice', '--generate']);
    assert.match(added.stdout, /^added alice@example\.org$/m);
    assert.equal(added.stderr, `configuration: ${file}\n`);
    for (const verb of [['account', 'list'], ['check']]) {
      const { stdout, stderr } = await runIn(folder, verb);
      assert.equal(stderr, `configuration: ${file}\n`);
      assert.match(stdout, /alice@example\.org|checked 1 account,/);
    }
    assert.equal((await runIn(folder, ['config', 'check'])).stdout, `the configuration is good: ${file}\n`);
    assert.match((await runIn(folder, ['config', 'print'])).stdout, new RegExp(`^# From ${file}\\.$`, 'm'));
    const server = launch([process.execPath, PROGRAM, 'serve', ...FREE_PORTS], {
      command: ['env', '-u', 'BREVDUVA_CONFIG'],
      cwd: folder,
    });
    await server.said(/^ready /m);
    await server.said(new RegExp(`"configuration":"${file}".*"accounts":1,"message":"ready"`));
    const beside = await runIn(folder, ['account', 'list']);
    assert.match(beside.stdout, /alice@example\.org/);
    server.child.kill('SIGTERM');
    await server.ended();
  });

  test('else where the system has it; the one that is named beats both, and an empty name means none', async () => {
    const folder = join(root, 'two');
    mkdirSync(folder);
    const [here, system] = [join(folder, 'brevduva.toml'), join(folder, 'system.toml')];
    assert.equal(findConfigFile({ folder, system }), undefined);
    writeFileSync(system, '');
    assert.equal(findConfigFile({ folder, system }), system);
    writeFileSync(here, 'hostname = "here.example.com"\n');
    assert.equal(findConfigFile({ folder, system }), here);
    writeFileSync(system, 'hostname = "named.example.com"\n');
    const named = await runIn(folder, ['config', 'print', '--config', system]);
    assert.match(named.stdout, /hostname = "named\.example\.com"/);
    const none = await runIn(folder, ['config', 'print', '--config', '']);
    assert.match(none.stdout, /^# No configuration file was read\.\nhostname = "localhost"/);
  });

  test('but not when a stranger could have left it there', async () => {
    const folder = join(root, 'shared');
    mkdirSync(folder);
    const file = join(folder, 'brevduva.toml');
    writeFileSync(file, 'data = "/tmp/trap"\n');
    chmodSync(file, 0o666);
    const { code, stderr } = await runIn(folder, ['account', 'add', 'alice', '--generate']);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /brevduva\.toml can be changed by everybody, so it is not taken unasked; name it with --config/,
    );
    chmodSync(file, 0o644);
    const me = process.geteuid?.() ?? 0;
    if (me === 0) chownSync(file, 65534, 65534);
    assert.throws(() => findConfigFile({ folder, uid: me === 0 ? 0 : me + 1 }), /belongs to another user/);
  });

  test('and what cannot be read is an error, not another configuration', () => {
    assert.throws(
      () => findConfigFile({ folder: join(root, 'x'.repeat(300)), system: join(root, 'none') }),
      /cannot be read: ENAMETOOLONG/,
    );
  });
});

describe('config check finds', () => {
  const folder = join(root, 'checked');
  mkdirSync(folder);
  const path = (name: string): string => join(folder, name);

  async function found(...settings: readonly string[]): Promise<CommandResult> {
    const args = ['config', 'check', '--config', '', '--data', path('data')];
    return runIn(folder, [...args, ...settings.flatMap((one) => ['--set', one])]);
  }

  /** The same without a process. */
  async function doubts(...settings: readonly string[]): Promise<string> {
    const pairs = settings.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]);
    const flags = { data: path('data'), ...(Object.fromEntries(pairs) as Record<string, string>) };
    return (await doubtsOf(loadConfig({ env: {}, flags }, OPTIONS))).errors.join('\n');
  }

  test('nothing wrong with what is there by itself', async () => {
    assert.deepEqual(await found(), { code: 0, stdout: 'the configuration is good\n', stderr: '' });
  });

  test('certificates that are missing, unreadable, broken or not of one pair', async () => {
    const [one, other] = [await makePair('mail.example.com'), await makePair('mail.example.com')];
    writeFileSync(path('cert.pem'), one.certificate);
    writeFileSync(path('key.pem'), one.key);
    writeFileSync(path('other-key.pem'), other.key);
    writeFileSync(path('text.pem'), 'no PEM');
    const rows: readonly (readonly [cert: string | undefined, key: string | undefined, RegExp])[] = [
      ['cert.pem', undefined, /tls\.key is missing/],
      [undefined, 'key.pem', /tls\.certificate is missing/],
      ['cert.pem', 'gone.pem', /tls\.key: cannot be read: ENOENT.*gone\.pem/],
      ['gone.pem', 'key.pem', /tls\.certificate: cannot be read: ENOENT.*gone\.pem/],
      ['text.pem', 'key.pem', /tls\.certificate: .*text\.pem: no usable certificate/],
      ['cert.pem', 'text.pem', /tls\.key: .*text\.pem: no usable private key/],
      ['cert.pem', 'other-key.pem', /tls\.key: .*other-key\.pem is not the key of .*cert\.pem/],
    ];
    for (const [cert, key, pattern] of rows) {
      const given = [cert && `tls.certificate=${path(cert)}`, key && `tls.key=${path(key)}`];
      const settings = given.filter((one) => one !== undefined && one !== '') as string[];
      assert.match(await doubts(...settings), pattern);
    }
    const wrong = [`tls.certificate=${path('cert.pem')}`, `tls.key=${path('other-key.pem')}`];
    const { code, stderr } = await found(...wrong);
    assert.deepEqual([code, /is not the key of/.test(stderr)], [2, true], stderr);
    const serve = ['serve', '--config', '', '--data', path('data'), ...FREE_PORTS];
    const started = await runIn(folder, [...serve, ...wrong.flatMap((one) => ['--set', one])]);
    assert.deepEqual([started.code, started.stdout], [2, ''], 'the server does not start either');
    assert.match(started.stderr, /is not the key of/);
    const pair = [`tls.certificate=${path('cert.pem')}`, `tls.key=${path('key.pem')}`];
    const good = await found(...pair, 'hostname=mx.example.com');
    assert.equal(good.code, 0);
    assert.match(good.stdout, /^warning: tls\.certificate: it is not for the hostname mx\.example\.com/);
  });

  const isRoot = process.geteuid?.() === 0;
  test('a key that root may read and the user of the server may not', {
    skip: isRoot ? false : 'needs root',
  }, async () => {
    chmodSync(root, 0o755);
    mkdirSync(path('service'));
    chownSync(path('service'), 65534, 65534);
    writeFileSync(path('secret.pem'), (await makePair('localhost')).key, { mode: 0o600 });
    const args = ['config', 'check', '--config', '', '--data', path('service')];
    const tls = ['--set', `tls.certificate=${path('cert.pem')}`, '--set', `tls.key=${path('secret.pem')}`];
    const { code, stderr } = await runIn(folder, [...args, ...tls]);
    assert.equal(code, 2);
    assert.match(stderr, /tls\.key: nobody, who owns .*service, may not read .*secret\.pem/);
  });

  test('two listeners on one port, in all the ways to write an address', async () => {
    const rows: readonly (readonly [string, string, boolean])[] = [
      ['127.0.0.1:4143', '127.0.0.1:4143', true],
      ['*:4143', '127.0.0.1:4143', true],
      ['[::1]:4143', '*:4143', true],
      ['0.0.0.0:4143', '127.0.0.1:4143', true],
      ['localhost:4143', 'localhost:4143', true],
      ['0.0.0.0:4143', '[::1]:4143', false],
      ['127.0.0.1:4143', '127.0.0.2:4143', false],
      ['127.0.0.1:0', '127.0.0.1:0', false],
    ];
    for (const [imap, imaps, isWrong] of rows) {
      const said = await doubts(`listen.imap=${imap}`, `listen.imaps=${imaps}`);
      const wanted = isWrong ? /listen\.imap and listen\.imaps both want port 4143/ : /^$/;
      assert.match(said, wanted, `${imap} and ${imaps}`);
    }
  });

  test('LMTP that others can reach, unless it is meant', async () => {
    for (const host of ['*', '0.0.0.0', '[::]', '203.0.113.5', '[2001:db8::1]']) {
      assert.match(await doubts(`listen.lmtp=${host}:24`), /listen\.lmtp: .*LMTP asks for no password/, host);
      assert.equal(await doubts(`listen.lmtp=${host}:24`, 'lmtp.allow_public=true'), '');
    }
    for (const host of ['127.0.0.1', '[::1]', '10.1.2.3', '172.20.0.2', '[fd00::5]', 'localhost'])
      assert.equal(await doubts(`listen.lmtp=${host}:24`), '', host);
    assert.equal((await found('listen.lmtp=*:24')).code, 2);
  });

  test('room for less than one mail', async () => {
    const warned = async (size: string) =>
      (await doubtsOf(loadConfig({ env: {}, flags: { 'quota.size': size } }, OPTIONS))).warnings.join('\n');
    assert.match(
      await warned('5'),
      /^quota\.size: 5 for an account is less than one mail with a picture has/m,
    );
    for (const size of ['0', '5GiB']) assert.doesNotMatch(await warned(size), /quota\.size/);
  });

  test('a file that is not there, or is none', () => {
    const load = (file: string) => () => loadConfig({ env: {}, flags: {}, file }, OPTIONS);
    assert.throws(load(join(root, 'none.toml')), /there is no file .*none\.toml$/);
    assert.throws(load(root), /is a folder, not a file$/);
  });

  test('a certificate that could not be got', async () => {
    const wanted = ['acme.enabled=true', 'hostname=mail.example.com', 'listen.http=127.0.0.1:4180'] as const;
    const fine = await found(...wanted);
    assert.equal(fine.code, 0);
    assert.match(fine.stderr + fine.stdout, /neither listen\.http is at port 80 nor listen\.https at 443/);
    const rows: readonly (readonly [settings: readonly string[], said: RegExp])[] = [
      [['listen.http='], /checks names at listen\.http \(port 80\)/],
      [['hostname=localhost'], /hostname is localhost, for which no authority vouches/],
      [['acme.external_key_id=x'], /acme\.external_key_id and acme\.external_key, or neither/],
      [['acme.dns_command=/nowhere'], /\/nowhere is no program that/],
      [['acme.ca_certificate=/nowhere.pem'], /acme\.ca_certificate: cannot be read/],
      [['acme.directory=http://authority.example'], /acme\.directory.*https/],
      [['http.trusted_proxies=10.0.0.0/33'], /http\.trusted_proxies/],
      [['mta_sts.mx=a b, c!'], /mta_sts\.mx/],
    ];
    for (const [settings, said] of rows) {
      const { code, stderr } = await found(...wanted, ...settings);
      assert.equal(code, 2, settings.join());
      assert.match(stderr, said);
    }
  });

  test('a data folder, a log file or a host that cannot be used', async () => {
    writeFileSync(path('file'), '');
    const args = ['config', 'check', '--config', '', '--data', path('file')];
    assert.match((await runIn(folder, args)).stderr, /data: .*file is not a folder/);
    const { code, stderr } = await found(
      'log.file=nowhere/server.log',
      'listen.imap=no.such.host.invalid:143',
    );
    assert.equal(code, 2);
    assert.match(
      stderr,
      /2 errors:[\s\S]*no\.such\.host\.invalid has no address[\s\S]*log\.file: .*may not write/,
    );
    const off = LISTENERS.map((name) => `listen.${name}=`);
    assert.match((await found(...off)).stderr, /every listener is switched off/);
  });

  test('private addresses', () => {
    for (const address of [
      '127.0.0.1',
      '10.0.0.1',
      '192.168.7.7',
      '100.64.0.1',
      '::1',
      'fe80::1%eth0',
      'fd12::1',
    ])
      assert.equal(isPrivateAddress(address), true, address);
    for (const address of ['0.0.0.0', '::', '8.8.8.8', '172.32.0.1', '2001:db8::1', '100.128.0.1'])
      assert.equal(isPrivateAddress(address), false, address);
  });
});

describe('config print', () => {
  test('prints a file that is the same configuration', async () => {
    const given = {
      hostname: 'mail.example.com',
      'listen.imap': '*:143',
      'listen.imaps': '[::1]:993',
      'listen.pop3': '',
      'listen.lmtp': '127.0.0.1:24',
      'tls.certificate': '/etc/a "b"\\c.pem',
      'imap.idle_keepalive': '90500ms',
      'imap.max_append_size': '3000001',
      'pop3.mark_seen': 'true',
      'limits.connections': '77',
      'log.level': 'debug',
    };
    const config = loadConfig({ env: {}, flags: given }, OPTIONS);
    const file = join(root, 'printed.toml');
    writeFileSync(file, configLines(config).join('\n'));
    assert.deepEqual(loadConfig({ file, env: {}, flags: {} }, OPTIONS), config);
    const printed = await runIn(root, ['config', 'print', '--config', file]);
    writeFileSync(file, printed.stdout);
    assert.deepEqual(loadConfig({ file, env: {}, flags: {} }, OPTIONS), config);
  });

  test('every option can be printed', () => {
    const config = loadConfig({ env: {}, flags: {} }, OPTIONS);
    assert.equal(configLines(config).length, listOptions(OPTIONS).length);
    for (const name of RELOADED)
      assert.ok(
        listOptions(OPTIONS).some((one) => one.name === name),
        name,
      );
  });
});

test('hints name the command as it can be typed', () => {
  assert.equal(commandName(ROOT, ''), 'bin/brevduva.mjs');
  assert.equal(commandName(join(ROOT, 'bin'), ''), './brevduva.mjs');
  assert.equal(commandName(root, ''), PROGRAM);
  symlinkSync(PROGRAM, join(root, 'brevduva'));
  assert.equal(commandName(root, `/nowhere:${root}`), 'brevduva');
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { LIMITS } from '../sieve/run/limits.ts';
import { ConfigError, loadConfig } from './load.ts';
import { envName, listOptions, suggest } from './names.ts';
import { boolean, duration, formatSize, integer, parseDuration, parseSize, secret } from './option.ts';
import { OPTIONS, RELOADED } from './options.ts';
import { renderReference, renderSample } from './render.ts';

const folder = mkdtempSync(join(tmpdir(), 'brevduva-config-'));
after(() => rmSync(folder, { recursive: true }));

function load(
  toml: string | undefined,
  rest: { env?: Record<string, string>; flags?: Record<string, string> } = {},
) {
  const file = join(folder, 'brevduva.toml');
  if (toml !== undefined) writeFileSync(file, toml);
  const sources = { env: rest.env ?? {}, flags: rest.flags ?? {}, folder: '/srv' };
  return loadConfig(toml === undefined ? sources : { ...sources, file }, OPTIONS);
}

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((text) => text.replaceAll(`${folder}/`, ''));
    throw error;
  }
  return [];
}

test('without any source the defaults hold, typed', () => {
  const config = load(undefined);
  assert.deepEqual(config.listen.imap, { host: '127.0.0.1', port: 1143 });
  assert.equal(config.limits.idleTimeout, 30 * 60_000);
  assert.equal(config.limits.lineBytes, 65_536);
  assert.equal(config.data, '/srv/data');
  assert.equal(config.tls.certificate, undefined);
  assert.equal(config.auth.plaintext satisfies 'never' | 'loopback' | 'always', 'loopback');
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.limits));
});

test('what a run of scripts may take is what it takes without a configuration', () => {
  assert.deepEqual(load(undefined).sieve.limits, LIMITS);
  assert.equal(load('[sieve.limits]\nredirects = 0\noctets = "1MiB"\n').sieve.limits.octets, 2 ** 20);
  assert.match(
    problemsOf(() => load('[sieve.limits]\nvariables = 12\n')).join(),
    /sieve\.limits\.variables is 12; expected a number from 128 to 10000/,
  );
});

test('flags beat the environment, the environment beats the file', () => {
  const toml =
    'hostname = "file.example.com"\ndata = "mail"\n[listen]\nimap = "[::1]:143"\npop3 = ""\nimaps = "*:993"\n';
  const config = load(toml, {
    env: { BREVDUVA_HOSTNAME: 'env.example.com', BREVDUVA_LIMITS_LINE_BYTES: '128KiB', PATH: '/bin' },
    flags: { hostname: 'flag.example.com' },
  });
  assert.equal(config.hostname, 'flag.example.com');
  assert.equal(config.data, join(folder, 'mail'));
  assert.deepEqual(config.listen.imap, { host: '::1', port: 143 });
  assert.deepEqual(config.listen.imaps, { host: '::', port: 993 });
  assert.equal(config.listen.pop3, undefined);
  assert.equal(config.limits.lineBytes, 131_072);
});

test('every error is reported at once, with place, value and what was expected', () => {
  const toml = [
    'hostnam = "x.example.com"',
    '[listen]',
    'imap = 143',
    'lmpt = "127.0.0.1:24"',
    '[limits]',
    'idle_timeout = "5m"',
    'connections = "many"',
    '[store]',
    'url = "postgres://db"',
    '[tls]',
    'certificate = ["a", "b"]',
  ].join('\n');
  const found = problemsOf(() =>
    load(toml, { env: { BREVDUVA_LISTEN_IMAPZ: 'x', BREVDUVA_CONFIG: 'ok' }, flags: { imaps: 'x' } }),
  );
  assert.deepEqual(found, [
    'brevduva.toml:1: hostnam is not an option; did you mean hostname?',
    'brevduva.toml:4: listen.lmpt is not an option; did you mean listen.lmtp?',
    'BREVDUVA_LISTEN_IMAPZ is not an option; did you mean BREVDUVA_LISTEN_IMAP?',
    'flag imaps is not an option; did you mean listen.imaps?',
    'brevduva.toml:3: listen.imap is 143; expected "host:port" such as "127.0.0.1:1143" or "[::1]:1143", or "" to switch it off',
    'brevduva.toml:11: tls.certificate is ["a","b"]; expected the path of a file or folder',
    'brevduva.toml:9: store.url is "postgres://db"; expected "sqlite:" (in the data folder), the only store this version has',
    'brevduva.toml:7: limits.connections is "many"; expected a number of at least 1',
    'brevduva.toml:6: limits.idle_timeout is "5m"; expected a duration such as "30s" or "5m" from 30m to 7d',
  ]);
});

test('a broken or absent file is one clear error', () => {
  assert.match(problemsOf(() => load('a = \n'))[0] ?? '', /^brevduva\.toml:1: not TOML: /);
  const absent = problemsOf(() => loadConfig({ file: join(folder, 'no.toml'), env: {}, flags: {} }, OPTIONS));
  assert.match(absent[0] ?? '', /^there is no file no\.toml/);
});

test('a secret is never shown', () => {
  const tree = { relay: { password: secret({ doc: 'x' }) }, n: integer({ default: 1, min: 0, doc: 'x' }) };
  const config = loadConfig({ env: { BREVDUVA_RELAY_PASSWORD: 'hunter2' }, flags: {} }, tree);
  assert.equal(config.relay.password?.reveal(), 'hunter2');
  assert.ok(!JSON.stringify(config).includes('hunter2'));
  const found = problemsOf(() => loadConfig({ env: { BREVDUVA_RELAY_PASSWORD: '' }, flags: {} }, tree));
  assert.deepEqual(found, ['BREVDUVA_RELAY_PASSWORD: relay.password is ****; expected a text']);
});

describe('quantities', () => {
  const durations = [
    ['250ms', 250],
    ['30s', 30_000],
    ['5 m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0', 0],
    ['30', undefined],
    ['1.5h', undefined],
    ['-1s', undefined],
    ['', undefined],
  ] as const;
  for (const [text, ms] of durations)
    test(`${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));

  const sizes = [
    ['64KiB', 65_536],
    ['10GiB', 10 * 2 ** 30],
    ['5 MB', 5_000_000],
    ['1.5k', undefined],
    ['1.5KiB', 1536],
    ['100', 100],
    ['100b', 100],
    ['99999999TiB', undefined],
    ['GiB', undefined],
  ] as const;
  for (const [text, bytes] of sizes)
    test(`${text} is ${bytes} bytes`, () => assert.equal(parseSize(text), bytes));

  test('sizes are shown as they are written', () => {
    for (const text of ['64KiB', '10GiB', '1000', '3MiB', '500MB', '20GB', '1TB', '1500MB', '1048577'])
      assert.equal(formatSize(parseSize(text) ?? 0), text);
  });

  test('a default outside its own type does not start', () => {
    assert.throws(() => duration({ default: '30', doc: 'x' }), /bad default/);
  });
});

test('true and false are read from TOML and from text, nothing else is', () => {
  const tree = { on: boolean({ default: false, doc: 'x' }) };
  assert.equal(loadConfig({ env: { BREVDUVA_ON: 'true' }, flags: {} }, tree).on, true);
  assert.match(
    problemsOf(() => loadConfig({ env: { BREVDUVA_ON: 'yes' }, flags: {} }, tree))[0] ?? '',
    /true or false/,
  );
});

describe('the declared options', () => {
  const all = listOptions(OPTIONS);

  test('names and variables are unique, every default satisfies its own rule', () => {
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    assert.equal(new Set(all.map(({ name }) => envName(name))).size, all.length);
    const toml = renderSample(OPTIONS).replace(/^#(\w+ = (?!"").*)$/gm, '$1');
    const { data: _data, ...loaded } = load(toml);
    const { data: _other, ...defaults } = load(undefined);
    assert.deepEqual(loaded, defaults);
  });

  test('each has a paragraph that ends like one', () => {
    for (const { name, option } of all) assert.match(option.doc, /^[A-Z].{20,}\.$/, name);
    for (const { name } of all)
      assert.ok(renderReference(OPTIONS, RELOADED).includes(`### \`${name}\``), name);
  });

  test('a far-off name suggests nothing', () => {
    assert.equal(suggest('completely.different', ['listen.imap', 'hostname']), undefined);
  });
});

/** The file of routes, and what is wrong with one; languages by account and domain. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { OPTIONS } from '../config/options.ts';
import { languageOf } from './report-language.ts';
import { smarthostsOf } from './smarthosts.ts';

const folder = mkdtempSync(join(tmpdir(), 'brevduva-routes-'));
after(() => rmSync(folder, { recursive: true }));

function config(flags: Readonly<Record<string, string>>) {
  return loadConfig({ env: {}, flags, folder }, OPTIONS);
}

function withFile(text: string, mode = 0o600) {
  const path = join(folder, 'routes.toml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return smarthostsOf(config({ 'queue.routes': path, 'queue.smarthost': 'mail.example.net' }));
}

test('rules with servers and passwords, before the server for everything', () => {
  const all = withFile(
    '[[route]]\nfrom = "bücher.example"\nvia = "[2001:db8::1]:465"\nuser = "u"\npassword = "p"\n\n[[route]]\nto = "example.org"\nvia = "mx"\n',
  );
  const one = all.find('x.example', 'xn--bcher-kva.example');
  assert.deepEqual(
    [one?.name, one?.port, one?.isImplicitTls, one?.tls],
    ['2001:db8::1', 465, true, 'verified'],
  );
  assert.equal(one?.signIn?.password.reveal(), 'p');
  assert.equal(all.find('example.org'), undefined);
  assert.deepEqual([all.find('x.example')?.name, all.find('x.example')?.port], ['mail.example.net', 587]);
});

test('what is wrong is said, with where', () => {
  const wrong: readonly (readonly [text: string, says: RegExp, mode?: number])[] = [
    ['[[route]]\nvia = "a:b:c"\n', /queue\.routes: .*route 1: "a:b:c" is not a server/],
    ['[[route]]\nto = "example.org"\n', /route\.0\.via/],
    ['[[route]]\nvia = "mx"\npasswort = "x"\n', /passwort/],
    ['[[route', /routes\.toml: /],
    ['', /everybody on this machine may read it/, 0o644],
  ];
  for (const [text, says, mode] of wrong) assert.throws(() => withFile(text, mode), says);
  assert.throws(() => smarthostsOf(config({ 'queue.routes': join(folder, 'nothing') })), /no such file/i);
  assert.throws(() => config({ 'queue.retry': '1m, later' }), /expected durations/);
  assert.deepEqual(config({ 'queue.retry': '30s 2m' }).queue.retry, [30_000, 120_000]);
});

test('reports speak as the account wants, else its domain, else the server', () => {
  const of = languageOf(
    config({ 'queue.language': 'en', 'queue.languages': 'Example.se sv, example.com=en' }),
  );
  assert.equal(of({ address: 'a@example.se', settings: {} }), 'sv');
  assert.equal(of({ address: 'a@example.se', settings: { 'queue.language': 'en' } }), 'en');
  assert.equal(of({ address: 'a@example.org', settings: {} }), 'en');
});

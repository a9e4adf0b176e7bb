/** sieve-connect: whatever it can do with scripts, over TLS, signed in by whatever it prefers. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ALICE, startTestManageSieve, type TestManageSieve } from '../kit/managesieve.ts';
import { needs, type Outcome, run } from './program.ts';

const SCRIPT = 'require "fileinto";\r\nif header :contains "subject" "åäö" { fileinto "Archive"; }\r\n';

describe('sieve-connect', needs('sieve-connect'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'brevduva-sieve-'));
  let server: TestManageSieve;
  before(async () => {
    server = await startTestManageSieve({ settings: { plaintext: 'never' } });
    writeFileSync(join(folder, 'mine.sieve'), SCRIPT);
    writeFileSync(join(folder, 'broken.sieve'), 'keep;\nfrob;\n');
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const sieve = (...args: readonly string[]): Promise<Outcome> => {
    const to = ['--server', '127.0.0.1', '--port', String(server.port), '--nosrv', '--user', ALICE];
    const all = [...to, '--notlsverify', '--passwordfd', '0', ...args];
    return run('sieve-connect', all, { input: 'secret\n', cwd: folder });
  };

  it('uploads, activates, lists, fetches and deletes', async () => {
    const uploaded = await sieve('--upload', '--localsieve', 'mine.sieve', '--remotesieve', 'mine');
    assert.equal(uploaded.code, 0, uploaded.stderr);
    assert.equal((await sieve('--activate', '--remotesieve', 'mine')).code, 0);
    assert.match(String((await sieve('--list')).stdout), /^"mine" ACTIVE$/m);
    assert.equal((await sieve('--download', '--remotesieve', 'mine', '--localsieve', 'back')).code, 0);
    assert.equal(
      readFileSync(join(folder, 'back'), 'utf8').replaceAll('\r\n', '\n').trim(),
      SCRIPT.replaceAll('\r\n', '\n').trim(),
    );
    assert.equal((await sieve('--deactivate')).code, 0);
    assert.equal((await sieve('--delete', '--remotesieve', 'mine')).code, 0);
    assert.equal((await server.account()).scripts.length, 0);
  });

  it('is told where a script is wrong', async () => {
    const { code, stdout, stderr } = await sieve('--checkscript', '--localsieve', 'broken.sieve');
    assert.notEqual(code, 0);
    assert.match(`${stdout}${stderr}`, /line 2, column 1/);
  });
});

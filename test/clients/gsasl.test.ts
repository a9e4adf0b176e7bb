/** GNU SASL, which many mail programs sign in with: its SCRAM and ours must mean the same. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ALICE, Home } from './home.ts';
import { needs, run } from './program.ts';

describe('gsasl', needs('gsasl'), () => {
  let home: Home;
  before(async () => {
    home = await Home.open();
  });
  after(() => home.close());

  async function signIn(mechanism: string, password: string, ...options: string[]): Promise<string> {
    const port = String(home.ports.imap);
    const { stdout } = await run(
      'gsasl',
      [
        ...['--imap', '--quiet', '--x509-ca-file=', `--mechanism=${mechanism}`, ...options],
        ...['--authentication-id', ALICE.address, '--password', password, `--connect=127.0.0.1:${port}`],
      ],
      { input: '' },
    );
    return /^\. (?:OK|NO|BAD)(?=.*(?:Signed in|Wrong|channel))/m.exec(stdout.toString())?.[0] ?? 'nothing';
  }

  it('signs in bound to its TLS connection, which it chooses by itself', async () => {
    for (const mechanism of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-1-PLUS']) {
      assert.equal(await signIn(mechanism, ALICE.password), '. OK');
      assert.equal(await signIn(mechanism, 'wrong'), '. NO');
    }
  });

  it('signs in without a binding, over TLS and without', async () => {
    for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN'])
      for (const option of ['--starttls', '--no-starttls'])
        assert.equal(
          await signIn(mechanism, ALICE.password, option, '--no-cb'),
          '. OK',
          `${mechanism} ${option}`,
        );
  });
});

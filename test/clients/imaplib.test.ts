/** Python's imaplib: `imaplib-tour.py` calls every method that reaches a server and judges what comes back. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ALICE, Home } from './home.ts';
import { needs, succeed } from './program.ts';

const TOUR = join(import.meta.dirname, 'imaplib-tour.py');
const STEPS = [
  'signing_in',
  'mailboxes',
  'sharing',
  'appending',
  'fetching',
  'searching',
  'changing',
  'quotas',
  'odds_and_ends',
  'utf8_mode',
];

describe('imaplib', needs('python3'), () => {
  let home: Home;
  before(async () => {
    home = await Home.open();
  });
  after(() => home.close());

  it('can call every method it has', async () => {
    const ports = [home.ports.imap, home.ports.imaps].map(String);
    const { stdout } = await succeed('python3', [TOUR, ...ports, ALICE.address, ALICE.password]);
    assert.deepEqual(stdout.toString().trim().split('\n'), STEPS);
  });
});

/** Perl's Mail::IMAPClient: `imapclient-tour.pl` calls the methods that scripts use and judges what comes back. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ALICE, Home } from './home.ts';
import { needs, succeed } from './program.ts';

const TOUR = join(import.meta.dirname, 'imapclient-tour.pl');
const STEPS = ['signing_in', 'mailboxes', 'appending', 'fetching', 'searching', 'changing', 'odds_and_ends'];

describe('Mail::IMAPClient', needs('Mail::IMAPClient'), () => {
  let home: Home;
  before(async () => {
    home = await Home.open();
  });
  after(() => home.close());

  it('can do what scripts do with it', async () => {
    const ports = [home.ports.imap, home.ports.imaps].map(String);
    const { stdout } = await succeed('perl', [TOUR, ...ports, ALICE.address, ALICE.password]);
    assert.deepEqual(stdout.toString().trim().split('\n'), STEPS);
  });
});

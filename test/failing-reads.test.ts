/**
 * Whatever cannot be read, every protocol answers in its own words, each time and at once, never calls it a bug of the
 * server, tells nothing of the store's insides, and goes on when it can be read again.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '../src/base/clock.ts';
import { createLog } from '../src/base/log.ts';
import { deliver } from '../src/mailbox/operations/deliver.ts';
import { receive } from '../src/mailbox/operations/incoming.ts';
import type { StoreErrorCode } from '../src/mailbox/port/store.ts';
import { ImapClient } from './imap-client.ts';
import { FailingStore, READS, type Read } from './kit/failing-store.ts';
import { startTestImap } from './kit/imap.ts';
import { ALICE, startTestPop3 } from './kit/pop3.ts';
import { runs } from './kit/runs.ts';
import { Pop3Client } from './pop3-client.ts';

const BOB = 'bob@example.com';
const FAILURES: readonly (readonly [StoreErrorCode, RegExp])[] = [
  ['io', /^\[UNAVAILABLE\] /],
  ['closed', /^\[UNAVAILABLE\] /],
  ['damaged', /^\[CORRUPTION\] /],
  ['unreadable', /^\[CORRUPTION\] /],
];
/** Those of the same words take turns, but for who asks for more. */
const readsOf = (code: StoreErrorCode): readonly Read[] => {
  const turn = code === 'io' || code === 'damaged' ? 0 : 1;
  return READS.filter((_, n) => runs(1) > 1 || n % 2 === turn);
};
const LARGE = `Subject: large\r\n\r\n${'x'.repeat(70)}\r\n`.repeat(6000);

/** Everything that reads, with the mailbox not in memory before each SELECT. */
const COMMANDS = [
  'STATUS INBOX (MESSAGES UNSEEN SIZE)',
  'SELECT INBOX',
  'FETCH 1:* (FLAGS UID)',
  'FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])',
  'FETCH 1:* BODY.PEEK[]',
  'FETCH 1:* BINARY.PEEK[1]',
  'SEARCH TEXT needle',
  'SEARCH HEADER X-None y',
  'SEARCH SUBJECT large',
  'COPY 1 Archive',
  'MOVE 1 Archive',
  'STORE 1:* +FLAGS (\\Flagged)',
  'UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)',
  'SELECT INBOX (QRESYNC (UIDVALIDITY 1))',
  'APPEND Archive {16+}\r\nSubject: x\r\n\r\nhi',
  'CREATE Other',
  'RENAME Other Another',
  'DELETE Another',
  'LIST "" "*" RETURN (STATUS (MESSAGES))',
  'GETQUOTAROOT INBOX',
  'EXPUNGE',
];

describe('what cannot be read', () => {
  for (const [code, words] of FAILURES) {
    test(`IMAP: ${code}`, { timeout: 60_000 }, async () => {
      const lines: string[] = [];
      const log = createLog({ level: 'warn', write: (line: string) => lines.push(line) });
      for (const read of readsOf(code)) {
        const failing = new FailingStore();
        let skippedMs = 0;
        const clock = { nowMs: () => systemClock.nowMs() + skippedMs };
        const imap = await startTestImap({ wrapStore: failing.wrapStore, clock, log });
        try {
          await imap.kit.addAccount(ALICE, 'secret');
          for (const bytes of ['Subject: small\r\n\r\nneedle\r\n', LARGE]) {
            await imap.addMessage(ALICE, 'INBOX', { bytes });
          }
          const client = await ImapClient.signIn(imap.port, ALICE, 'secret');
          await client.ok('ENABLE QRESYNC');
          const { untagged } = await client.ok('STATUS INBOX (UIDVALIDITY)');
          const [uidValidity] = /\d+(?=\))/.exec(untagged[0] ?? '') ?? ['1'];
          // Nothing is in memory but the account.
          skippedMs = 3_600_000;
          imap.kit.domain.accounts.sweep();
          failing.fail(code, read);
          for (const one of COMMANDS) {
            const command = one.replace('UIDVALIDITY', uidValidity);
            const { status, text } = await client.command(command);
            if (status === 'BAD') assert.match(text, /needs a selected mailbox/, `${read}, ${command}`);
            if (status === 'NO') assertRefusal(`${read}, ${command}`, text, words);
          }
          const newcomer = await ImapClient.connect(imap.port);
          await newcomer.greeting();
          failing.mend();
          imap.kit.domain.accounts.evict((await imap.kit.store.directory.find(ALICE))?.id ?? never(), 'test');
          failing.fail(code, read);
          const { status, text } = await newcomer.command(`LOGIN ${ALICE} secret`);
          if (status !== 'OK') assertRefusal(`${read}, LOGIN`, text, words);
          failing.mend();
          if (status !== 'OK') await newcomer.ok(`LOGIN ${ALICE} secret`);
          await newcomer.ok('SELECT INBOX');
          await newcomer.ok('FETCH 1:* (ENVELOPE BODY.PEEK[])');
          newcomer.close();
          client.close();
        } finally {
          failing.mend();
          await imap.close();
        }
      }
      assert.deepEqual(
        lines.filter((line) => /a bug|ended by an error/.test(line)),
        [],
      );
    });

    test(`POP3: ${code}`, async () => {
      for (const read of readsOf(code)) {
        const failing = new FailingStore();
        const pop3 = await startTestPop3({ wrapStore: failing.wrapStore });
        try {
          await pop3.add(['Subject: small\r\n\r\nneedle\r\n', LARGE]);
          const id = (await pop3.kit.store.directory.find(ALICE))?.id ?? never();
          pop3.kit.domain.accounts.evict(id, 'test');
          const client = await Pop3Client.open(pop3.port);
          failing.fail(code, read);
          await client.command(`USER ${ALICE}`);
          let answer = await client.command('PASS secret');
          if (!answer.startsWith('+OK')) {
            assert.match(answer, /^-ERR \[SYS\/TEMP\]/, read);
            failing.mend();
            await client.ok(`USER ${ALICE}`);
            await client.ok('PASS secret');
            failing.fail(code, read);
          }
          for (const command of ['STAT', 'UIDL', 'LIST', 'RETR 2', 'TOP 1 1', 'DELE 1', 'QUIT']) {
            answer = await client.command(command);
            assert.match(answer, /^(\+OK|-ERR \[SYS\/TEMP\])/, `${read}, ${command}`);
            if (answer.startsWith('+OK') && /^(UIDL|LIST|RETR|TOP)/.test(command)) await client.body();
          }
          client.socket.destroy();
        } finally {
          failing.mend();
          await pop3.close();
        }
      }
    });
  }

  test('one recipient whose mailbox cannot be read: the others have theirs, he has a refusal for now', async () => {
    for (const [code] of FAILURES) {
      const failing = new FailingStore();
      const imap = await startTestImap({ wrapStore: failing.wrapStore });
      try {
        const alice = await imap.kit.addAccount(ALICE, 'secret');
        const bob = await imap.kit.addAccount(BOB, 'secret');
        const { domain } = imap.kit;
        await imap.addMessage(ALICE, 'INBOX', { bytes: 'Subject: before\r\n\r\n' });
        const received = await receive(
          domain.store,
          [alice.id, bob.id],
          10_000,
          Buffer.from('Subject: x\r\n\r\n'),
        );
        domain.accounts.evict(bob.id, 'test');
        failing.fail(code, 'loadAccount');
        const outcomes = await deliver(
          domain,
          [
            { account: alice.id, address: ALICE },
            { account: bob.id, address: BOB },
          ],
          received,
          'a@example.org',
        );
        failing.mend();
        assert.deepEqual(
          outcomes.map((one) => (one.kind === 'refused' ? one.error.code : one.kind)),
          ['delivered', code === 'io' || code === 'closed' ? 'unavailable' : 'damaged'],
        );
      } finally {
        await imap.close();
      }
    }
  });
});

function assertRefusal(where: string, text: string, words: RegExp): void {
  if (/^\[(NONEXISTENT|TRYCREATE|ALREADYEXISTS|CANNOT)\]/.test(text)) return;
  assert.match(text, words, where);
  assert.doesNotMatch(text, /made_up|SELECT/, where);
}

function never(): never {
  throw new Error('the account is there');
}

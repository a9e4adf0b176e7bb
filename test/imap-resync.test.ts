/**
 * A client that comes and goes (RFC 7162 §3.2.5): after every return by SELECT (QRESYNC), with or without known UIDs and
 * match data, with history or after it was pruned, what it holds must be what is there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asModSeq } from '../src/mailbox/model/model.ts';
import { WritableMailbox } from '../src/mailbox/state/mailbox.ts';
import { ImapClient } from './imap-client.ts';
import { startTestImap, type TestImap } from './kit/imap.ts';
import { runs } from './kit/runs.ts';

const ALICE = 'alice@example.com';

type Change = 'add' | 'expunge' | 'seen' | 'flagged';
interface Visit {
  readonly changes: readonly { readonly what: Change; readonly at: number }[];
  readonly namesUids: boolean;
  readonly namesPairs: boolean;
  readonly isPruned: boolean;
}

const visit: fc.Arbitrary<Visit> = fc.record({
  changes: fc.array(
    fc.record({
      what: fc.constantFrom<Change>('add', 'add', 'expunge', 'seen', 'flagged'),
      at: fc.nat(1000),
    }),
    { maxLength: 6 },
  ),
  namesUids: fc.boolean(),
  namesPairs: fc.boolean(),
  isPruned: fc.boolean(),
});

/** What the phone holds: flags by UID. */
class Phone {
  readonly #client: ImapClient;
  readonly messages = new Map<number, string>();
  #validity = 0;
  #modseq = 0;

  constructor(client: ImapClient) {
    this.#client = client;
  }

  async visit({ namesUids, namesPairs }: Visit): Promise<void> {
    const uids = [...this.messages.keys()].sort((a, b) => a - b);
    const isKnown = this.#modseq > 0;
    const known = namesUids && uids.length > 0 ? ` ${uids.join()}` : '';
    const pairs = namesPairs && uids.length > 0 ? ` (1:${uids.length} ${uids.join()})` : '';
    const parameter = ` (QRESYNC (${this.#validity} ${this.#modseq}${known}${pairs}))`;
    const { untagged } = await this.#client.ok(`SELECT INBOX${isKnown ? parameter : ''}`);
    for (const line of untagged) this.#apply(line);
    const highest = Math.max(0, ...uids);
    if (!isKnown) await this.#fetch('1:*');
    else if (known !== '') await this.#fetch(`${highest + 1}:*`);
    await this.#client.ok('UNSELECT');
  }

  async #fetch(set: string): Promise<void> {
    for (const line of (await this.#client.ok(`UID FETCH ${set} (FLAGS)`)).untagged) this.#apply(line);
  }

  #apply(line: string): void {
    const validity = /\[UIDVALIDITY (\d+)\]/.exec(line)?.[1];
    const modseq = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)?.[1];
    if (validity !== undefined) this.#validity = Number(validity);
    if (modseq !== undefined) this.#modseq = Number(modseq);
    const vanished = /^VANISHED \(EARLIER\) (\S+)$/.exec(line)?.[1] ?? '';
    for (const range of vanished.split(',')) {
      const [low, high = low] = range.split(':').map(Number);
      for (const uid of this.messages.keys()) {
        if (uid >= (low as number) && uid <= (high as number)) this.messages.delete(uid);
      }
    }
    if (!line.includes(' FETCH ')) return;
    const uid = /UID (\d+)/.exec(line)?.[1];
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (uid !== undefined && flags !== undefined) this.messages.set(Number(uid), withoutRecent(flags));
  }
}

function withoutRecent(flags: string): string {
  return flags
    .split(' ')
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');
}

/** The other device. */
async function change(
  server: TestImap,
  desk: ImapClient,
  { what, at }: Visit['changes'][number],
): Promise<void> {
  if (what === 'add') {
    await server.addMessage(ALICE, 'INBOX', { bytes: 'Subject: x\r\n\r\nx\r\n' });
    await desk.ok('NOOP');
    return;
  }
  const [found = 'SEARCH'] = (await desk.ok('UID SEARCH ALL')).untagged;
  const uids = found.split(' ').slice(1).map(Number);
  if (uids.length === 0) return;
  const uid = uids[at % uids.length];
  const flag = { expunge: '\\Deleted', seen: '\\Seen', flagged: '\\Flagged' }[what];
  await desk.ok(`UID STORE ${uid} +FLAGS (${flag})`);
  if (what === 'expunge') await desk.ok(`UID EXPUNGE ${uid}`);
}

async function truth(desk: ImapClient): Promise<Map<number, string>> {
  const { untagged } = await desk.ok('UID FETCH 1:* (FLAGS)');
  return new Map(
    untagged.flatMap((line): [number, string][] => {
      const [, uid, flags] = /UID (\d+) FLAGS \(([^)]*)\)/.exec(line) ?? [];
      return uid === undefined ? [] : [[Number(uid), withoutRecent(flags ?? '')]];
    }),
  );
}

test('a client that comes back by QRESYNC holds what is there', async () => {
  const server = await startTestImap();
  try {
    const record = await server.kit.addAccount(ALICE, 'secret');
    const desk = await ImapClient.signIn(server.port, ALICE, 'secret');
    await desk.ok('SELECT INBOX');
    const client = await ImapClient.signIn(server.port, ALICE, 'secret');
    await client.ok('ENABLE QRESYNC');
    const inbox = (await server.kit.domain.accounts.open(record.id)).byName.get('INBOX');
    assert.ok(inbox);
    await fc.assert(
      fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 5 }), async (visits) => {
        const phone = new Phone(client);
        for (const each of visits) {
          for (const one of each.changes) await change(server, desk, one);
          if (each.isPruned) WritableMailbox.of(inbox).fields.expungedFloor = asModSeq(inbox.modseq);
          await phone.visit(each);
          assert.deepEqual(
            [...phone.messages].sort(([a], [b]) => a - b),
            [...(await truth(desk))],
          );
        }
      }),
      { numRuns: runs(25) },
    );
    client.close();
    desk.close();
  } finally {
    await server.close();
  }
});

/** Killed in the middle of sorting: a message is in all of its places, sent on and remembered, or in none and not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startProcess } from '../../test/kit/delivery.ts';
import type { TestDomain } from '../../test/kit/domain.ts';
import { LineClient } from '../../test/kit/line-client.ts';
import { openRulesDomain, setRules, TEST_SENDING } from '../../test/kit/rules.ts';
import { runs } from '../../test/kit/runs.ts';

const SERVER = 'rules-process.ts';
const ALICE = 'alice@example.com';
const SCRIPT = `require ["fileinto", "copy", "mailbox", "duplicate", "vacation", "editheader"];
  if duplicate { discard; stop; }
  fileinto :create "A/B";
  redirect :copy "eva@example.net";
  addheader "X-Seen" "yes"; deleteheader "Subject";
  fileinto "Archive";
  vacation :handle "away" "I am away";`;
const MAILBOXES = ['A/B', 'Archive'];

/** Each message is sent twice, so that one of the two is a duplicate; until the connection breaks. */
async function sendUntilDeath(
  port: number,
  name: string,
  acked: Set<string>,
  open: Set<string>,
): Promise<void> {
  const client = await LineClient.connect(port);
  client.send('LHLO x\r\n');
  await client.codes(2);
  for (let i = 0; ; i++) {
    const id = `m.${name}.${i >> 1}`;
    const envelope = `MAIL FROM:<${name}.${i % 7}@example.org>\r\nRCPT TO:<${ALICE}>\r\nDATA\r\n`;
    const filler = i % 5 === 4 ? 'y'.repeat(100_000) : '';
    if (!acked.has(id)) open.add(id);
    const header = `To: ${ALICE}\r\nSubject: x\r\nMessage-ID: <${id}@example.org>\r\n`;
    client.send(envelope, `${header}\r\n${id}\r\n${filler}\r\n.\r\n`);
    const codes = await client.codes(4);
    if (codes[3] !== '250 2.0.0') return;
    open.delete(id);
    acked.add(id);
  }
}

const idIn = (text: string): string => /<(m\.[^@]*)@/.exec(text)?.[1] ?? '';

/** How often each message is in each place. */
async function placesOf({ domain, messagesOf }: TestDomain): Promise<Map<string, string[]>> {
  const places = new Map<string, string[]>();
  const note = (id: string, place: string): void => {
    places.set(id, [...(places.get(id) ?? []), place].sort());
  };
  for (const mailbox of MAILBOXES)
    for (const message of await messagesOf(ALICE, mailbox).catch(() => []))
      note(idIn(String(message)), mailbox);
  for (let after = 0; ; ) {
    const some = await domain.store.outgoing.list(after, 100);
    if (some.length === 0) return places;
    for (const { row } of some) {
      after = row.id;
      const [octets] = await domain.store.readRanges([{ email: row.email, start: 0, end: 1e9 }]);
      if (row.kind === 'forward') note(idIn(String(octets)), 'sent on');
    }
  }
}

test('a killed server has done all of what rules say about a message, or nothing of it', async () => {
  const data = await mkdtemp(join(tmpdir(), 'brevduva-rules-kill-'));
  const limits = { outgoingPerAccount: 1_000_000 };
  const kit = await openRulesDomain({ data, limits, sending: TEST_SENDING });
  const { id } = await kit.addAccount(ALICE, 'secret');
  await setRules(kit, await kit.domain.accounts.open(id), SCRIPT);
  await kit.close();
  const acked = new Set<string>();
  const open = new Set<string>();
  for (let round = 0; round < runs(3); round++) {
    const { child, port } = await startProcess(SERVER, data);
    const before = acked.size;
    const work = Array.from({ length: 4 }, (_, i) => sendUntilDeath(port, `${round}-${i}`, acked, open));
    while (acked.size < before + 25) await new Promise(setImmediate);
    child.kill('SIGKILL');
    await Promise.all([...work, once(child, 'exit')]);
  }
  const again = await openRulesDomain({ data, sending: TEST_SENDING });
  const places = await placesOf(again);
  const all = [...MAILBOXES, 'sent on'].sort();
  for (const id of acked) assert.deepEqual(places.get(id), all, `${id} was acknowledged`);
  for (const [id, where] of places) {
    assert.ok(acked.has(id) || open.has(id), `nobody sent ${id}`);
    assert.deepEqual(where, all, `${id} is in a part of its places`);
  }
  assert.deepEqual(await again.messagesOf(ALICE), [], 'nothing failed');
  await again.close();
  await rm(data, { recursive: true, force: true });
});

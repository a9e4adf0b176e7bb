/**
 * A server in which mail waits to be sent is killed again and again, while its owner takes mail back at about the time it leaves. Of each
 * message exactly one of "sent" and "canceled" is true, as was answered, and the mail itself is in exactly one mailbox.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { entry } from '../kit/entry.ts';
import type { Answer } from '../kit/jmap.ts';
import { runs } from '../kit/runs.ts';
import { BOB, type HeldWorld, openHeldWorld } from './held-world.ts';
import { Random, seedOf } from './random.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const ROUNDS = runs(4);
/** Numbers are not used twice. */
const PER_ROUND = 10_000;

interface Said {
  /** Submission by number of the message. */
  readonly made: Map<number, string>;
  /** The same of what programs have sent. */
  readonly programs: Map<number, string>;
  readonly canceled: Set<string>;
  readonly late: Set<string>;
}

describe('mail that waits to be sent', () => {
  it(`is sent or canceled, and not both, when its server is killed (${ROUNDS} times, BREVDUVA_TEST_SEED=${SEED})`, async (t) => {
    const data = mkdtempSync(join(tmpdir(), 'brevduva-held-kill-'));
    const random = new Random(SEED);
    const said: Said = { made: new Map(), programs: new Map(), canceled: new Set(), late: new Set() };
    try {
      for (let round = 0; round < ROUNDS; round++) await killed(data, round, random, said);
      const world = await openHeldWorld(data);
      try {
        await settle(world, said);
      } finally {
        await world.close();
      }
      const { made, programs, canceled, late } = said;
      t.diagnostic(
        `${made.size} and ${programs.size} made, ${canceled.size} canceled, ${late.size} too late`,
      );
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});

async function killed(data: string, round: number, random: Random, said: Said): Promise<void> {
  const script = entry('test/crash/held-sender.ts');
  const args = [script, data, round * PER_ROUND, random.integer(1, 1e9)].map(String);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const count = (): number => [...text.matchAll(/^(?:canceled|late) /gm)].length;
  const goal = random.integer(3, 25);
  for (const endMs = performance.now() + 60_000; count() < goal; await pause(5)) {
    assert.equal(child.exitCode, null, 'it ended by itself');
    assert.ok(performance.now() < endMs, 'it takes nothing back');
  }
  await pause(random.integer(0, 40));
  child.kill('SIGKILL');
  await exited;
  for (const [, n, id = ''] of text.matchAll(/^made (\d+) (\S+)$/gm)) said.made.set(Number(n), id);
  for (const [, n, id = ''] of text.matchAll(/^program (\d+) (\S+)$/gm)) said.programs.set(Number(n), id);
  for (const [, id = ''] of text.matchAll(/^canceled (\S+)$/gm)) said.canceled.add(id);
  for (const [, id = ''] of text.matchAll(/^late (\S+)$/gm)) said.late.add(id);
}

async function settle({ server, boxes }: HeldWorld, { made, programs, canceled, late }: Said): Promise<void> {
  const { alice } = server;
  let list: Answer[] = [];
  for (const endMs = performance.now() + 60_000; ; await pause(50)) {
    ({ list } = await alice.call('EmailSubmission/get', { ids: null }));
    if (list.every(({ undoStatus }) => undoStatus !== 'pending')) break;
    assert.ok(performance.now() < endMs, 'some wait for ever');
  }
  assert.deepEqual(await server.kit.store.outgoing.list(0, 10), []);
  const arrived = (await server.kit.messagesOf(BOB)).map((octets) => numberIn(String(octets)));
  const { ids } = await alice.call('Email/query', { limit: 5000 });
  const emails = new Map<string, Answer>();
  for (let at = 0; at < ids.length; at += 500) {
    const some = await alice.call('Email/get', {
      ids: ids.slice(at, at + 500),
      properties: ['mailboxIds', 'subject'],
    });
    for (const email of some.list) emails.set(email.id, email);
  }
  settlePrograms({ boxes, programs, canceled, late }, [...emails.values()], arrived);
  const ofPrograms = new Set(programs.values());
  const known = new Map(list.map((one: Answer) => [one.id, one]));
  for (const [n, id] of made) assert.ok(known.has(id), `the submission of message ${n} is lost`);
  for (const { id, undoStatus, emailId } of list) {
    if (ofPrograms.has(id)) continue;
    const { subject, mailboxIds } = emails.get(emailId) ?? {};
    const n = numberIn(subject ?? '');
    const times = arrived.filter((one) => one === n).length;
    assert.equal(
      times,
      undoStatus === 'final' ? 1 : 0,
      `message ${n} is ${undoStatus}, arrived ${times} times`,
    );
    if (canceled.has(id)) assert.equal(undoStatus, 'canceled', `message ${n} was answered to be canceled`);
    if (late.has(id)) assert.equal(undoStatus, 'final', `message ${n} was answered to be on its way`);
    // Killed before what follows a success: the owner moves it himself.
    const places =
      undoStatus === 'final'
        ? [boxes.sent, boxes.drafts]
        : canceled.has(id)
          ? [boxes.drafts]
          : [boxes.drafts, boxes.scheduled];
    const [place, ...more] = Object.keys(mailboxIds);
    assert.ok(
      more.length === 0 && places.includes(place),
      `message ${n}, ${undoStatus}, is in ${JSON.stringify(mailboxIds)} of ${JSON.stringify(boxes)}`,
    );
  }
}

/** It arrived and is in Sent, or it did not and is a draft; once, and as was answered. */
function settlePrograms(
  { boxes, programs, canceled, late }: Omit<Said, 'made'> & Pick<HeldWorld, 'boxes'>,
  emails: readonly Answer[],
  arrived: readonly number[],
): void {
  for (const [n, id] of programs) {
    const places = emails
      .filter(({ subject }) => numberIn(subject) === n)
      .flatMap(({ mailboxIds }) => Object.keys(mailboxIds));
    const times = arrived.filter((one) => one === n).length;
    const what = `message ${n} of a program arrived ${times} times and is in ${JSON.stringify(places)} of ${JSON.stringify(boxes)}`;
    assert.deepEqual(places, [times === 1 ? boxes.sent : boxes.drafts], what);
    assert.ok(times < 2, what);
    if (canceled.has(id)) assert.equal(times, 0, `${what}, and was answered to be canceled`);
    if (late.has(id)) assert.equal(times, 1, `${what}, and was answered to be on its way`);
  }
}

function numberIn(text: string): number {
  return Number(/message (\d+)\./.exec(text)?.[1]);
}

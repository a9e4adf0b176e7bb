import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, SessionContext } from '../context.ts';
import { WireWriter } from '../wire/writer.ts';
import { idle } from './idle.ts';

type Event = Buffer | 'hint' | 'timeout' | 'end';

/** Runs IDLE over these events; gives how often news were told and how long each wait might have lasted. */
async function idleOver(events: readonly Event[]) {
  const out = new WireWriter();
  const waits: number[] = [];
  let told = 0;
  const session = {
    out,
    settings: { idleKeepaliveMs: 120_000 },
    // Time stands still: nothing here depends on how busy the machine is.
    domain: { clock: { nowMs: () => 1_000_000 } },
    async tellUpdates() {
      told++;
    },
    async waitForLine(timeoutMs: number) {
      waits.push(timeoutMs);
      return events[waits.length - 1] ?? 'end';
    },
  } as unknown as SessionContext;
  const call = { tag: 'a', session, state: { kind: 'authenticated' } } as unknown as Call;
  const completion = await idle.run(call, undefined);
  return { told, waits, completion, text: Buffer.concat(out.take()).toString() };
}

const DONE = Buffer.from('DONE');

test('the first news are told at once, what follows on their heels waits a moment', async () => {
  const { told, waits, completion } = await idleOver(['hint', 'hint', 'hint', DONE]);
  assert.equal(completion.status, 'OK');
  assert.equal(told, 2, 'before the + and after the first hint');
  assert.deepEqual(
    waits.map((ms) => ms > 0 && ms <= 50),
    [false, false, true, true],
  );
});

test('a quiet line says that it is alive, one that owes news does not', async () => {
  const { text } = await idleOver(['timeout', 'timeout', DONE]);
  assert.equal(text, '+ idling\r\n* OK Still here\r\n* OK Still here\r\n');
  assert.equal((await idleOver(['hint', 'hint', 'timeout', DONE])).text, '+ idling\r\n');
});

test('DONE in any case ends it, anything else is an error, and so is a client that is gone', async () => {
  assert.equal((await idleOver([Buffer.from('done ')])).completion.status, 'OK');
  assert.equal((await idleOver([Buffer.from('a2 NOOP')])).completion.status, 'BAD');
  assert.equal((await idleOver(['end'])).completion.status, 'NO');
});

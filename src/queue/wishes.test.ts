/** What a sender wishes for a message's way: which of his goes first (RFC 6710), and by when it is to be there (RFC 2852). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type NextHopOptions, startNextHop } from '../../test/kit/next-hop.ts';
import { openQueue, type QueueKit, type QueueKitOptions, zoneFor } from '../../test/kit/queue.ts';
import type { AccountId } from '../mailbox/model/model.ts';
import { type DeliverBy, NOTIFY, outgoingId } from '../mailbox/model/outgoing.ts';
import { Destination, type Job } from './destination.ts';

const job = (account: number, n: number, priority = 0): Job => ({
  ...{ outgoing: outgoingId(account as AccountId, n), way: 'x', priority },
  ...{ recipients: new Set([1]), isRunning: false },
});

it('a higher priority is the first of its sender, and takes no turn of others', () => {
  const destination = new Destination('x', { first: 9, most: 9 });
  const jobs = [job(1, 1), job(1, 2, -3), job(1, 3, 9), job(2, 1), job(1, 4, 9), job(2, 2, -9), job(1, 5)];
  for (const one of jobs) destination.add(one);
  destination.add(job(1, 6, 9), true);
  const order: Job[] = [];
  while (destination.length > 0) order.push(destination.begin() as Job);
  const names = order.map(({ outgoing }) => `${Math.floor(outgoing / 2 ** 32)}.${outgoing % 2 ** 32}`);
  assert.deepEqual(names, ['1.6', '2.1', '1.3', '2.2', '1.4', '1.1', '1.5', '1.2']);
  for (const one of jobs) destination.add(one);
  assert.equal(destination.takeAll().length, jobs.length);
  assert.equal(destination.length, 0);
});

async function scene(
  { hop: hopOptions, ...options }: QueueKitOptions & { readonly hop?: NextHopOptions },
  run: (it: QueueKit & { readonly hop: Awaited<ReturnType<typeof startNextHop>> }) => Promise<void>,
): Promise<void> {
  const hop = await startNextHop(hopOptions);
  const queue = await openQueue({ zone: zoneFor('example.org'), port: hop.port, ...options });
  try {
    await run({ ...queue, hop });
  } finally {
    await queue.close();
    await hop.close();
  }
}

const by = (seconds: number, mode: DeliverBy['mode'], isTraced = false): DeliverBy => ({
  ...{ atMs: Date.now() + seconds * 1000, mode, isTraced },
});
const KEYWORDS = ['PIPELINING', 'DSN', 'MT-PRIORITY', 'DELIVERBY 60'];
const inbox = ({ kit }: QueueKit): Promise<string[]> =>
  kit.messagesOf('anna@example.com').then((all) => all.map(String));

describe('wishes on their way', () => {
  it('go on to servers that know them, with what is left of the time', () =>
    scene({ hop: { keywords: KEYWORDS } }, async ({ send, empty, hop }) => {
      await send(['bo@example.org'], { priority: 4, deliverBy: by(3000, 'return') });
      await send(['bo@example.org'], { deliverBy: by(-9, 'notify', true) });
      await empty();
      const said = hop.mails.map(({ parameters }) => parameters).sort();
      assert.match(said.join('\n'), /MT-PRIORITY=4 BY=29\d\d;R/);
      assert.match(said.join('\n'), /BY=-\d+;NT/);
    }));

  it('what must be returned when late goes to nobody who does not see to that, and its sender hears of it', () =>
    scene({}, async (it) => {
      await it.send(['bo@example.org'], { priority: 4, deliverBy: by(3000, 'return') });
      await it.empty();
      assert.equal(it.hop.mails.length, 0);
      assert.match((await inbox(it)).join(), /Status: 5\.4\.7\r\n/);
      await it.send(['bo@example.org'], { priority: 4, deliverBy: by(3000, 'notify') });
      await it.empty();
      assert.doesNotMatch(it.hop.mails[0]?.parameters ?? '', /PRIORITY|BY=/);
    }));

  it('nor to one that needs more time than there is', () =>
    scene({ hop: { keywords: KEYWORDS } }, async (it) => {
      await it.send(['bo@example.org'], { deliverBy: by(30, 'return') });
      await it.empty();
      assert.equal(it.hop.mails.length, 0);
    }));

  it('who wants to hear that it is late hears it at that moment, and who traces it hears of each hop', () => {
    let isOver = false;
    const behaviour = (event: string) =>
      event.startsWith('RCPT') && !isOver ? '450 4.2.0 later' : undefined;
    const schedule = {
      gapsMs: [60_000],
      giveUpMs: 90_000,
      giveUpReportsMs: 5000,
      warnMs: 80_000,
      gatherMs: 100,
    };
    return scene({ schedule, hop: { behaviour, keywords: ['DSN'] } }, async (it) => {
      await it.send(['bo@example.org'], { deliverBy: { ...by(0, 'notify'), atMs: Date.now() + 700 } });
      for (const untilMs = performance.now() + 8000; performance.now() < untilMs; await pause(20))
        if ((await inbox(it)).length > 0) break;
      const reports = await inbox(it);
      assert.equal(reports.length, 1);
      assert.match(reports[0] ?? '', /Action: delayed\r\n/);
      isOver = true;
      it.kit.domain.turns.outbox.tell([]);
      const traced = { address: 'cy@example.org', route: 'remote', notify: NOTIFY.Failure } as const;
      await it.send([traced], { deliverBy: by(3000, 'notify', true) });
      for (const untilMs = performance.now() + 8000; performance.now() < untilMs; await pause(20))
        if ((await inbox(it)).length > 1) break;
      assert.match((await inbox(it)).at(-1) ?? '', /Action: relayed\r\n/);
    });
  });
});

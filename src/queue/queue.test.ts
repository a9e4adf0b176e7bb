/** The queue against servers that take its mail, and against those that do not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { record } from '../../test/kit/dns.ts';
import { domainAdminOf } from '../../test/kit/domain.ts';
import { type NextHop, type NextHopOptions, startNextHop } from '../../test/kit/next-hop.ts';
import { FAST, openQueue, type QueueKit, type QueueKitOptions, TEXT, zoneFor } from '../../test/kit/queue.ts';
import { type NewRecipient, NOTIFY, type OutgoingId } from '../mailbox/model/outgoing.ts';
import { dropOutgoing, holdOutgoing, releaseOutgoing } from '../mailbox/operations/outgoing.ts';
import { TIMEOUTS } from './client/session.ts';

const ZONE = [...zoneFor('example.org'), ...zoneFor('example.net')];

interface Scene extends QueueKitOptions {
  readonly hop?: NextHopOptions;
}

async function scene(
  { hop: hopOptions, ...options }: Scene,
  run: (it: QueueKit & { readonly hop: NextHop }) => Promise<void>,
): Promise<void> {
  const hop = await startNextHop(hopOptions);
  const queue = await openQueue({ zone: ZONE, port: hop.port, ...options });
  try {
    await run({ ...queue, hop });
  } finally {
    await queue.close();
    await hop.close();
  }
}

const inbox = ({ kit }: QueueKit): Promise<Buffer[]> => kit.messagesOf('anna@example.com');
const local = (address: string, notify: number = NOTIFY.Failure): NewRecipient => ({
  ...{ address, route: 'local', notify },
});
const remote = (address: string, notify: number): NewRecipient => ({ address, route: 'remote', notify });

describe('the queue', () => {
  it('sends at once, with one transaction for all recipients of a domain', () =>
    scene({}, async ({ send, empty, hop, events }) => {
      const id = await send(['bo@example.org', 'cy@example.org']);
      await empty();
      assert.equal(hop.mails.length, 1);
      const [mail] = hop.mails;
      assert.equal(mail?.from, 'anna@example.com');
      assert.equal(mail?.data, TEXT);
      assert.deepEqual(
        mail?.recipients.map(({ address }) => address),
        ['bo@example.org', 'cy@example.org'],
      );
      assert.match(mail?.parameters ?? '', /^SIZE=\d+$/);
      // Its sender has not said when he wants to hear of it (RFC 3461 §5.2.1).
      assert.equal(mail?.recipients[0]?.parameters, '');
      assert.deepEqual(await events(id), ['accepted', 'delivered', 'delivered']);
    }));

  it('sends the header that it was given in the place of the stored one, and lines that end with CRLF', () =>
    scene({}, async ({ send, empty, hop }) => {
      const text = 'Bcc: x@example.org\nSubject: a\n\nline\n.\nbare\rend';
      const header = Buffer.from('Subject: a\r\nX: y\r\n\r\n');
      await send(['bo@example.org'], { text, header, bodyFrom: text.indexOf('line') });
      await empty();
      assert.equal(hop.mails[0]?.data, 'Subject: a\r\nX: y\r\n\r\nline\r\n.\r\nbare\r\nend\r\n');
    }));

  it('tries again what was deferred, and says so to nobody', () => {
    let times = 0;
    const behaviour = (event: string) =>
      event.startsWith('RCPT') && times++ < 3 ? '450 4.2.0 later' : undefined;
    return scene({ hop: { behaviour } }, async (it) => {
      const id = await it.send(['bo@example.org']);
      await it.empty();
      assert.equal(it.hop.mails.length, 1);
      assert.deepEqual(await it.events(id), ['accepted', 'deferred', 'deferred', 'deferred', 'delivered']);
      assert.deepEqual(await inbox(it), []);
    });
  });

  it('reports what failed for ever to the sender, all of a message in one report', () => {
    const behaviour = (event: string) => (/^RCPT.*<no/.test(event) ? '550 5.1.1 no such user' : undefined);
    return scene({ hop: { behaviour } }, async (it) => {
      const id = await it.send(['no1@example.org', 'bo@example.org', 'no2@example.org']);
      await it.empty();
      assert.equal(it.hop.mails.length, 1);
      const reports = await inbox(it);
      assert.equal(reports.length, 1);
      const text = String(reports[0]);
      assert.match(text, /^Return-Path: <>\r\n/);
      assert.match(
        text,
        /Final-Recipient: rfc822; no1@example\.org\r\nAction: failed\r\nStatus: 5\.1\.1\r\n/,
      );
      assert.match(text, /Final-Recipient: rfc822; no2@example\.org/);
      assert.ok(!text.includes('Final-Recipient: rfc822; bo@'));
      assert.match(text, /There is no such address\./);
      const events = await it.events(id);
      assert.equal(events.filter((event) => event === 'reported').length, 2);
    });
  });

  it('gives up in the end and says so', () =>
    scene(
      { hop: { behaviour: (event) => (event.startsWith('MAIL') ? '451 4.3.0 later' : undefined) } },
      async (it) => {
        await it.send(['bo@example.org'], { expiresMs: Date.now() + 700 });
        await it.empty();
        const [report] = await inbox(it);
        assert.match(String(report), /Status: 4\.4\.7\r\n|Status: 4\.3\.0\r\n/);
        assert.match(String(report), /Action: failed/);
      },
    ));

  it('says once that a message is late', () => {
    const schedule = { gapsMs: [50], giveUpMs: 60_000, giveUpReportsMs: 5000, warnMs: 120, gatherMs: 100 };
    let isOver = false;
    const behaviour = (event: string) =>
      event.startsWith('RCPT') && !isOver ? '450 4.2.0 later' : undefined;
    return scene({ schedule, hop: { behaviour } }, async (it) => {
      await it.send(['bo@example.org']);
      for (const untilMs = performance.now() + 5000; performance.now() < untilMs; await pause(20))
        if ((await inbox(it)).length > 0) break;
      await pause(200);
      isOver = true;
      await it.empty();
      const reports = await inbox(it);
      assert.equal(reports.length, 1);
      assert.match(String(reports[0]), /Action: delayed\r\n/);
      assert.match(String(reports[0]), /Will-Retry-Until: /);
    });
  });

  it('never answers a report, and tells nobody who does not want to hear', () =>
    scene(
      { hop: { behaviour: (event) => (event.startsWith('RCPT') ? '550 no' : undefined) } },
      async (it) => {
        await it.send(['bo@example.org'], { sender: '' });
        await it.send([remote('bo@example.org', NOTIFY.Never)]);
        await it.empty();
        assert.deepEqual(await inbox(it), []);
      },
    ));

  it('leaves it to a server that knows DSN to say what was delivered, and says it where none does', async () => {
    await scene({}, async (it) => {
      await it.send([remote('bo@example.org', NOTIFY.Success)], { envid: 'a=b', ret: 'headers' });
      await it.empty();
      assert.match(it.hop.mails[0]?.parameters ?? '', /RET=HDRS ENVID=a\+3Db/);
      assert.equal(it.hop.mails[0]?.recipients[0]?.parameters, 'NOTIFY=SUCCESS');
      assert.deepEqual(await inbox(it), []);
    });
    await scene({ hop: { keywords: ['PIPELINING'] } }, async (it) => {
      await it.send([remote('bo@example.org', NOTIFY.Success)]);
      await it.send([local('anna@example.com', NOTIFY.Success)]);
      await it.empty();
      assert.equal(it.hop.mails[0]?.recipients[0]?.parameters, '');
      const all = (await inbox(it)).map(String);
      assert.equal(all.filter((text) => /Action: relayed/.test(text)).length, 1);
      assert.equal(all.filter((text) => /Action: delivered/.test(text)).length, 1);
    });
  });

  it('delivers to people who are here, with its tag and with a report for whom nobody is', () =>
    scene({}, async (it) => {
      await it.kit.addAccount('bo@example.com', 'secret words');
      await it.send([local('bo+list@example.com'), local('nobody@example.com')]);
      await it.empty();
      const [text] = (await it.kit.messagesOf('bo@example.com')).map(String);
      const hop = 'Received: by mail.example.com (queue) id 1-1;';
      assert.equal(
        text?.replace(/(id )[\d-]+(?:\r\n\tfor <bo\+list@example\.com>)(;)\r\n\t.*/, '$11-1$2'),
        `Return-Path: <anna@example.com>\r\nDelivered-To: bo+list@example.com\r\n${hop}\r\n${TEXT}`,
      );
      assert.match(String((await inbox(it))[0]), /Final-Recipient: rfc822; nobody@example\.com/);
      assert.equal(it.hop.connections, 0);
    }));

  it('ends with a report what goes in a circle in here, and keeps what was found out above its hops', () =>
    scene({}, async (it) => {
      await it.kit.addAccount('bo@example.com', 'secret words');
      const hops = (count: number) => 'Received: by us\r\n'.repeat(count);
      await it.send([local('bo@example.com')], { text: hops(99) + TEXT });
      await it.send([local('bo@example.com')], { text: hops(100) + TEXT });
      const results = 'Authentication-Results: mail.example.com; dmarc=pass';
      await it.send([local('bo@example.com')], { text: `${results}\r\n${hops(1)}${TEXT}`, kind: 'forward' });
      await it.send([local('bo@example.com')], { text: `${results}\r\n${hops(7)}${TEXT}`, kind: 'retry' });
      await it.empty();
      const atBo = (await it.kit.messagesOf('bo@example.com')).map(String);
      assert.deepEqual(atBo.map((text) => text.match(/^Received:/gm)?.length).sort(), [100, 2, 7]);
      assert.match(
        atBo.find((text) => /(dmarc[\s\S]*){2}/.test(text)) ?? '',
        /bo@example\.com\r\nAuthentication-Results: mail\.example\.com; dmarc=pass\r\nReceived: by mail/,
      );
      const [report, more] = await inbox(it);
      assert.match(String(report), /Status: 5\.4\.6\r\n/);
      assert.equal(more, undefined);
    }));

  it('passes on at the first try, and once, what somebody here has no room for', () =>
    scene({}, async (it) => {
      await it.kit.addAccount('full@example.com', 'secret words', { messages: 0 });
      await it.kit.addAccount('bo@example.com', 'secret words');
      const members = ['full@example.com', 'bo@example.com', 'carl@example.org'];
      await domainAdminOf(it.kit.domain).addToAlias('team@example.com', members);
      const id = await it.send([local('team@example.com')], { expiresMs: Date.now() + 1500 });
      for (const untilMs = performance.now() + 1000; it.hop.mails.length === 0; await pause(10))
        assert.ok(performance.now() < untilMs, 'who is elsewhere waits for who is here');
      assert.deepEqual(await it.states(id), ['waiting']);
      await it.empty();
      assert.deepEqual(
        it.hop.mails.map(({ recipients }) => recipients.map(({ address }) => address)),
        [['carl@example.org']],
      );
      assert.equal((await it.kit.messagesOf('bo@example.com')).length, 1);
      const tries = (await it.events(id)).filter((event) => event === 'deferred').length;
      assert.ok(tries >= 2, `${tries} tries`);
      const [report, more] = await inbox(it);
      assert.match(String(report), /Final-Recipient: rfc822; team@example\.com\r\nAction: failed/);
      assert.equal(more, undefined);
    }));

  it('tells of what was passed on for one of ours that it was, and not where it went', () =>
    scene({ hop: { keywords: ['PIPELINING'] } }, async (it) => {
      await domainAdminOf(it.kit.domain).addToAlias('team@example.com', ['carl@example.org']);
      const wants = local('team@example.com', NOTIFY.Success);
      await it.send([wants], { kind: 'retry', sender: 'stranger@example.net' });
      await it.empty();
      assert.deepEqual(it.hop.mails.map(({ recipients }) => recipients[0]?.address).sort(), [
        'carl@example.org',
        'stranger@example.net',
      ]);
      const told = it.hop.mails.find(({ recipients }) => recipients[0]?.address.startsWith('stranger'));
      assert.match(told?.data ?? '', /Final-Recipient: rfc822; team@example\.com\r\nAction: relayed\r\n/);
      assert.doesNotMatch(told?.data ?? '', /carl/);
      assert.deepEqual(await inbox(it), []);
    }));

  it('lets the wishes of our own go along to the one that an address leads to, and says of several that it was passed on', () =>
    scene({ hop: { keywords: ['DSN'] } }, async (it) => {
      const admin = domainAdminOf(it.kit.domain);
      await admin.addToAlias('team@example.com', ['carl@example.org']);
      await admin.addToAlias('all@example.com', ['anna@example.com', 'dora@example.org']);
      const orcpt = 'rfc822;T+x@example.com';
      await it.send([{ ...local('team@example.com', NOTIFY.Success), orcpt }], { envid: 'e 1' });
      await it.send([local('all@example.com', NOTIFY.Success | NOTIFY.Failure)]);
      await it.empty();
      const parameters = it.hop.mails.map(({ recipients }) => recipients[0]?.parameters).sort();
      assert.deepEqual(parameters, [
        'NOTIFY=FAILURE ORCPT=rfc822;all@example.com',
        'NOTIFY=SUCCESS ORCPT=rfc822;T+2Bx@example.com',
      ]);
      const texts = (await inbox(it)).map(String);
      const reports = texts.filter((text) => text.includes('Action:'));
      assert.equal(reports.length, 1);
      assert.match(reports[0] ?? '', /Final-Recipient: rfc822; all@example\.com\r\nAction: expanded\r\n/);
    }));

  it('takes the next host when one is not there, and the address of the domain when there is no MX', () => {
    const zone = [
      record('example.org', 'MX', { preference: 5, exchange: 'gone.example.org' }),
      record('example.org', 'MX', { preference: 10, exchange: 'dead.example.org' }),
      record('example.org', 'MX', { preference: 20, exchange: 'mx.example.org' }),
      record('dead.example.org', 'A', '127.0.0.9'),
      record('mx.example.org', 'A', '127.0.0.1'),
      record('example.net', 'A', '127.0.0.1'),
    ];
    return scene({ zone }, async ({ send, empty, hop }) => {
      await send(['bo@example.org', 'cy@example.net']);
      await empty();
      assert.equal(hop.mails.length, 2);
    });
  });

  it('says at once when there is no such domain, when it takes no mail, and when it is ourselves', () => {
    const zone = [
      record('null.example', 'MX', { preference: 0, exchange: '.' }),
      record('ours.example', 'MX', { preference: 0, exchange: 'mail.example.com' }),
      record('mail.example.com', 'A', '127.0.0.1'),
    ];
    return scene({ zone }, async (it) => {
      await it.send(['a@nowhere.example', 'b@null.example', 'c@ours.example']);
      await it.empty();
      const text = (await inbox(it)).map(String).join('');
      for (const status of ['5.1.2', '5.1.10', '5.4.6'])
        assert.ok(text.includes(`Status: ${status}\r\n`), status);
      assert.equal(it.hop.connections, 0);
    });
  });

  it('refuses addresses that are not of the internet unless they are allowed', () =>
    scene({ addresses: { allowsPrivate: false, uses: { ipv4: true, ipv6: false } } }, async (it) => {
      await it.send(['bo@example.org', 'cy@[127.0.0.1]']);
      await it.empty();
      assert.equal(it.hop.connections, 0);
      assert.match(String((await inbox(it))[0]).replaceAll('=\r\n', ''), /not one of the internet/);
    }));

  it('waits for a place that is down without using up tries, and goes on when it is back', () =>
    scene({}, async (it) => {
      await it.hop.close();
      const ids = [];
      for (let n = 0; n < 8; n++)
        ids.push(await it.send([`bo${n}@example.org`], { expiresMs: Date.now() + 60_000 }));
      await pause(1200);
      const [one] = await it.kit.store.outgoing.load(ids.slice(-1));
      assert.ok((one?.recipients[0]?.attempts ?? 9) <= 3, JSON.stringify(one?.recipients[0]));
      assert.match(one?.recipients[0]?.lastReply ?? '', /^4\.4\.1 /);
      const back = await startNextHop({ port: it.hop.port });
      try {
        it.queue.forgive();
        await it.empty();
        assert.equal(back.mails.length, 8);
      } finally {
        await back.close();
      }
    }));

  it('uses a connection for several messages, and no more of them than it is allowed', () =>
    scene({}, async (it) => {
      for (let n = 0; n < 40; n++) await it.send([`bo${n}@example.org`]);
      await it.empty();
      assert.equal(it.hop.mails.length, 40);
      assert.ok(it.hop.connections <= 12, `${it.hop.connections} connections`);
    }));

  it('gives a server no more recipients and messages at once than it says that it takes (RFC 9422)', () =>
    scene({ hop: { keywords: ['PIPELINING', 'LIMITS RCPTMAX=2 MAILMAX=1'] } }, async (it) => {
      const people = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.org`);
      await it.send(people);
      await it.empty();
      assert.deepEqual(it.hop.mails.map(({ recipients }) => recipients.length).sort(), [1, 2, 2]);
      const all = it.hop.mails.flatMap(({ recipients }) => recipients.map(({ address }) => address));
      assert.deepEqual(all.sort(), people);
      assert.equal(it.hop.connections, 3);
    }));

  it('leaves nothing of a message that was refused at DATA to the next one on its connection', () => {
    let isFirst = true;
    const behaviour = (event: string) => {
      if (event !== 'DATA' || !isFirst) return undefined;
      isFirst = false;
      return '451 4.7.1 greylisted';
    };
    return scene({ hop: { behaviour }, isStarted: false, most: 1 }, async (it) => {
      await it.send(['bo@example.org']);
      await it.send(['cy@example.org']);
      it.queue.start();
      await it.empty();
      assert.equal(it.hop.mails.length, 2);
      assert.equal(it.hop.connections, 1);
      assert.deepEqual(await inbox(it), []);
    });
  });

  for (const reply of ['503 5.5.1 nested MAIL', '421 4.7.0 enough on this connection'])
    it(`takes another connection at once when a used one says ${reply.slice(0, 3)} to MAIL`, () => {
      const behaviour = (event: string, connection: number) => {
        if (event.startsWith('MAIL') && connection === 0 && isUsed) return reply;
        isUsed ||= event.startsWith('MAIL');
        return undefined;
      };
      let isUsed = false;
      // A connection that a busy machine keeps waiting is not to be given up: that would be another one, too.
      const patience = { timeouts: TIMEOUTS, schedule: { ...FAST, giveUpMs: 600_000 } };
      return scene({ hop: { behaviour }, isStarted: false, most: 1, ...patience }, async (it) => {
        await it.send(['bo@example.org']);
        await it.send(['cy@example.org']);
        it.queue.start();
        await it.empty();
        assert.deepEqual(
          it.hop.mails.map(({ connection }) => connection),
          [0, 1],
        );
        const rest = it.queue.destinations().filter(({ restsUntilMs }) => restsUntilMs !== undefined);
        assert.deepEqual(rest, [], 'the place itself is not left alone');
        assert.deepEqual(await inbox(it), []);
      });
    });

  it('believes a refusal of a server that ends the connection behind it', () => {
    const behaviour = (event: string) =>
      event === 'RSET' ? 'drop' : /^RCPT.*<no/.test(event) ? '550 5.1.1 no such user' : undefined;
    return scene({ hop: { behaviour }, isStarted: false, most: 1 }, async (it) => {
      const refused = await it.send(['no@example.org']);
      await it.send(['bo@example.org']);
      it.queue.start();
      await it.empty();
      assert.deepEqual(await it.events(refused), ['accepted', 'failed', 'reported']);
      assert.equal(it.hop.mails.length, 1);
    });
  });

  describe('and a place that is not there', () => {
    const gone = { zone: ZONE, port: 9, probeMs: 60_000, schedule: { ...FAST, gapsMs: [60_000] } };
    const putOff = async ({ kit }: QueueKit, ids: readonly OutgoingId[]): Promise<void> => {
      const areLater = async (): Promise<boolean> => {
        const found = (await kit.store.outgoing.load(ids)).flatMap((one) => one?.recipients ?? []);
        return found.every(({ nextMs = 0 }) => nextMs > Date.now() + 1000);
      };
      for (const untilMs = performance.now() + 10_000; !(await areLater()); await pause(20))
        assert.ok(performance.now() < untilMs, 'they are not put off');
    };

    it('writes down together what waits for it', async (t) => {
      const it = await openQueue({ ...gone, isStarted: false });
      t.after(it.close);
      const ids: OutgoingId[] = [];
      const expiresMs = Date.now() + 600_000;
      for (let n = 0; n < 120; n++) ids.push(await it.send([`bo${n}@example.org`], { expiresMs }));
      const settle = t.mock.method(it.kit.domain.store.outgoing, 'settle');
      it.queue.start();
      await putOff(it, ids);
      assert.ok(settle.mock.callCount() < 20, `${settle.mock.callCount()} times`);
    });

    it('asks it once for all recipients of a message', async (t) => {
      const it = await openQueue(gone);
      t.after(it.close);
      const to = Array.from({ length: 250 }, (_, n) => `bo${n}@example.org`);
      const id = await it.send(to, { expiresMs: Date.now() + 600_000 });
      await putOff(it, [id]);
      assert.ok(it.queue.destinations().every(({ isDown }) => !isDown));
      const [one] = await it.kit.store.outgoing.load([id]);
      assert.ok(one?.recipients.every(({ attempts }) => attempts === 1));
    });
  });

  it('does not take a place for down that greets and ends at MAIL', () => {
    const behaviour = (event: string) => (event.startsWith('MAIL') ? 'drop' : undefined);
    return scene({ hop: { behaviour } }, async (it) => {
      const ids: OutgoingId[] = [];
      for (let n = 0; n < 5; n++) ids.push(await it.send([`bo${n}@example.org`]));
      const areTried = async () =>
        (await Promise.all(ids.map(it.events))).every((events) => events.includes('deferred'));
      for (const untilMs = performance.now() + 8000; !(await areTried()); await pause(20))
        assert.ok(performance.now() < untilMs, 'they are not tried');
      assert.ok(it.queue.destinations().every(({ isDown }) => !isDown));
      it.hop.behaviour = () => undefined;
      await it.empty();
      assert.equal(it.hop.mails.length, 5);
    });
  });

  it('sends again what may have arrived, octet for octet, and not what has', () => {
    let isFirst = true;
    const behaviour = (event: string) => {
      if (event !== 'end' || !isFirst) return undefined;
      isFirst = false;
      return 'drop';
    };
    return scene({ hop: { behaviour } }, async (it) => {
      await it.send(['bo@example.org']);
      await it.empty();
      const [first, second, third] = it.hop.mails;
      assert.equal(first?.data, second?.data);
      assert.equal(third, undefined);
    });
  });

  it('puts up with whatever a server does', async () => {
    const doings: readonly [string, (event: string) => string | undefined][] = [
      ['greets with 554', (event) => (event === 'greeting' ? '554 go away' : undefined)],
      ['drops in the middle', (event) => (event === 'data' ? 'drop' : undefined)],
      ['hangs at RCPT', (event) => (event.startsWith('RCPT') ? 'hang' : undefined)],
      ['speaks HTTP', (event) => (event === 'greeting' ? 'HTTP/1.1 400 Bad Request' : undefined)],
      ['never ends a reply', (event) => (event.startsWith('EHLO') ? '250-x\r\n'.repeat(500) : undefined)],
      ['says 421 to all', (event) => (event.startsWith('MAIL') ? '421 4.7.0 slow down' : undefined)],
    ];
    for (const [what, doing] of doings) {
      let isBad = true;
      const behaviour = (event: string) => (isBad ? doing(event) : undefined);
      await scene({ hop: { behaviour } }, async (it) => {
        const id = await it.send(['bo@example.org'], { expiresMs: Date.now() + 60_000 });
        const isTried = async () => (await it.events(id)).includes('deferred');
        for (const untilMs = performance.now() + 8000; !(await isTried()); await pause(20))
          assert.ok(performance.now() < untilMs, what);
        isBad = false;
        if (what !== 'says 421 to all') {
          it.queue.forgive();
          await it.empty();
          assert.equal(it.hop.mails.length, 1, what);
        } else await dropOutgoing(it.kit.domain, [id], { reason: 'over', isReported: false });
      });
    }
  });

  it('who is one too many comes in the next transaction, also where that is said for ever', async () => {
    for (const reply of ['452 4.5.3 too many', '552 too many recipients']) {
      let named = 0;
      const behaviour = (event: string) => {
        if (event.startsWith('MAIL')) named = 0;
        return event.startsWith('RCPT') && ++named > 2 ? reply : undefined;
      };
      await scene({ hop: { behaviour } }, async (it) => {
        const people = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.org`);
        await it.send(people);
        await it.empty();
        const had = it.hop.mails.flatMap(({ recipients }) => recipients.map(({ address }) => address));
        assert.deepEqual(had.sort(), people, reply);
        assert.deepEqual(await inbox(it), []);
      });
    }
  });

  it('is held and released, dropped with a report, and paused', () =>
    scene({ isStarted: false }, async (it) => {
      const { domain } = it.kit;
      const [held, dropped] = [await it.send(['bo@example.org']), await it.send(['bo@example.org'])];
      await holdOutgoing(domain, [held], 'wait');
      await dropOutgoing(domain, [dropped], { reason: 'a mistake', isReported: true });
      it.queue.pause();
      it.queue.start();
      await pause(200);
      assert.deepEqual(await it.states(held), ['held']);
      it.queue.resume();
      await pause(300);
      assert.equal(await it.states(dropped), undefined);
      assert.match(String((await inbox(it))[0]), /has stopped the message/);
      await releaseOutgoing(domain, [held]);
      await it.empty();
      assert.equal(it.hop.mails.length, 1);
    }));

  it('does not send before it may', () =>
    scene({}, async (it) => {
      const holdUntilMs = Date.now() + 600;
      await it.send(['bo@example.org'], { holdUntilMs });
      await pause(300);
      assert.equal(it.hop.mails.length, 0);
      await it.empty();
      assert.ok(Date.now() >= holdUntilMs);
    }));

  it('takes up what an earlier process has left', () =>
    scene({ isStarted: false }, async (it) => {
      for (let n = 0; n < 5; n++) await it.send([`bo${n}@example.org`]);
      it.queue.start();
      await it.empty();
      assert.equal(it.hop.mails.length, 5);
    }));

  it('lets senders take turns', () =>
    scene({ isStarted: false, most: 1 }, async (it) => {
      for (let n = 0; n < 20; n++) await it.send([`a${n}@example.org`]);
      const bo = await it.kit.addAccount('bo@example.com', 'secret words');
      const other = { ...it.sender };
      Object.assign(it.sender, { id: bo.id, address: bo.address });
      await it.send(['b@example.org']);
      Object.assign(it.sender, other);
      it.queue.start();
      await it.empty();
      const place = it.hop.mails.findIndex(({ recipients }) => recipients[0]?.address === 'b@example.org');
      assert.ok(place >= 0 && place < 5, `it was the ${place + 1}th`);
    }));
});

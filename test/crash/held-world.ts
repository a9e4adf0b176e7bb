/** A server with JMAP and its queue on a data folder: Alice writes, her mail waits for a moment, Bob gets it. Opened again and again. */
import { Resolver } from '../../src/dns/resolver.ts';
import { SentMail } from '../../src/jmap/submission/sent-mail.ts';
import { Queue } from '../../src/queue/queue.ts';
import { startDns } from '../kit/dns.ts';
import { recipientsOf } from '../kit/domain.ts';
import { type Answer, startTestJmap, type TestJmap } from '../kit/jmap.ts';
import { FAST } from '../kit/queue.ts';

export const BOB = 'bob@example.com';

export interface HeldWorld {
  readonly server: TestJmap;
  /** Ids by role. */
  readonly boxes: Readonly<Record<string, string>>;
  readonly identity: string;
  close(): Promise<void>;
}

export async function openHeldWorld(data: string): Promise<HeldWorld> {
  const dns = await startDns({ zone: [] });
  const server = await startTestJmap({ data, jmap: { limits: { maxConcurrentRequests: 200 } } });
  const { domain, activity } = server.kit;
  await server.addAccount(BOB, 'secret');
  const sent = new SentMail(domain, domain.log);
  const queue = new Queue({
    ...{ domain, activity, log: domain.log, recipients: recipientsOf(domain), schedule: FAST },
    dns: new Resolver({ servers: [dns], timeoutMs: 2000, tryMs: 500 }),
    hostname: 'mail.example.com',
    ownDomain: 'example.com',
    addresses: { allowsPrivate: true, uses: { ipv4: true, ipv6: false } },
    onTried: (id) => sent.tried(id),
  });
  queue.start();
  // Refused when it is there.
  await server.alice.call('Mailbox/set', { create: { s: { name: 'Later', role: 'scheduled' } } });
  const { list } = await server.alice.call('Mailbox/get', { ids: null });
  const identities = await server.alice.call('Identity/get');
  return {
    server,
    boxes: Object.fromEntries(list.map(({ role, id }: Answer) => [role, id])),
    identity: identities.list[0].id,
    async close() {
      await queue.stop(2000);
      sent.stop();
      await server.close();
      await dns.close();
    },
  };
}

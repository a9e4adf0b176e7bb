/**
 * A process that accepts mail and sends it, until it is killed: what it has accepted it says on standard output, each in a line, when
 * it is durable. `argv`: data folder, port of the next hop, port of the DNS server, how many to accept, first number.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Resolver } from '../../src/dns/resolver.ts';
import { NOTIFY_DEFAULT } from '../../src/mailbox/model/outgoing.ts';
import { openQueue } from '../kit/queue.ts';

const [data = '', hopPort, dnsPort, count, first] = process.argv.slice(2);
const dns = new Resolver({ servers: [{ host: '127.0.0.1', port: Number(dnsPort) }] });
const it = await openQueue({
  testDomain: { data },
  dns,
  port: Number(hopPort),
  schedule: { gapsMs: [50, 100], giveUpMs: 3_600_000, giveUpReportsMs: 3_600_000, warnMs: 1e9, gatherMs: 50 },
});
if ((await it.kit.domain.store.directory.find('bo@example.com')) === undefined)
  await it.kit.addAccount('bo@example.com', 'secret words');
process.stdout.write('ready\n');
for (let n = Number(first); n < Number(first) + Number(count); n++) {
  const text = `From: anna@example.com\r\nMessage-ID: <${n}@example.com>\r\n\r\nmessage ${n}.\r\n`;
  const local = { address: 'bo@example.com', route: 'local', notify: NOTIFY_DEFAULT } as const;
  const refused = n % 5 === 0 ? [`no${n}@example.org`] : [];
  await it.send([`r${n}@example.org`, local, ...refused], { text, expiresMs: Date.now() + 3_600_000 });
  process.stdout.write(`accepted ${n}\n`);
  await pause(1);
}
await it.empty(60_000);
process.stdout.write('empty\n');
await it.close();

/** A house with an administrator, a domain whose DNS says half of what it should, people, and a server for mail that leaves. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { startDns, type TestDns } from '../../kit/dns.ts';
import { type NextHop, startNextHop } from '../../kit/next-hop.ts';
import { ANN, type House, openHouse, PASSWORD } from './house.ts';

export const OLOF = 'olof@example.org';
export const BUSY = '451 4.7.1 come back later';

export interface AdministeredHouse {
  readonly house: House;
  /** Takes nothing before it is told to. */
  readonly hop: NextHop;
  /** Mail of Olof's to somebody elsewhere; it waits when this resolves. */
  send(to: string, subject: string): Promise<void>;
  close(): Promise<void>;
}

/** `people`: how many accounts beside Ann's, who administers, and Olof's. */
export async function openAdministeredHouse(people = 0): Promise<AdministeredHouse> {
  const hop = await startNextHop({ behaviour: (event) => (event.startsWith('RCPT') ? BUSY : undefined) });
  const dns = await zoneOfTheHouse();
  const house = await openHouse(undefined, {
    ...{ hostname: 'mail.example.org', 'auth.default_domain': 'example.org' },
    ...{ 'queue.smarthost': `127.0.0.1:${hop.port}`, 'queue.smarthost_tls': 'opportunistic' },
    'dns.servers': `${dns.host}:${dns.port}`,
  });
  const { cli, data } = house.server;
  await cli(['account', 'set', ANN, '--admin']);
  await cli(['domain', 'add', 'example.org']);
  await cli(['account', 'add', OLOF, '--password-stdin', '--quota', '2GB'], PASSWORD);
  if (people > 0) {
    const hash = '{SHA256}XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=';
    const names = Array.from(
      { length: people },
      (_, i) => `person${String(i).padStart(5, '0')}@example.org,${hash}`,
    );
    const file = join(data, 'people.csv');
    await writeFile(file, `address,password\n${names.join('\n')}\n`);
    await cli(['account', 'import', file]);
  }
  return {
    ...{ house, hop },
    send: (to, subject) => sendAs(house, to, subject),
    async close() {
      await house.close();
      await hop.close();
      await dns.close();
    },
  };
}

function zoneOfTheHouse(): Promise<TestDns> {
  return startDns({
    zone: [
      { name: 'example.org', type: 'MX', data: { preference: 10, exchange: 'mail.example.org' } },
      { name: 'mail.example.org', type: 'A', data: '192.0.2.1' },
      { name: 'example.org', type: 'TXT', data: 'v=spf1 mx -all' },
    ],
  });
}

async function sendAs({ server }: House, to: string, subject: string): Promise<void> {
  const transport = createTransport({
    ...{ host: '127.0.0.1', port: server.port('submission'), secure: false },
    ...{ auth: { user: OLOF, pass: PASSWORD }, tls: { rejectUnauthorized: false } },
  });
  try {
    await transport.sendMail({ from: OLOF, to, subject, text: 'Hej!' });
  } finally {
    transport.close();
  }
}

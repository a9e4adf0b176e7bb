/** A message into Alice's INBOX by LMTP, with nodemailer. */
import { createTransport } from 'nodemailer';
import { ALICE, type Home } from './home.ts';

export async function deliver(home: Home, bytes: Buffer): Promise<void> {
  const transport = createTransport({
    lmtp: true,
    host: '127.0.0.1',
    port: home.ports.lmtp,
    tls: { rejectUnauthorized: false },
  } as Parameters<typeof createTransport>[0]);
  try {
    await transport.sendMail({ raw: bytes, envelope: { from: 'bob@example.org', to: ALICE.address } });
  } finally {
    transport.close();
  }
}

/**
 * imapflow with the settings every test wants: this machine, a certificate nobody signed, no log, IDLE only when asked.
 */
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { ALICE, type Ports } from './home.ts';

export function makeImapFlow(ports: Ports, options: ImapFlowOptions = {}): ImapFlow {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: ports.imap,
    secure: false,
    doSTARTTLS: false,
    tls: { rejectUnauthorized: false },
    auth: { user: ALICE.address, pass: ALICE.password },
    logger: false,
    disableAutoIdle: true,
    ...options,
  });
  // Without a listener a connection that breaks would end the test process; the command in flight is rejected anyway.
  client.on('error', () => {});
  return client;
}

export async function connectImapFlow(ports: Ports, options: ImapFlowOptions = {}): Promise<ImapFlow> {
  const client = makeImapFlow(ports, options);
  await client.connect();
  return client;
}

/** imapflow answers `false` or `undefined` where the server said no; a test that goes on with the value must not. */
export function given<T>(value: T | false | undefined): T {
  if (value === false || value === undefined) throw new Error('the server gave nothing');
  return value;
}

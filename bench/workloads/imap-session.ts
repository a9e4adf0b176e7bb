/** Opening a session, and the commands that many rows need. */
import { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';

export async function signIn(server: Running, user: number, isTls = false): Promise<LineClient> {
  const client = await LineClient.open(isTls ? server.ports.imaps : server.ports.imap, isTls);
  await client.line(/\* OK/);
  await client.imap(`LOGIN ${server.user(user)} ${server.password}`);
  return client;
}

/** With INBOX open. */
export async function openInbox(server: Running, user: number): Promise<LineClient> {
  const client = await signIn(server, user);
  await client.imap('SELECT INBOX');
  return client;
}

/** An APPEND of one message or several (RFC 3502), as it goes over the line behind its tag. */
export function appendOf(mailbox: string, mails: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`APPEND ${mailbox}`)];
  for (const mail of mails) parts.push(Buffer.from(` {${mail.length}+}\r\n`), mail);
  parts.push(Buffer.from('\r\n'));
  return Buffer.concat(parts);
}

export async function countOf(client: LineClient, mailbox: string): Promise<number> {
  const status = await client.imap(`STATUS ${mailbox} (MESSAGES)`);
  return Number(/MESSAGES (\d+)/.exec(status)?.[1] ?? 0);
}

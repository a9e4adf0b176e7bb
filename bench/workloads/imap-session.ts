/** Opening, filling and signing in, as the workloads need it. */
import { message, smallMessage } from '../corpus.ts';
import { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';

export async function signIn(server: Running, user: number, isTls = false): Promise<LineClient> {
  const client = await LineClient.open(isTls ? server.ports.imaps : server.ports.imap, isTls);
  await client.line(/\* OK/);
  await client.imap(`LOGIN ${server.user(user)} ${server.password}`);
  return client;
}

/** Fills INBOX with MULTIAPPENDs of a hundred, when it does not have that many yet. */
export async function fill(
  server: Running,
  user: number,
  kind: 'big' | 'corpus',
  count: number,
): Promise<void> {
  const client = await signIn(server, user);
  const status = await client.imap('STATUS INBOX (MESSAGES)');
  const have = Number(/MESSAGES (\d+)/.exec(status)?.[1] ?? 0);
  const batch = kind === 'big' ? 200 : 25;
  for (let n = have; n < count; n += batch) {
    const parts: Buffer[] = [Buffer.from('APPEND INBOX')];
    for (let i = n; i < Math.min(count, n + batch); i++) {
      const mail = kind === 'big' ? smallMessage(i) : message(i);
      parts.push(Buffer.from(` {${mail.length}+}\r\n`), mail);
    }
    parts.push(Buffer.from('\r\n'));
    await client.imap(Buffer.concat(parts));
  }
  client.end();
}

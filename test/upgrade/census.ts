/**
 * What the people on a server can see of their mail: every mailbox with its numbers, every message with its octets, the
 * names that POP3 gives. Two censuses that are equal mean that no client has to download anything again.
 */
import { createHash } from 'node:crypto';
import { ImapClient } from '../imap-client.ts';
import { Pop3Client } from '../pop3-client.ts';

export interface MailboxCensus {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
  /** By UID: flags in alphabetical order, and a digest of the octets. */
  readonly messages: Readonly<Record<string, string>>;
}

export interface AccountCensus {
  readonly mailboxes: Readonly<Record<string, MailboxCensus>>;
  readonly subscribed: readonly string[];
  /** UIDL of INBOX, in order. */
  readonly pop3: readonly string[];
}

export type Census = Readonly<Record<string, AccountCensus>>;

export interface Ports {
  readonly imap: number;
  readonly pop3: number;
}

export async function takeCensus(
  ports: Ports,
  accounts: readonly string[],
  password: string,
): Promise<Census> {
  const census: Record<string, AccountCensus> = {};
  for (const account of accounts) {
    const client = await ImapClient.signIn(ports.imap, account, password);
    await client.ok('ENABLE CONDSTORE');
    const mailboxes: Record<string, MailboxCensus> = {};
    for (const name of await namesIn(client, 'LIST')) mailboxes[name] = await mailboxIn(client, name);
    const subscribed = await namesIn(client, 'LSUB');
    client.close();
    census[account] = { mailboxes, subscribed, pop3: await uidlsOf(ports.pop3, account, password) };
  }
  return census;
}

async function namesIn(client: ImapClient, command: string): Promise<string[]> {
  const { untagged } = await client.ok(`${command} "" *`);
  return untagged.map((line) => /"\/" (?:"([^"]*)"|(\S+))$/.exec(line)?.slice(1).join('') ?? line).sort();
}

async function mailboxIn(client: ImapClient, name: string): Promise<MailboxCensus> {
  const { untagged } = await client.ok(`EXAMINE "${name}"`);
  const number = (what: string): number =>
    Number(new RegExp(`\\[${what} (\\d+)\\]`).exec(untagged.join('\n'))?.[1]);
  const messages: Record<string, string> = {};
  const fetched = await client.ok('UID FETCH 1:* (FLAGS BODY.PEEK[])');
  for (const line of fetched.untagged) {
    const [, uid, flags = ''] = /^\d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\)/.exec(line) ?? [];
    const [head = '', size] = /^.*?BODY\[\] \{(\d+)\}\r\n/s.exec(line) ?? [];
    if (uid === undefined) continue;
    const octets = Buffer.from(line.slice(head.length, head.length + Number(size)), 'latin1');
    const digest = createHash('sha256').update(octets).digest('base64url').slice(0, 16);
    messages[uid] = `${flags.split(' ').sort().join(' ')}|${octets.length}|${digest}`;
  }
  const [uidValidity, uidNext] = [number('UIDVALIDITY'), number('UIDNEXT')];
  return { uidValidity, uidNext, highestModseq: number('HIGHESTMODSEQ'), messages };
}

async function uidlsOf(port: number, account: string, password: string): Promise<string[]> {
  const client = await Pop3Client.signIn(port, account, password);
  const rows = await client.table('UIDL');
  await client.ok('QUIT');
  return rows.map(([, name]) => name);
}

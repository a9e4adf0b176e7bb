/** A server with people whose mailboxes have everything in them that a backup has to keep, and what of it can be seen from outside. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ImapFlow } from 'imapflow';
import { makeImapFlow } from '../clients/imapflow.ts';
import { ImapClient } from '../imap-client.ts';
import type { TestServer } from '../kit/server.ts';

export const PASSWORD = 'a-pigeon-never-forgets';
export const PEOPLE = ['ann@example.com', 'bob@example.com', 'carol@example.com'] as const;
const [ANN] = PEOPLE;
const SCRIPT = 'require "fileinto";\nif header :contains "subject" "club" { fileinto "Club"; }\n';

/** Small and large ones, some with the same attachment. */
export function letter(name: string, bytes = 600): string {
  const attachment = Buffer.alloc(bytes, name.slice(0, 3)).toString('base64').replace(/.{76}/g, '$&\r\n');
  return [
    ...['From: Dora <dora@example.org>', `Subject: ${name}`, `Message-ID: <${name}@example.org>`],
    ...[
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      '--b',
      'Content-Type: text/plain',
    ],
    ...['', `words of ${name} `.repeat(20), '--b', 'Content-Type: application/octet-stream'],
    ...['Content-Transfer-Encoding: base64', '', attachment, '--b--', ''],
  ].join('\r\n');
}

/** Appends; the UID it got. */
export async function append(client: ImapClient, mailbox: string, text: string, marks = ''): Promise<number> {
  const answer = await client.ok(`APPEND ${mailbox} ${marks}{${text.length}+}\r\n${text}`);
  return Number(/APPENDUID \d+ (\d+)/.exec(answer.text)?.[1]);
}

export async function furnish(server: TestServer): Promise<void> {
  for (const person of PEOPLE) {
    await server.cli(['account', 'add', person, '--password-stdin'], `${PASSWORD}\n`);
    const client = await ImapClient.signIn(server.port('imap'), person, PASSWORD);
    for (const name of ['Club', 'Club/2024']) await client.ok(`CREATE ${name}`);
    for (let n = 0; n < 6; n++)
      await append(
        client,
        'INBOX',
        letter(`i${n}`, n * 30_000),
        `(\\Flagged $Label${n}) "0${n + 1}-Jan-2024 10:00:00 +0000" `,
      );
    for (let n = 0; n < 4; n++) await append(client, 'Club', letter(`c${n}`), '(\\Seen) ');
    await client.ok('SELECT INBOX');
    await client.ok('UID STORE 2 +FLAGS (\\Deleted)');
    await client.ok('UID EXPUNGE 2');
    await client.ok('UID MOVE 3 Club');
    client.close();
  }
  const cli = async (args: readonly string[], input?: string): Promise<void> => {
    const { code, stderr } = await server.cli(args, input);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  };
  await cli(['account', 'quota', ANN, '500MiB']);
  await cli(['account', 'set', ANN, 'pop3.delete', 'expunge']);
  await cli(['account', 'retention', ANN, 'Club', '365d']);
  await cli(['sieve', 'put', ANN, '-', '--name', 'mine', '--activate'], SCRIPT);
  await cli(['alias', 'add', 'info@example.com', PEOPLE[1]]);
  await cli(['account', 'apppass', 'add', ANN, '--name', 'phone']);
}

export interface SeenMessage {
  readonly uid: number;
  readonly flags: string;
  readonly date: string;
  /** Of its octets. */
  readonly hash: string;
}

export interface SeenMailbox {
  readonly uidValidity: string;
  readonly uidNext: number;
  readonly modseq: bigint;
  readonly messages: readonly SeenMessage[];
}

/** What imapflow sees of somebody's mail. */
export async function seenBy(server: TestServer, person: string): Promise<ReadonlyMap<string, SeenMailbox>> {
  const client: ImapFlow = makeImapFlow({ imap: server.port('imap') } as Parameters<typeof makeImapFlow>[0], {
    auth: { user: person, pass: PASSWORD },
    qresync: true,
  });
  await client.connect();
  const seen = new Map<string, SeenMailbox>();
  for (const { path } of await client.list()) {
    const { uidValidity, uidNext, highestModseq } = await client.mailboxOpen(path, { readOnly: true });
    const messages: SeenMessage[] = [];
    for await (const one of client.fetch('1:*', {
      uid: true,
      flags: true,
      internalDate: true,
      source: true,
    })) {
      const hash = createHash('sha256')
        .update(one.source ?? '')
        .digest('hex');
      const flags = [...(one.flags ?? [])]
        .filter((flag) => flag !== '\\Recent')
        .sort()
        .join(' ');
      messages.push({ uid: one.uid, flags, date: String(one.internalDate), hash });
    }
    const modseq = highestModseq ?? 0n;
    seen.set(path, { uidValidity: String(uidValidity), uidNext, modseq, messages });
  }
  await client.logout();
  return seen;
}

/** What is not in mailboxes, as the command line says it. */
export async function settingsOf(server: TestServer): Promise<unknown> {
  const said = async (...args: readonly string[]): Promise<string> => (await server.cli(args)).stdout;
  return {
    accounts: (await said('account', 'list', '--json')).split('\n').sort(),
    set: await said('account', 'set', ANN),
    retention: await said('account', 'retention', ANN),
    scripts: await said('sieve', 'list', ANN, '--json'),
    script: await said('sieve', 'show', ANN, 'mine'),
    aliases: JSON.parse(await said('alias', 'list', '--json')),
    appPasswords: (await said('account', 'apppass', 'list', ANN)).replace(/\d+[smhd]\b/g, ''),
    deleted: await said('account', 'deleted', ANN, '--json'),
  };
}

/** Everything of the first is in the second, but for the numbers that have to be ahead. */
export function mailOf(seen: ReadonlyMap<string, SeenMailbox>): unknown {
  return [...seen].map(([name, { uidValidity, messages }]) => ({ name, uidValidity, messages }));
}

/**
 * What a server really has, read as devices read it: one that was offline and resynchronises (RFC 7162 §3.2.5), and one
 * that asks for everything. Both must come to the same.
 */
import { ImapClient } from '../imap-client.ts';
import { expand } from './imap-writer.ts';
import { hashOf, idOf } from './mail.ts';
import { type Folder, flagsOf, type World } from './world.ts';

export interface Found {
  readonly uid: number;
  readonly modseq: number;
  readonly flags: string;
  /** Undefined when the octets were not asked for. */
  readonly octets: Buffer | undefined;
}

export interface FoundFolder {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modseq: number;
  readonly messages: readonly Found[];
  /** What the resynchronised device has now, when one was there before. */
  readonly device: ReadonlyMap<number, string> | undefined;
}

export type Reality = ReadonlyMap<string, readonly FoundFolder[]>;

export interface ReadOptions {
  readonly world: World;
  readonly passwordOf: (account: string) => string;
  /** Octets of all messages, not only of those with new UIDs. */
  readonly isComplete: boolean;
}

export async function readReality(
  port: number,
  accounts: readonly string[],
  options: ReadOptions,
): Promise<Reality> {
  const read = accounts.map(async (account) => [account, await readAccount(port, account, options)] as const);
  return new Map(await Promise.all(read));
}

async function readAccount(port: number, account: string, options: ReadOptions): Promise<FoundFolder[]> {
  const client = await ImapClient.signIn(port, account, options.passwordOf(account));
  await client.ok('ENABLE QRESYNC');
  const { untagged } = await client.ok('LIST "" "*"');
  const names = untagged.map((line) => /^LIST \([^)]*\) "\/" "?([^"]+)"?$/.exec(line)?.[1] ?? '');
  const known = new Map(options.world.foldersOf(account).map((folder) => [folder.name, folder]));
  // A rename that was not answered: the device knows the mailbox by its old name, this one finds it by the new.
  for (const { rename } of options.world.open) {
    if (rename?.folder.account === account && rename.to !== undefined) known.set(rename.to, rename.folder);
  }
  const found: FoundFolder[] = [];
  for (const name of names) found.push(await readFolder(client, name, known.get(name), options.isComplete));
  await client.ok('LOGOUT');
  client.close();
  return found;
}

async function readFolder(
  client: ImapClient,
  name: string,
  known: Folder | undefined,
  isComplete: boolean,
): Promise<FoundFolder> {
  const { device } = known ?? {};
  const resync = device === undefined ? 'CONDSTORE' : `QRESYNC (${known?.uidValidity} ${device.modseq})`;
  const opened = await client.ok(`EXAMINE ${name} (${resync})`);
  const code = (word: string): number =>
    Number(new RegExp(`\\[${word} (\\d+)\\]`).exec(opened.untagged.join('\n'))?.[1] ?? 0);
  const { untagged } = await client.ok('UID FETCH 1:* (FLAGS MODSEQ)');
  const messages = untagged.map(fetched).filter((message) => message !== undefined);
  const isNew = (uid: number): boolean => known?.mailOfUid.has(uid) !== true;
  const wanted = messages.map(({ uid }) => uid).filter((uid) => isComplete || isNew(uid));
  const octets = await readOctets(client, wanted);
  return {
    name,
    uidValidity: code('UIDVALIDITY'),
    uidNext: code('UIDNEXT'),
    modseq: code('HIGHESTMODSEQ'),
    messages: messages.map((message) => ({ ...message, octets: octets.get(message.uid) })),
    device: device === undefined ? undefined : resynchronised(device.flags, opened.untagged),
  };
}

function resynchronised(
  before: ReadonlyMap<number, string>,
  untagged: readonly string[],
): Map<number, string> {
  const flags = new Map(before);
  for (const line of untagged) {
    const vanished = /^VANISHED \(EARLIER\) ([\d:,]+)$/.exec(line)?.[1];
    for (const uid of expand(vanished ?? '')) flags.delete(uid);
    const message = fetched(line);
    if (message !== undefined) flags.set(message.uid, message.flags);
  }
  return flags;
}

function fetched(line: string): Omit<Found, 'octets'> | undefined {
  const uid = /^\d+ FETCH \(.*?\bUID (\d+)/.exec(line)?.[1];
  const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
  const modseq = /MODSEQ \((\d+)\)/.exec(line)?.[1];
  if (uid === undefined || flags === undefined || modseq === undefined) return undefined;
  return { uid: Number(uid), flags: flagsOf(flags.split(' ')), modseq: Number(modseq) };
}

/** A few at a time: the client of the tests keeps a response whole and searches it again for every packet. */
async function readOctets(client: ImapClient, uids: readonly number[]): Promise<Map<number, Buffer>> {
  const octets = new Map<number, Buffer>();
  for (let at = 0; at < uids.length; at += 50) {
    const { untagged } = await client.ok(`UID FETCH ${uids.slice(at, at + 50)} (BODY.PEEK[])`);
    for (const line of untagged) {
      const [head, uid, size] = /^\d+ FETCH \(UID (\d+) BODY\[\] \{(\d+)\}\r\n/.exec(line) ?? [];
      if (head === undefined) continue;
      const bytes = Buffer.from(line.slice(head.length, head.length + Number(size)), 'latin1');
      octets.set(Number(uid), bytes);
    }
  }
  return octets;
}

/** For the report of a failure. */
export function nameOf({ octets }: Found): string {
  return octets === undefined
    ? '?'
    : `${idOf(octets)} (${octets.length} octets, ${hashOf(octets).slice(0, 8)})`;
}

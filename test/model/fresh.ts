/** What a client that comes new to an account reads, and whether all the others have the same. */
import assert from 'node:assert/strict';
import { ImapClient } from '../imap-client.ts';
import { contentOf, flagsOf, type Shared, type SocketClient } from './socket-client.ts';

/** When all is quiet. Gives how many of `clients` had a mailbox open that is still there. */
export async function compareWithFresh(shared: Shared, clients: readonly SocketClient[]): Promise<number> {
  for (const client of clients) await client.catchUp();
  const { port, address, password } = shared.service;
  const fresh = await ImapClient.signIn(port, address, password);
  await fresh.ok('ENABLE CONDSTORE');
  const modseqs = new Map<string, number>();
  let compared = 0;
  for (const name of await namesOf(fresh)) {
    const { uidValidity, messages } = await readMailbox(fresh, name);
    for (const { uid, modseq, flags } of messages) {
      shared.note(`${uidValidity} ${uid}`, modseq, flags);
      modseqs.set(`${uidValidity} ${uid}`, modseq);
    }
    const truth = messages.map(({ uid, flags }) => `${uid} ${flags}`);
    for (const client of clients) {
      if (client.uidValidity !== uidValidity || client.selected === undefined) continue;
      compared++;
      assert.deepEqual(client.seen(), truth, `what a client has of ${name}`);
    }
  }
  fresh.close();
  shared.verify(modseqs);
  return compared;
}

/** Everything in an account, as text: `mailbox UIDVALIDITY UID (flags) content`. */
export async function readAll({ port, address, password }: Shared['service']): Promise<string[]> {
  const fresh = await ImapClient.signIn(port, address, password);
  await fresh.ok('ENABLE CONDSTORE');
  const all: string[] = [];
  for (const name of await namesOf(fresh)) {
    const { uidValidity, messages } = await readMailbox(fresh, name);
    all.push(
      ...messages.map(({ uid, flags, content }) => `${name} ${uidValidity} ${uid} (${flags}) ${content}`),
    );
  }
  fresh.close();
  return all.sort();
}

async function namesOf(client: ImapClient): Promise<string[]> {
  const { untagged } = await client.ok('LIST "" "*"');
  return untagged.map((line) => /"?([^" ]+)"?$/.exec(line)?.[1] ?? assert.fail(line));
}

export async function readMailbox(client: ImapClient, name: string) {
  const opened = await client.ok(`EXAMINE ${name}`);
  const uidValidity = Number(/\[UIDVALIDITY (\d+)\]/.exec(opened.untagged.join('\n'))?.[1]);
  const { untagged } = await client.ok('UID FETCH 1:* (FLAGS MODSEQ BODY.PEEK[])');
  const messages = untagged.flatMap((line) => {
    const [, uid, flags, modseq] =
      /^\d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\) MODSEQ \((\d+)\)/.exec(line) ?? [];
    if (uid === undefined || flags === undefined) return [];
    return [{ uid: Number(uid), flags: flagsOf(flags), modseq: Number(modseq), content: contentOf(line) }];
  });
  return { uidValidity, messages };
}

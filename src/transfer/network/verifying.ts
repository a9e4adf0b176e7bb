/** Everything that was brought from a folder, fetched once more and compared with what is read back here. Changes nothing. */
import { createHash } from 'node:crypto';
import { SourceFailure } from './failure.ts';
import { batchesOf, Fetching, isLarge } from './fetching.ts';
import type { FolderWork } from './migration.ts';
import type { Placing } from './placing.ts';
import type { RemoteMessage } from './remote-message.ts';

export async function verify(
  work: FolderWork,
  uidValidity: number,
  messages: readonly RemoteMessage[],
  placing: Placing,
): Promise<void> {
  const fetching = new Fetching(work, uidValidity);
  const ordered = messages.toSorted((a, b) => a.uid - b.uid);
  for (const batch of batchesOf(ordered)) {
    const [first] = batch;
    if (first !== undefined && isLarge(first)) {
      const digest = await digestOfLarge(fetching, first);
      if (digest !== undefined) await compare(work, placing, new Map([[first, digest]]));
      continue;
    }
    const came = await fetching.whole(batch);
    const digests = came.map((message) => {
      return [message, createHash('sha256').update(message.bytes).digest('hex')] as const;
    });
    await compare(work, placing, new Map(digests));
  }
}

async function digestOfLarge(fetching: Fetching, message: RemoteMessage): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const piece of fetching.pieces(message)) hash.update(piece);
    return hash.digest('hex');
  } catch (error) {
    if (!(error instanceof SourceFailure) || (error.kind !== 'lost' && error.kind !== 'refused')) throw error;
    fetching.refuse(message, `the old server cannot send it: ${error.message}`);
  }
}

async function compare(
  { target, address, counts, path, onProblem, onMessages }: FolderWork,
  { places }: Placing,
  digests: ReadonlyMap<RemoteMessage, string>,
): Promise<void> {
  for (const { mailbox, journal } of places) {
    const here = [...digests]
      .flatMap(([message, digest]) => {
        const brought = journal.brought.get(message.uid);
        return brought === undefined ? [] : [{ message, digest, uid: brought.uid }];
      })
      .sort((a, b) => a.uid - b.uid);
    if (here.length === 0) continue;
    const uids = here.map(({ uid }) => uid);
    const found = await target.migration.digestsOf(address, mailbox, uids);
    for (const [i, { message, digest }] of here.entries()) {
      if (found[i] === digest) counts.equal++;
      else if (found[i] === undefined) counts.missing++;
      else {
        counts.different++;
        onProblem({
          where: `${path}, UID ${message.uid}`,
          why: `it differs from what is in ${mailbox} here`,
        });
      }
    }
  }
  for (const message of digests.keys()) onMessages(1, message.sizeBytes);
}

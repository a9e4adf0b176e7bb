/** A blob by its id, whatever it is: mail, a part of mail, a script, or what was uploaded. */
import type { Domain } from '../../mailbox/domain.ts';
import type { Uploads } from '../../mailbox/port/uploads.ts';
import { streamRange } from '../../mailbox/reading/message-reader.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { findScriptBlob } from '../sieve/script-blob.ts';
import { uploaderIn } from '../visitors.ts';
import { findMailBlob } from './mail-blob.ts';
import type { ReadingRoom } from './reading-room.ts';

export interface FoundBlob {
  /** Of what is opened; of a part that is encoded no more than that. */
  readonly mostBytes: number;
  /** When it is known without reading all of it: then any range can be had. */
  readonly sizeBytes: number | undefined;
  /** From its beginning, as often as it is asked for. */
  open(): AsyncIterable<Buffer>;
  /** Octets `[start, end)`; only where the size is known. */
  range(start: number, end: number): AsyncIterable<Buffer>;
}

/** `room`: what has to be read to find it is taken of that. */
export type BlobFinder = (
  domain: Domain,
  account: AccountState,
  blobId: string,
  room?: ReadingRoom,
) => Promise<FoundBlob | undefined>;

export function blobFinder(uploads: Uploads): BlobFinder {
  return async (domain, account, blobId) => {
    if (blobId.startsWith('u')) {
      const upload = await uploads.find(uploaderIn(account), blobId);
      if (upload === undefined) return undefined;
      const { sizeBytes, open } = upload;
      return { sizeBytes, mostBytes: sizeBytes, open: () => open(), range: open };
    }
    const isScript = blobId.startsWith('s') && account.visit === undefined;
    const script = isScript ? await findScriptBlob(domain, account, blobId) : undefined;
    if (script !== undefined) return heldBlob(script);
    const blob = await findMailBlob(domain, account, blobId);
    if (blob === undefined) return undefined;
    const { email, start, end, mostBytes, encoding } = blob;
    const isPlain = encoding !== 'base64' && encoding !== 'quoted-printable';
    return {
      ...{ mostBytes, sizeBytes: isPlain ? mostBytes : undefined },
      open: () => blob.open(),
      range: (from, to) =>
        streamRange(domain, { email, start: start + from, end: Math.min(end, start + to) }),
    };
  };
}

export function heldBlob(octets: Buffer): FoundBlob {
  async function* range(start: number, end: number): AsyncGenerator<Buffer> {
    yield octets.subarray(start, end);
  }
  const { length } = octets;
  return { mostBytes: length, sizeBytes: length, open: () => range(0, length), range };
}

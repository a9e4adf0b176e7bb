/**
 * A message of ours for people whose accounts another process holds: to it, in an LMTP session of ours (`holders.ts`), as if it had
 * come in here.
 */
import { randomUUID } from 'node:crypto';
import type { SenderWishes } from '../mailbox/disposition.ts';
import { Guest } from '../net/guest.ts';
import type { Relay } from '../net/relay.ts';
import type { StreamOptions } from '../net/stream.ts';
import { REPLY } from '../smtp/replies.ts';
import type { Reply } from '../smtp/reply.ts';
import { Holders } from './holders.ts';
import { parametersOf } from './wishes.ts';

export interface OwnMessage {
  readonly holder: string;
  readonly from: string;
  /** The recipient. */
  readonly address: string;
  /** Who has had a message with this key does not get it again. */
  readonly once: Buffer;
  /** Of this hop, whole lines. */
  readonly fields: Buffer;
  readonly isJunk: boolean;
  readonly isAuthentic: boolean;
  readonly isAuthorKnown: boolean;
  /** What a script there may ask about, and what holds of mail that it has to keep for later. */
  readonly wishes: SenderWishes;
  readonly sizeBytes: number;
  octets(): AsyncIterable<Buffer>;
}

export interface PassOnOptions {
  readonly relay: Relay;
  readonly stream: StreamOptions;
  readonly nowMs: () => number;
}

/** What the holder says of it. */
export async function passOn(options: PassOnOptions, message: OwnMessage): Promise<Reply> {
  const { relay, stream, nowMs } = options;
  const { holder, from, address, once, fields, sizeBytes } = message;
  const { isJunk, isAuthentic, isAuthorKnown } = message;
  const connection = { remoteAddress: '127.0.0.1', remotePort: 0, localPort: 0, tlsVersion: undefined };
  const peer = { ...connection, idleMs: 0, bytesRead: 0, bytesWritten: 0, destroy() {} };
  const names = { id: `queue-${randomUUID().slice(0, 8)}`, service: 'queue', listener: 'queue' };
  const guest = new Guest({ ...names, sinceMs: nowMs(), peer }, { signedIn() {}, left() {} });
  const holders = new Holders({ relay, connection, guest, stream });
  try {
    const parameters = parametersOf(message.wishes, nowMs());
    const mail = { from, declaredBytes: sizeBytes, parameters: parameters.mail };
    const reply = await holders.recipient(holder, mail, { address, parameters: parameters.recipient });
    if (reply.code !== 250) return reply;
    const names = new Set([holder]);
    for await (const piece of message.octets()) if (piece.length > 0) await holders.write(names, piece);
    const judged = { isJunk, isAuthentic, isAuthorKnown, isShared: false };
    const taken = { kind: 'taken', fields, ...judged, once } as const;
    const replies = await holders.finish(new Map([[holder, 1]]), taken);
    return replies.get(holder)?.[0] ?? REPLY.holderGone;
  } finally {
    holders.close();
  }
}

/** Mail that is to leave an account, and what became of it, for whoever tells its sender. */
import { decodeWords } from '../../mail/encoded-word.ts';
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import type { Domain } from '../domain.ts';
import { emailAccount } from '../model/model.ts';
import type { Outgoing, OutgoingId, OutgoingLogEntry, OutgoingRow } from '../model/outgoing.ts';
import { readIntact } from './message-reader.ts';

type Reader = Pick<Domain, 'store'>;

/** In the order asked; undefined for what has ended. Keep them few. */
export function loadOutgoing(
  { store }: Reader,
  ids: readonly OutgoingId[],
): Promise<readonly (Outgoing | undefined)[]> {
  return store.outgoing.load(ids);
}

/** What happened to a message, in its order, the newest `limit`. */
export function loadOutgoingLog(
  { store }: Reader,
  id: OutgoingId,
  limit: number,
): Promise<readonly OutgoingLogEntry[]> {
  return store.outgoing.loadLog(id, limit);
}

export interface OutgoingHead {
  /** Decoded, in one line without control characters; absent where there is none, or its octets are lost. */
  readonly subject?: string;
  /** As it leaves. */
  readonly sizeBytes?: number;
}

const MAX_SUBJECT = 200;
/** What ends a line, moves a cursor or turns text around. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** By what people know it. */
export async function loadOutgoingHead(
  reader: Pick<Domain, 'store' | 'log'>,
  { email, header, bodyFrom }: OutgoingRow,
): Promise<OutgoingHead> {
  const [stored] = await reader.store.listEmails(emailAccount(email), email - 1, 1);
  if (stored?.id !== email) return {};
  const end = Math.min(stored.sizeBytes, MAX_PARSED_BYTES);
  const octets = header ?? (await readIntact(reader, [{ email, start: 0, end }]))[0];
  const value = octets && new HeaderBlock(octets).all('subject')[0];
  const subject = value && decodeWords(value).replace(UNSEEN, ' ').trim().slice(0, MAX_SUBJECT);
  return {
    ...(subject && { subject }),
    sizeBytes: stored.sizeBytes - bodyFrom + (header?.length ?? 0),
  };
}

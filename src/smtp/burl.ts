/**
 * BURL (RFC 4468): a chunk of a message whose octets do not come from the client but from what it has in its mailboxes, by a URL that
 * says who may have them. Chunks of both kinds make one message (RFC 3030 §2).
 */
import type { Chunk } from './chunk.ts';
import { CommandFault } from './command.ts';
import type { Reply } from './reply.ts';
import { MessageDropped, type Transaction } from './role.ts';

/** The same whatever is wrong with the URL: who has none of his own learns nothing. */
const REFUSED: Reply = { code: 554, text: '5.7.0 the URL leads to nothing that may be sent by it' };
/** For whoever reads: octets that cannot be had to their end. */
export const URL_LOST: Reply = { code: 554, text: '5.6.0 what the URL leads to cannot be read to its end' };

const ARGUMENT = /^(\S{1,4000})(?:\s+(LAST))?$/i;

/** Throws `CommandFault`, and `MessageDropped` for what cannot be had: then the message is over (RFC 4468 §3.3). */
export async function urlChunk(transaction: Transaction, argument: string): Promise<Chunk> {
  const [, url, last] = ARGUMENT.exec(argument) ?? [];
  if (url === undefined)
    throw new CommandFault({ code: 501, text: '5.5.4 expected BURL, a URL and perhaps LAST' });
  const named = await transaction.url?.(url);
  if (named === undefined) throw new MessageDropped(REFUSED);
  return { ...named, isLast: last !== undefined };
}

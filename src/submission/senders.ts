/**
 * In whose name a message is sent (RFC 6409 §6.1): the envelope, and every address in From, Sender, Resent-From and Resent-Sender,
 * must be somebody's for whom the account receives mail. A message says in one From field who wrote it (RFC 5322 §3.6.2); with two,
 * what one server checks is not what another shows.
 */
import type { SendAs } from '../identity/identities.ts';
import { type Address, AddressBatches, isGroupMarker } from '../mail/address.ts';
import type { HeaderBlock } from '../mail/header.ts';
import type { Reply } from '../smtp/reply.ts';

/** May the account send as this address? Throws MailboxError when it cannot be known. */
export type MaySendAs = (address: string) => Promise<SendAs>;

export type SendersVerdict =
  /** `sender`: who has to stand in Sender, since From names somebody else. */
  { readonly kind: 'fit'; readonly sender?: string } | { readonly kind: 'refused'; readonly reply: Reply };

export interface SendersOptions {
  readonly maySendAs: MaySendAs;
  /** The account's own address. */
  readonly account: string;
  /** A From that is somebody else's gets a Sender field that says who it was. */
  readonly addsSender: boolean;
}

/** In all of these fields, with what opens and closes groups. */
const MAX_ENTRIES = 100;
const MAX_TEXT = 480;
const NAMING = ['from', 'sender', 'resent-from', 'resent-sender'] as const;

export async function checkSenders(header: HeaderBlock, options: SendersOptions): Promise<SendersVerdict> {
  const { maySendAs, account, addsSender } = options;
  const count = header.all('from').length;
  if (count !== 1) {
    const what = count === 0 ? 'has no From field' : 'has two From fields';
    return refused(`5.7.1 the message ${what}; it says in one who wrote it`);
  }
  const known = new Map<string, Promise<SendAs>>();
  const may = (address: string): Promise<SendAs> => {
    const answer = known.get(address) ?? maySendAs(address);
    known.set(address, answer);
    return answer;
  };
  let sender: string | undefined;
  let named = 0;
  for (const name of NAMING) {
    for (const value of header.all(name)) {
      const batches = new AddressBatches(value);
      const entries = batches.next();
      named += entries.length;
      if (named > MAX_ENTRIES) return refused(`5.7.1 the ${name} field names too many`);
      const addresses = batches.isOver ? addressesIn(entries) : undefined;
      if (addresses === undefined || addresses.length === 0)
        return refused(`5.7.1 the ${name} field of the message names no address`);
      for (const address of addresses) {
        const answer = await may(address);
        if (answer.kind === 'allowed') continue;
        if (!addsSender || name.startsWith('resent-')) return { kind: 'refused', reply: notAs(answer) };
        sender = account;
      }
    }
  }
  return { kind: 'fit', ...(sender === undefined ? {} : { sender }) };
}

/** Replies are ASCII (RFC 6531 §3.7.4.2), and a line of one has an end (RFC 5321 §4.5.3.1.5). */
export function notAs({ why }: Extract<SendAs, { kind: 'refused' }>): Reply {
  return { code: 550, text: `5.7.1 ${why.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_TEXT)}` };
}

/** Undefined when something in the list is no address. */
function addressesIn(entries: readonly Address[]): string[] | undefined {
  const addresses: string[] = [];
  for (const one of entries) {
    if (isGroupMarker(one)) continue;
    if (!one.mailbox || !one.host) return undefined;
    addresses.push(Buffer.from(`${one.mailbox}@${one.host}`, 'latin1').toString('utf8'));
  }
  return addresses;
}

function refused(text: string): SendersVerdict {
  return { kind: 'refused', reply: { code: 550, text } };
}

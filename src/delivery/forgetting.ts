/** Keys of deliveries, to the process that holds the accounts: it forgets them, and says nothing about it. */
import { asAccountId } from '../mailbox/model/model.ts';
import type { DeliveryKey } from '../mailbox/operations/forget-deliveries.ts';
import type { Relay } from '../net/relay.ts';

/** The kind of relay connection; the keys are in its preamble. */
export const FORGET_KIND = 'forget';

/** A preamble has 8 KiB at most, a key in it some 40 octets. */
const MOST_KEYS = 100;

type Pair = readonly [account: number, key: string];

/** Throws when nobody is there. */
export async function forgetAt(relay: Relay, holder: string, keys: readonly DeliveryKey[]): Promise<void> {
  for (let at = 0; at < keys.length; at += MOST_KEYS) {
    const some = keys.slice(at, at + MOST_KEYS);
    const pairs = some.map(({ account, key }): Pair => [account, key.toString('base64')]);
    const socket = await relay.dial(holder, FORGET_KIND, { keys: pairs });
    socket.resume().end();
  }
}

export function keysIn({ keys }: Readonly<Record<string, unknown>>): readonly DeliveryKey[] {
  return (keys as readonly Pair[]).map(([account, key]) => ({
    account: asAccountId(account),
    key: Buffer.from(key, 'base64'),
  }));
}

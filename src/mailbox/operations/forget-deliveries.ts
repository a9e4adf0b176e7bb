/** Keys of deliveries that nobody will repeat any more. */
import type { Domain } from '../domain.ts';
import type { AccountId } from '../model/model.ts';
import { mailboxOf } from './mailboxes.ts';

export interface DeliveryKey {
  readonly account: AccountId;
  readonly key: Buffer;
}

/** One change for each account; of those that are held here. What is not forgotten costs a few octets and nothing else. */
export async function forgetDeliveries(domain: Domain, keys: readonly DeliveryKey[]): Promise<void> {
  const byAccount = Map.groupBy(keys, ({ account }) => account);
  await Promise.all([...byAccount].map(([account, some]) => forgetOf(domain, account, some)));
}

async function forgetOf(domain: Domain, id: AccountId, keys: readonly DeliveryKey[]): Promise<void> {
  try {
    const account = await domain.accounts.open(id);
    const inbox = mailboxOf(account, 'INBOX').id;
    await domain.turns.run({
      account,
      run: (change) => {
        for (const { key } of keys) change.outgoing.forgetDelivery(inbox, key);
      },
    });
  } catch (err) {
    domain.log.debug({ err, accountId: id }, 'keys of deliveries are kept longer');
  }
}

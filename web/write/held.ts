/** Mail that waits for its time: the mailbox it lies in (RFC 8621 §2, role `scheduled`), and what the server has of it. */
import { type JmapClient, Refused } from '../sync/jmap-client.ts';

export interface Held {
  readonly submission: string;
  readonly sendAt: string;
}

type Client = Pick<JmapClient, 'call'>;

/** Made when the first mail waits; undefined when the server wants none, and such mail lies in Sent from the beginning. */
export async function scheduledMailbox(client: Client, name: string): Promise<string | undefined> {
  try {
    const known = await withRole(client);
    if (known !== undefined) return known;
    const create = { made: { name, role: 'scheduled' } };
    const { created } = await client.call<{
      readonly created?: Readonly<Record<string, { readonly id: string }>> | null;
    }>('Mailbox/set', { create }).result;
    // Another page may have been the first.
    return created?.made?.id ?? (await withRole(client));
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

async function withRole(client: Client): Promise<string | undefined> {
  const filter = { role: 'scheduled' };
  return (await client.call<{ readonly ids: readonly string[] }>('Mailbox/query', { filter }).result).ids[0];
}

/** Undefined: it does not wait any more. */
export async function heldOf(client: Client, emailId: string): Promise<Held | undefined> {
  const filter = { emailIds: [emailId], undoStatus: 'pending' };
  const query = client.call<{ readonly ids: readonly string[] }>('EmailSubmission/query', { filter });
  const get = client.call<{ readonly list: readonly { readonly id: string; readonly sendAt: string }[] }>(
    'EmailSubmission/get',
    { '#ids': query.ref('/ids'), properties: ['sendAt'] },
  );
  const [, { list }] = await Promise.all([query.result, get.result]);
  const [one] = list;
  return one && { submission: one.id, sendAt: one.sendAt };
}

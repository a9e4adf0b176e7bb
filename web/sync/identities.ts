/** As whom one may write (RFC 8621 §6). */
import type { JmapClient } from './jmap-client.ts';

export interface Identity {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly htmlSignature: string;
  readonly textSignature: string;
}

/** Empty: the server sends no mail for this account, or does not say. */
export async function identitiesOf(client: Pick<JmapClient, 'call'>): Promise<readonly Identity[]> {
  try {
    return (await client.call<{ readonly list: readonly Identity[] }>('Identity/get', { ids: null }).result)
      .list;
  } catch {
    return [];
  }
}

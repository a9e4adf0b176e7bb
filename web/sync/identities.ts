/** As whom one may write (RFC 8621 §6). */
import { type JmapClient, Refused } from './jmap-client.ts';

export interface Identity {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly htmlSignature: string;
  readonly textSignature: string;
}

/** Empty: the server sends no mail for this account. Undefined: it could not be asked. */
export async function identitiesOf(
  client: Pick<JmapClient, 'call'>,
): Promise<readonly Identity[] | undefined> {
  try {
    return (await client.call<{ readonly list: readonly Identity[] }>('Identity/get', { ids: null }).result)
      .list;
  } catch (error) {
    return error instanceof Refused ? [] : undefined;
  }
}

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

/** False: it is as it was. */
export async function saveIdentity(
  client: Pick<JmapClient, 'call'>,
  id: string,
  change: Partial<Omit<Identity, 'id' | 'email'>>,
): Promise<boolean> {
  try {
    const answer = await client.call<{ readonly updated?: Readonly<Record<string, unknown>> | null }>(
      'Identity/set',
      { update: { [id]: change } },
    ).result;
    return id in (answer.updated ?? {});
  } catch {
    return false;
  }
}

/** JMAP as the service worker speaks it (RFC 8620): single requests with the cookie of whoever is signed in. */

export type MethodCall = readonly [name: string, args: Readonly<Record<string, unknown>>];
export type Answer = Readonly<Record<string, unknown>>;

/** The session is over: nobody is to be told anything. */
export class SignedOut extends Error {
  override readonly name = 'SignedOut';
}

const MAIL = 'urn:ietf:params:jmap:mail';

/** The answers in order. `accountId` is put into calls that have the account. Rejects when one is refused or nobody answers. */
export async function ask(
  fetch: typeof globalThis.fetch,
  calls: (accountId: string) => readonly MethodCall[],
): Promise<readonly Answer[]> {
  const session = await json(
    await fetch('/.well-known/jmap', { credentials: 'same-origin', cache: 'no-store' }),
  );
  const { apiUrl, primaryAccounts, capabilities } = session as {
    readonly apiUrl: string;
    readonly primaryAccounts: Readonly<Record<string, string>>;
    readonly capabilities: object;
  };
  const methodCalls = calls(primaryAccounts[MAIL] ?? '').map(([name, args], at) => [name, args, `c${at}`]);
  const answer = await json(
    await fetch(apiUrl, {
      ...{ method: 'POST', credentials: 'same-origin', cache: 'no-store' },
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ using: Object.keys(capabilities), methodCalls }),
    }),
  );
  const { methodResponses } = answer as { readonly methodResponses: readonly [string, Answer, string][] };
  const refused = methodResponses.find(([name]) => name === 'error');
  if (refused !== undefined) throw new Error(String(refused[1].type));
  return methodResponses.map(([, value]) => value);
}

async function json(response: Response): Promise<unknown> {
  if (response.status === 401) throw new SignedOut();
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}

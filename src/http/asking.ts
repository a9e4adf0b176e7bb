/**
 * Who asks. Each way to say it has a judge; the first that finds something to judge in the request decides. Nobody is let in by
 * two of them at once.
 */
import type { Admission } from '../identity/authenticator.ts';
import type { HttpReply, HttpRequest } from './exchange.ts';

export type Verdict =
  /** There is nothing for this judge. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'known'; readonly who: Admission; readonly how: string }
  | { readonly kind: 'refused'; readonly reply: HttpReply };

/** Never throws for what the request says. */
export type Judge = (request: HttpRequest) => Promise<Verdict>;

export type Asking = Exclude<Verdict, { readonly kind: 'silent' }>;

/** `nobody`: what is answered to a request that says nothing of who asks. */
export async function whoAsks(
  judges: readonly Judge[],
  request: HttpRequest,
  nobody: HttpReply,
): Promise<Asking> {
  for (const judge of judges) {
    const verdict = await judge(request);
    if (verdict.kind === 'silent') continue;
    if (verdict.kind === 'known') noteWho(request, verdict.who, verdict.how);
    return verdict;
  }
  return { kind: 'refused', reply: nobody };
}

/** On the connection, for whoever asks who is there. One on which several ask, as a proxy's may be, is that of the last one. */
export function noteWho(
  { connection, headers }: HttpRequest,
  { record }: Pick<Admission, 'record'>,
  how: string,
): void {
  if (connection === undefined) return;
  connection.signedIn(record.address, how);
  connection.client = headers['user-agent']?.slice(0, MOST_CLIENT);
}

const MOST_CLIENT = 200;

export const SILENT: Verdict = Object.freeze({ kind: 'silent' });

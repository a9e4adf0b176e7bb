/**
 * Who asks. Each way to say it has a judge; the first that finds something to judge in the request decides. Nobody is let in by
 * two of them at once.
 */
import type { Admission } from '../identity/authenticator.ts';
import type { HttpReply, HttpRequest } from './exchange.ts';

export type Verdict =
  /** There is nothing for this judge. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'known'; readonly who: Admission }
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
    if (verdict.kind !== 'silent') return verdict;
  }
  return { kind: 'refused', reply: nobody };
}

export const SILENT: Verdict = Object.freeze({ kind: 'silent' });

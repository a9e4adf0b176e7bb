/**
 * A request that nobody answers ends: a phone that has changed its network holds a dead connection for many minutes. A minute to the first
 * octet is more than any call takes, three to the last are enough for the largest answer on a slow line.
 */
const FIRST_MS = 60_000;
const LAST_MS = 180_000;

/** Rejects as `fetch` does; so does reading the answer when it takes too long. */
export async function timely(ask: typeof fetch, url: string, init: RequestInit): Promise<Response> {
  const control = new AbortController();
  const first = setTimeout(() => control.abort(new Error('no answer in time')), FIRST_MS);
  const signal = AbortSignal.any([control.signal, AbortSignal.timeout(LAST_MS)]);
  try {
    return await ask(url, { ...init, signal });
  } finally {
    clearTimeout(first);
  }
}

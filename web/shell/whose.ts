/** Whose what this browser keeps is: whoever is signed in finds nothing of anybody else, and leaves nothing on a device of others. */
import { effect, type ReadonlySignal } from '@preact/signals-core';
import type { SignedIn } from './account.ts';

export interface Places<T> {
  /** What was another account's is gone when it resolves. */
  readonly open: (address: string) => Promise<T | undefined>;
  readonly forget: () => unknown;
}

/** What is kept from page to page; nothing on a device of others, and then nothing of an earlier person either. */
export async function keepingFor<T>(now: SignedIn, { open, forget }: Places<T>): Promise<T | undefined> {
  if (now.state !== 'in') return undefined;
  if (now.session.isOwnDevice) return open(now.session.address);
  forget();
  return undefined;
}

/** Calls when the person who was signed in on this page is not any more, also because another is. */
export function whenGone(now: ReadonlySignal<SignedIn>, run: (next: SignedIn) => void): void {
  let last: string | undefined;
  effect(() => {
    const next = now.value;
    const address = next.state === 'in' ? next.session.address : undefined;
    if (last !== undefined && address !== last) run(next);
    last = address;
  });
}

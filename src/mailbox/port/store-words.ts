/** What a store throws, in the words of the domain. */
import { MailboxError } from '../model/errors.ts';
import { StoreError } from './store-error.ts';

export const READING = 'try again later';
export const CHANGING = 'nothing was changed, try again later';
export const STORING = 'nothing was stored, try again later';

/** Why a change was refused, for its outcome. */
export const refusalOf = (error: StoreError): MailboxError => translated(error, CHANGING);

/** What is damaged, in the words of the store; undefined when it was another error. */
export function damageIn(error: unknown): string | undefined {
  if (!(error instanceof MailboxError) || error.code !== 'damaged') return undefined;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** What failed, in the words of the store, for whoever reads on; undefined when it was not that something cannot be read. */
export function failureIn(error: unknown): string | undefined {
  const cause = error instanceof MailboxError ? error.cause : undefined;
  return cause instanceof StoreError && cause.code !== 'closed' ? cause.message : undefined;
}

function translated(error: StoreError, effect: string): MailboxError {
  const options = { cause: error };
  switch (error.code) {
    case 'conflict':
      return new MailboxError('conflict', 'the account was changed elsewhere; try again', options);
    case 'damaged':
    case 'unreadable':
      return new MailboxError(
        'damaged',
        effect === READING
          ? 'what is stored of it is damaged; "brevduva check" on the server says more'
          : 'what is stored of it is damaged, and nothing was changed; "brevduva check" on the server says more',
        options,
      );
    case 'full':
      return new MailboxError('unavailable', `the disk is full; ${effect}`, options);
    case 'fenced':
      return new MailboxError('unavailable', `the account is served elsewhere now; ${effect}`, options);
    case 'closed':
      return new MailboxError('unavailable', `the server is shutting down; ${effect}`, options);
    case 'io':
      return new MailboxError('unavailable', `storage failed; ${effect}`, options);
  }
}

export function rethrow(error: unknown, effect: string): never {
  throw error instanceof StoreError ? translated(error, effect) : error;
}

export function atOnceInWords<T>(effect: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    return rethrow(error, effect);
  }
}

export async function inWords<T>(effect: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    return rethrow(error, effect);
  }
}

export async function* slicesInWords<T>(call: () => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* call();
  } catch (error) {
    rethrow(error, READING);
  }
}

/** Lines of JSON between whoever writes the accounts and those who follow, both ways over one connection. */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { DOMAIN_CHANGES } from '../../mailbox/port/domains.ts';
import type { DirectoryChange, DirectorySnapshot } from '../../store/sqlite/sharded-directory.ts';

/** The kind of relay connection. */
export const ACCOUNTS_KIND = 'accounts';

export const DIRECTORY_CALLS = ['create', 'update', 'remove', 'forget', 'isUntouched'] as const;
type DomainCall = `domains.${(typeof DOMAIN_CHANGES)[number]}`;
export type DirectoryCall = (typeof DIRECTORY_CALLS)[number] | DomainCall;

export const DOMAIN_CALLS = DOMAIN_CHANGES.map((name): DomainCall => `domains.${name}`);

export type FromWriter =
  /** First of all. */
  | { readonly snapshot: DirectorySnapshot }
  | { readonly number: number; readonly change: DirectoryChange }
  | { readonly answer: number; readonly result: unknown }
  | { readonly answer: number; readonly code: string; readonly message: string };

export type FromFollower =
  /** It knows the change of this number, and so does everybody there; 0: what the snapshot had. */
  | { readonly known: number }
  | { readonly call: number; readonly method: DirectoryCall; readonly args: readonly unknown[] };

/**
 * A property that is there and undefined says something ("take the limit away"); JSON would leave it out.
 */
const ABSENT = { $: 'undefined' } as const;

export function writeLine(socket: Socket, message: FromWriter | FromFollower): void {
  if (!socket.destroyed)
    socket.write(`${JSON.stringify(message, (_, value) => (value === undefined ? ABSENT : value))}\n`);
}

export async function* linesOf<T>(socket: Socket): AsyncGenerator<T> {
  for await (const line of createInterface({ input: socket })) yield revived(JSON.parse(line)) as T;
}

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null) return value;
  if ((value as { $?: unknown }).$ === ABSENT.$) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revived(one)]));
}

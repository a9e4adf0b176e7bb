/** One thing that an administrator can see or do: a row of the tables beside this file. */
import type { z } from 'zod';
import type { AccountSummary } from '../../admin/admin.ts';
import type { SignedIn } from '../session-routes.ts';
import type { Administration, Office } from './services.ts';

/** The server, and who asks. */
export interface Desk extends Office {
  readonly administration: Administration;
  readonly who: SignedIn;
}

export interface Act<T = unknown> {
  /** As the page asks for it: `account/quota`. */
  readonly name: string;
  readonly schema: z.ZodType<T>;
  /** What is written down of it, a constant; absent of what only looks. */
  readonly did?: string;
  /** A password comes along: not in the clear. */
  readonly hasSecret?: boolean;
  /**
   * The administrator's own password must have been typed a moment ago: it takes something away for good, lets somebody in, or leads mail
   * elsewhere.
   */
  readonly isDangerous?: boolean;
  /** Throws MailboxError. */
  run(desk: Desk, body: T): Promise<Done>;
}

export interface Done {
  readonly value?: unknown;
  /** To whom it was done, when it was done to an account. */
  readonly account?: string;
  /** To what else. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

export type OfAccount = { readonly address: string };

/** The table has rows of all kinds; each checks what it is given before it runs. */
export function act<T>(row: Act<T>): Act {
  return row as Act<unknown> as Act;
}

/** In its canonical spelling, before anything is done to it. Throws `nonexistent`. */
export function accountNamed(
  { admin }: Pick<Desk, 'admin'>,
  { address }: OfAccount,
): Promise<AccountSummary> {
  return admin.findAccount(address);
}

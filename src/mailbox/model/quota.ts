/**
 * How much an account may have: octets, messages and mailboxes (RFC 9208 §5). Somebody may have said it of the account, of its domain or
 * of all; what is said nearest counts, each resource by itself.
 */

/** What can be limited. */
export const RESOURCES = ['bytes', 'messages', 'mailboxes'] as const;
export type Resource = (typeof RESOURCES)[number];

/** A number, or that there is no limit, whatever is said of more accounts. */
export type LimitChoice = number | 'none';

/** Absent: nothing is said of it. */
export type LimitChoices = Readonly<Partial<Record<Resource, LimitChoice>>>;

/** What counts; absent: there is no limit. */
export type Limits = Readonly<Partial<Record<Resource, number>>>;

/** An undefined one takes away what was said. */
export type LimitChanges = Readonly<Partial<Record<Resource, LimitChoice | undefined>>>;

export const NO_CHOICES: LimitChoices = Object.freeze({});

/** The nearest first. */
export function limitsIn(...said: readonly LimitChoices[]): Limits {
  const limits: Partial<Record<Resource, number>> = {};
  for (const resource of RESOURCES) {
    const choice = said.find((one) => one[resource] !== undefined)?.[resource];
    if (choice !== undefined && choice !== 'none') limits[resource] = choice;
  }
  return limits;
}

export function changedChoices(before: LimitChoices, change: LimitChanges): LimitChoices {
  const after: Partial<Record<Resource, LimitChoice>> = {};
  for (const resource of RESOURCES) {
    const choice = resource in change ? change[resource] : before[resource];
    if (choice !== undefined) after[resource] = choice;
  }
  return after;
}

/** What all accounts of a domain may have together. */
export const TOTALS = ['bytes', 'messages'] as const;
export type TotalResource = (typeof TOTALS)[number];

/** Absent: there is no limit of it. */
export type Totals = Readonly<Partial<Record<TotalResource, number>>>;

/** An undefined one is taken away. */
export type TotalChanges = Readonly<Partial<Record<TotalResource, number | undefined>>>;

export const NO_TOTALS: Totals = Object.freeze({});

export function changedTotals(before: Totals, change: TotalChanges): Totals {
  const after: Partial<Record<TotalResource, number>> = {};
  for (const resource of TOTALS) {
    const limit = resource in change ? change[resource] : before[resource];
    if (limit !== undefined) after[resource] = limit;
  }
  return after;
}

export function hasTotals({ bytes, messages }: Totals): boolean {
  return bytes !== undefined || messages !== undefined;
}

/** How much the accounts of a domain use together, where there is a limit of that. */
export interface SharedRoom {
  readonly domain: string;
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly limits: Totals;
}

/** Of an account, as its record has them. */
export interface OwnLimits {
  readonly quotaBytes?: LimitChoice;
  readonly quotaMessages?: LimitChoice;
  readonly quotaMailboxes?: LimitChoice;
}

export function ownChoices({ quotaBytes, quotaMessages, quotaMailboxes }: OwnLimits): LimitChoices {
  return {
    ...(quotaBytes === undefined ? {} : { bytes: quotaBytes }),
    ...(quotaMessages === undefined ? {} : { messages: quotaMessages }),
    ...(quotaMailboxes === undefined ? {} : { mailboxes: quotaMailboxes }),
  };
}

/** The other way round. */
export function asOwnLimits({ bytes, messages, mailboxes }: LimitChoices): OwnLimits {
  return {
    ...(bytes === undefined ? {} : { quotaBytes: bytes }),
    ...(messages === undefined ? {} : { quotaMessages: messages }),
    ...(mailboxes === undefined ? {} : { quotaMailboxes: mailboxes }),
  };
}

/** As above: an undefined one is taken away. */
export type OwnLimitChanges = { readonly [Name in keyof OwnLimits]?: LimitChoice | undefined };

export function changedOwnLimits(before: OwnLimits, change: OwnLimitChanges): OwnLimits {
  return asOwnLimits(
    changedChoices(ownChoices(before), {
      ...('quotaBytes' in change ? { bytes: change.quotaBytes } : {}),
      ...('quotaMessages' in change ? { messages: change.quotaMessages } : {}),
      ...('quotaMailboxes' in change ? { mailboxes: change.quotaMailboxes } : {}),
    }),
  );
}

/** The other way round. */
export function asOwnChanges(change: LimitChanges): OwnLimitChanges {
  return {
    ...('bytes' in change ? { quotaBytes: change.bytes } : {}),
    ...('messages' in change ? { quotaMessages: change.messages } : {}),
    ...('mailboxes' in change ? { quotaMailboxes: change.mailboxes } : {}),
  };
}

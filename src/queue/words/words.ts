/**
 * What reports say to people, in their language. What went wrong is one of a few cases by its status (RFC 3463); each has a sentence that says
 * what happened and one that says what to do.
 */
import type { Arrival } from '../../mailbox/model/outgoing.ts';

export const REASONS = [
  'no-such-address',
  'no-such-domain',
  'takes-no-mail',
  'full',
  'too-large',
  'never-fits',
  'not-secure',
  'not-possible',
  'refused',
  'not-reached',
  'dropped',
  'other',
] as const;
export type Reason = (typeof REASONS)[number];

export interface Explained {
  readonly happened: string;
  readonly advice: string;
}

export interface Words {
  readonly from: string;
  readonly subject: { readonly [Kind in ReportKind]: string };
  readonly greeting: { readonly [Kind in ReportKind]: string };
  readonly reasons: { readonly [R in Reason]: Explained };
  readonly arrived: { readonly [How in Arrival]: string };
  readonly said: (host: string) => string;
  readonly retriedUntil: (date: string) => string;
  readonly attached: string;
  /** In the place of the others where a rule, or an address that leads elsewhere, has passed on what somebody else wrote. */
  readonly passedOn: {
    readonly subject: string;
    readonly greeting: string;
    readonly advice: string;
    readonly attached: string;
  };
}

export const REPORT_KINDS = ['failed', 'delayed', 'delivered'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** `status`: `5.1.1`; `isOfOthers`: another server has said so. */
export function reasonOf(status: string, isOfOthers: boolean): Reason {
  if (!isOfOthers && status === DROPPED) return 'dropped';
  const [, subject = '', detail = ''] = /^[245]\.(\d+)\.(\d+)$/.exec(status) ?? [];
  const both = `${subject}.${detail}`;
  if (BY_STATUS[both] !== undefined) return BY_STATUS[both];
  return BY_SUBJECT[subject] ?? 'other';
}

/** What a person has ended (`operations/outgoing.ts`). */
const DROPPED = '5.7.0';

const BY_STATUS: Readonly<Record<string, Reason>> = {
  '1.0': 'no-such-address',
  '1.1': 'no-such-address',
  '1.2': 'no-such-domain',
  '1.3': 'no-such-address',
  '1.6': 'no-such-address',
  '1.10': 'takes-no-mail',
  '2.1': 'no-such-address',
  '2.2': 'full',
  '2.3': 'never-fits',
  '3.4': 'too-large',
  '4.4': 'no-such-domain',
  '4.6': 'no-such-domain',
  '7.4': 'not-secure',
  '7.5': 'not-secure',
  '7.10': 'not-secure',
  '7.30': 'not-secure',
  '6.3': 'not-possible',
  '6.7': 'not-possible',
};
const BY_SUBJECT: Readonly<Record<string, Reason>> = { '4': 'not-reached', '7': 'refused' };

/** What the configuration says to submission, and what an account may have different. */
import { string } from '../config/option.ts';
import { OPTIONS } from '../config/options.ts';
import { SEND_AS } from '../identity/identities.ts';
import type { PlaintextRule } from '../sasl/plaintext.ts';
import type { Deadlines } from '../smtp/pace.ts';
import type { AllowanceLimits } from './allowance.ts';

const { enabled, undo, messagesPerHour, recipientsPerHour, messagesPerDay, recipientsPerDay } =
  OPTIONS.submission;

/** Beside those for whom it receives mail. */
const sendAs = string({
  default: '',
  pattern: /^(?:(?:^|[\s,]+)(?:\*|[^\s@,]+)@[^\s@,]+)*$/,
  expected: 'addresses such as "boss@example.com, *@example.org"',
  doc: 'As whom else the account may send, beside the addresses whose mail it receives.',
});

/** By the name under which an account keeps it. */
export const SUBMISSION_ACCOUNT_SETTINGS = Object.freeze({
  'submission.enabled': enabled,
  'submission.undo': undo,
  'submission.messages_per_hour': messagesPerHour,
  'submission.recipients_per_hour': recipientsPerHour,
  'submission.messages_per_day': messagesPerDay,
  'submission.recipients_per_day': recipientsPerDay,
  [SEND_AS]: sendAs,
});

export interface AccountSubmission extends AllowanceLimits {
  readonly enabled: boolean;
  /** So long what is sent waits, and can be taken back. */
  readonly undoMs: number;
}

export interface SubmissionSettings {
  readonly hostname: string;
  readonly defaultDomain: string;
  readonly plaintext: PlaintextRule;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly failuresPerConnection: number;
  readonly loginTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly deadlines: Deadlines;
  /** Mechanisms that are bound to the TLS connection are offered. */
  readonly bindsChannel: boolean;
  /** The client's address stays out of what leaves. */
  readonly hidesClient: boolean;
  /** A From that is somebody else's gets a Sender field instead of a refusal. */
  readonly addsSender: boolean;
  /** What is sent is put into Sent here. */
  readonly copies: boolean;
  /** What has not left by then comes back. */
  readonly giveUpMs: number;
  readonly defaults: AccountSubmission;
  /** Of accounts in some domains, in place of those. */
  readonly domainDefaults: ReadonlyMap<string, Partial<AccountSubmission>>;
}

/** What holds for one account; a setting that cannot be read any more counts as absent. */
export function submissionOf(
  { defaults, domainDefaults }: Pick<SubmissionSettings, 'defaults' | 'domainDefaults'>,
  {
    address,
    settings: own,
  }: { readonly address: string; readonly settings: Readonly<Record<string, string>> },
): AccountSubmission {
  const ofDomain = domainDefaults.get(address.slice(address.lastIndexOf('@') + 1));
  const base = { ...defaults, ...ofDomain };
  return {
    enabled: chosen('submission.enabled', own, base.enabled),
    undoMs: chosen('submission.undo', own, base.undoMs),
    messagesPerHour: chosen('submission.messages_per_hour', own, base.messagesPerHour),
    recipientsPerHour: chosen('submission.recipients_per_hour', own, base.recipientsPerHour),
    messagesPerDay: chosen('submission.messages_per_day', own, base.messagesPerDay),
    recipientsPerDay: chosen('submission.recipients_per_day', own, base.recipientsPerDay),
  };
}

const DOMAIN_WORDS = {
  messages_per_hour: 'messagesPerHour',
  recipients_per_hour: 'recipientsPerHour',
  messages_per_day: 'messagesPerDay',
  recipients_per_day: 'recipientsPerDay',
} as const;

/** `example.org messages_per_hour=5000 recipients_per_day=0, example.net messages_per_day=10`. */
export function domainDefaultsIn(text: string): ReadonlyMap<string, Partial<AccountSubmission>> {
  const found = new Map<string, Partial<AccountSubmission>>();
  for (const part of text.split(',')) {
    const [domain = '', ...words] = part.trim().split(/\s+/);
    const limits = words.map((word) => {
      const [name = '', value] = word.split('=');
      return [DOMAIN_WORDS[name as keyof typeof DOMAIN_WORDS], Number(value)] as const;
    });
    if (domain !== '') found.set(domain.toLowerCase(), Object.fromEntries(limits));
  }
  return found;
}

function chosen<T>(
  name: keyof typeof SUBMISSION_ACCOUNT_SETTINGS,
  own: Readonly<Record<string, string>>,
  otherwise: T,
): T {
  const text = own[name];
  const parsed = text === undefined ? undefined : SUBMISSION_ACCOUNT_SETTINGS[name].schema.safeParse(text);
  return parsed?.success ? (parsed.data as T) : otherwise;
}

/**
 * What the configuration says to POP3 sessions, and what an account may have different: `brevduva account set ADDRESS
 * pop3.NAME VALUE`. An account's setting that cannot be read any more counts as absent.
 */

import type { Values } from '../config/option.ts';
import { OPTIONS } from '../config/options.ts';
import type { PlaintextRule } from '../sasl/plaintext.ts';

const { enabled, delete: whatDeleteDoes, markSeen, days } = OPTIONS.pop3;

/** By the name under which an account keeps it. */
export const POP3_ACCOUNT_SETTINGS = Object.freeze({
  'pop3.enabled': enabled,
  'pop3.delete': whatDeleteDoes,
  'pop3.mark_seen': markSeen,
  'pop3.days': days,
});

export type Pop3Defaults = Values<typeof OPTIONS.pop3>;

export interface Pop3Settings {
  readonly hostname: string;
  readonly version: string;
  readonly plaintext: PlaintextRule;
  readonly loginTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly badCommandsBeforeLogin: number;
  readonly badCommands: number;
  readonly failuresPerConnection: number;
  /** How long a sign-in waits for a session of the same account that is just ending. */
  readonly lockWaitMs: number;
  readonly defaults: Pop3Defaults;
}

/** What holds for one account. */
export type AccountPop3 = Pick<Pop3Defaults, 'enabled' | 'delete' | 'markSeen' | 'days'>;

export function settingsOf(defaults: Pop3Defaults, own: Readonly<Record<string, string>>): AccountPop3 {
  return {
    enabled: chosen('pop3.enabled', own, defaults.enabled),
    delete: chosen('pop3.delete', own, defaults.delete),
    markSeen: chosen('pop3.mark_seen', own, defaults.markSeen),
    days: chosen('pop3.days', own, defaults.days),
  };
}

function chosen<T>(
  name: keyof typeof POP3_ACCOUNT_SETTINGS,
  own: Readonly<Record<string, string>>,
  otherwise: T,
): T {
  const parsed =
    own[name] === undefined ? undefined : POP3_ACCOUNT_SETTINGS[name].schema.safeParse(own[name]);
  return parsed?.success ? (parsed.data as T) : otherwise;
}

/** What the webmail's own routes share. */
import type { Clock } from '../base/clock.ts';
import type { AccountAdmin } from '../identity/account-admin.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { WebSessions } from '../identity/web-sessions.ts';
import type { PlaintextRule } from '../sasl/plaintext.ts';

export interface WebServices {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly accounts: Pick<
    AccountAdmin,
    'setPassword' | 'addAppPassword' | 'revokeAppPassword' | 'setSetting'
  >;
  readonly sessions: WebSessions;
  readonly activity: Activity;
  readonly clock: Clock;
  /** Read with each request. */
  readonly settings: { readonly plaintext: PlaintextRule; readonly hostname: string };
}

/** What passwords, sessions and counts call the webmail. */
export const SERVICE = 'web';

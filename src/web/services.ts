/** What the webmail's own routes share. */
import type { Clock } from '../base/clock.ts';
import type { Secret } from '../base/secret.ts';
import type { AccountAdmin } from '../identity/account-admin.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Passkeys } from '../identity/passkeys.ts';
import type { SecondSteps } from '../identity/second-steps.ts';
import type { WebSessions } from '../identity/web-sessions.ts';
import type { PlaintextRule } from '../sasl/plaintext.ts';

/** What sets up a phone with an app password of its own. */
export interface DeviceProfiles {
  /** What its password has to be good for; undefined where there is nothing to set up. */
  usedBy(): readonly string[] | undefined;
  make(address: string, password: Secret): Promise<Buffer | undefined>;
  /** The text of a code that a phone scans; undefined where there can be none. `name`: as which the person writes. */
  code(address: string, name: string, password: Secret): string | undefined;
}

export interface WebServices {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly accounts: Pick<
    AccountAdmin,
    'setPassword' | 'addAppPassword' | 'revokeAppPassword' | 'setSetting'
  >;
  readonly sessions: WebSessions;
  readonly secondSteps: SecondSteps;
  readonly passkeys: Passkeys;
  readonly profiles: DeviceProfiles;
  readonly activity: Activity;
  readonly clock: Clock;
  /** Read with each request. */
  readonly settings: { readonly plaintext: PlaintextRule; readonly hostname: string };
}

/** What passwords, sessions and counts call the webmail. */
export const SERVICE = 'web';

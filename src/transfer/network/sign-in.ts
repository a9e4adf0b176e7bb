/**
 * As whom mail is fetched: the person himself with his password or a token, or somebody who may read everybody's mail and says whose
 * it is to be.
 */
import type { Secret } from '../../base/secret.ts';

export type SignIn =
  | { readonly kind: 'password'; readonly user: string; readonly password: Secret }
  | {
      /** SASL PLAIN with an authorization identity (RFC 4616 §2). */
      readonly kind: 'on-behalf';
      readonly user: string;
      readonly master: string;
      readonly password: Secret;
    }
  /** OAUTHBEARER (RFC 7628), or XOAUTH2 where that is all there is; asked for anew each time, for tokens run out. */
  | { readonly kind: 'token'; readonly user: string; token(): Promise<Secret> };

/** `user*master`, as Dovecot takes it over every mechanism. */
export function masterUser(user: string, separator: string, master: string): string {
  return `${user}${separator}${master}`;
}

/** The second step at the door: which ways there are, and whether what was shown is one of them. */
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import type { HttpReply, HttpRequest } from '../http/exchange.ts';
import { hasPasskeys, passkeysAt, type Site } from '../identity/passkeys.ts';
import type { StepTaken } from '../identity/second-steps.ts';
import { hasSecondStep } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { json, refusal } from './json-route.ts';
import { originOf } from './own-site.ts';
import { SERVICE, type WebServices } from './services.ts';

/** Six digits, or one that was written down. */
export const CODE = z.string().min(1).max(100);
const OCTETS = z.base64url().max(8192);
/** What a key has signed, as browsers write it (WebAuthn §5.1.8); the rest of it is not looked at. */
export const SIGNED = z
  .looseObject({
    id: OCTETS,
    rawId: OCTETS,
    type: z.literal('public-key'),
    response: z.looseObject({
      clientDataJSON: OCTETS,
      authenticatorData: OCTETS,
      signature: OCTETS,
      userHandle: OCTETS.optional(),
    }),
    clientExtensionResults: z.looseObject({}),
  })
  .transform((value) => value as unknown as AuthenticationResponseJSON);
/** At most one of them is looked at. */
export const STEP = { code: CODE.optional(), passkey: SIGNED.optional() };

export interface Step {
  readonly code?: string | undefined;
  readonly passkey?: AuthenticationResponseJSON | undefined;
}

export interface SecondStep {
  /** Undefined where the account has none. */
  readonly taken?: StepTaken;
}

export function siteOf(request: Pick<HttpRequest, 'host' | 'headers' | 'isSecure'>): Site {
  return { host: request.host, origin: originOf(request) };
}

/**
 * Of somebody who has shown the first. A reply when they may not go on: which ways there are, for whoever has not tried one yet (202: nothing is wrong,
 * and nobody is signed in), or what was wrong. Throws `throttled`.
 */
export async function askedFor(
  services: Pick<WebServices, 'secondSteps' | 'passkeys'>,
  record: AccountRecord,
  { code, passkey }: Step,
  request: HttpRequest,
): Promise<SecondStep | { readonly reply: HttpReply }> {
  if (!hasSecondStep(record.credentials)) return {};
  const { secondSteps, passkeys } = services;
  const attempt = { remoteAddress: request.remoteAddress, service: SERVICE, mechanism: SERVICE };
  const site = siteOf(request);
  try {
    if (passkey !== undefined) {
      await passkeys.prove(record, passkey, { ...attempt, site, isAlone: false });
      return { taken: 'passkey' };
    }
    if (code !== undefined) return { taken: await secondSteps.prove(record, new Secret(code), attempt) };
  } catch (error) {
    if (error instanceof MailboxError && error.code === 'bad-credentials')
      return { reply: refusal(401, passkey === undefined ? 'bad-code' : 'bad-passkey') };
    throw error;
  }
  return { reply: json(202, { secondStep: await waysOf(services, record, site) }) };
}

async function waysOf(
  { secondSteps, passkeys }: Pick<WebServices, 'secondSteps' | 'passkeys'>,
  record: AccountRecord,
  site: Site,
): Promise<object> {
  const { totpSinceMs, codesLeft } = secondSteps.summaryOf(record);
  const isUsable = hasPasskeys(site) && passkeysAt(record, site).length > 0;
  return {
    ...{ hasCodes: totpSinceMs !== undefined, hasRecoveryCodes: codesLeft > 0 },
    ...(isUsable && { passkey: await passkeys.beginSignIn(site, record) }),
  };
}

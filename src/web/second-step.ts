/** The second step at the door: which ways there are, and whether what was typed is one of them. */
import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import type { HttpReply, HttpRequest } from '../http/exchange.ts';
import type { StepTaken } from '../identity/second-steps.ts';
import { hasSecondStep } from '../mailbox/model/credential.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { json, refusal } from './json-route.ts';
import { SERVICE, type WebServices } from './services.ts';

/** Six digits, or one that was written down. */
export const CODE = z.string().min(1).max(100);

export interface SecondStep {
  /** Undefined where the account has none. */
  readonly taken?: StepTaken;
}

/**
 * Of somebody who has shown the first. A reply when they may not go on: which ways there are, for whoever has not tried one yet (202: nothing is wrong,
 * and nobody is signed in), or what was wrong. Throws `throttled`.
 */
export async function askedFor(
  { secondSteps }: Pick<WebServices, 'secondSteps'>,
  record: AccountRecord,
  code: string | undefined,
  { remoteAddress }: Pick<HttpRequest, 'remoteAddress'>,
): Promise<SecondStep | { readonly reply: HttpReply }> {
  if (!hasSecondStep(record.credentials)) return {};
  if (code === undefined) return { reply: json(202, { secondStep: waysOf(secondSteps.summaryOf(record)) }) };
  try {
    return { taken: await secondSteps.prove(record, new Secret(code), { remoteAddress, service: SERVICE }) };
  } catch (error) {
    if (error instanceof MailboxError && error.code === 'bad-credentials')
      return { reply: refusal(401, 'bad-code') };
    throw error;
  }
}

function waysOf({ totpSinceMs, codesLeft }: ReturnType<WebServices['secondSteps']['summaryOf']>): object {
  return { hasCodes: totpSinceMs !== undefined, hasRecoveryCodes: codesLeft > 0 };
}

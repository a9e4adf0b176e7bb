/**
 * The second step of signing in, set up and taken away by its person: `/web/security`. Everything that changes something brings the password along,
 * typed again, so that a browser left open is not an account lost; what takes two questions brings it twice, and nothing is kept in
 * between. All sessions end with a change; this browser gets a new one.
 */
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import type { HttpReply, HttpRequest, Route } from '../http/exchange.ts';
import { hasPasskeys } from '../identity/passkeys.ts';
import type { Changed } from '../identity/second-steps.ts';
import { keyIn } from '../identity/totp.ts';
import { passwordIn } from '../mailbox/model/credential.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { MAX_PASSWORD_BYTES } from '../sasl/mechanism.ts';
import { isPassword } from './account-routes.ts';
import { getJson, json, postJson, refusal } from './json-route.ts';
import { qrPath } from './qr-path.ts';
import { CODE, siteOf } from './second-step.ts';
import type { WebServices } from './services.ts';
import { cookieFor, deviceOf, plaintextFault, type SignedIn, signedIn } from './session-routes.ts';

const PROVEN = z.strictObject({ password: z.string().max(MAX_PASSWORD_BYTES) });
const NEW_TOTP = z.strictObject({ ...PROVEN.shape, key: z.string().max(100), code: CODE });
const OCTETS = z.base64url().max(16_384);
/** What a new key says of itself, as browsers write it. */
const MADE = z
  .looseObject({
    ...{ id: OCTETS, rawId: OCTETS, type: z.literal('public-key') },
    response: z.looseObject({
      ...{ clientDataJSON: OCTETS, attestationObject: OCTETS },
      transports: z.array(z.string().max(20)).max(10).optional(),
    }),
    clientExtensionResults: z.looseObject({}),
  })
  .transform((value) => value as unknown as RegistrationResponseJSON);
const NEW_PASSKEY = z.strictObject({ ...PROVEN.shape, name: z.string().trim().min(1).max(100), made: MADE });
const ONE = z.strictObject({ ...PROVEN.shape, id: z.int().positive() });
const MAX_BODY = 64 * 1024;
const PATH = '/web/security';

type Proven = z.infer<typeof PROVEN>;
/** The password is right, or the answer is no. */
type Proving = <T extends Proven>(answer: Answer<T>) => (body: T, request: HttpRequest) => Promise<HttpReply>;
type Answer<T> = (who: SignedIn, body: T, request: HttpRequest) => Promise<HttpReply>;

export function securityRoutes(services: WebServices): readonly Route[] {
  const { secondSteps, settings } = services;
  const proven: Proving =
    <T extends Proven>(answer: Answer<T>) =>
    async (body: T, request: HttpRequest): Promise<HttpReply> => {
      const fault = plaintextFault(services, request);
      if (fault !== undefined) return fault;
      const who = await signedIn(services, request);
      if (who === undefined) return refusal(401, 'signed-out');
      if (!(await isPassword(services, who.record, body.password, request)))
        return refusal(401, 'bad-credentials');
      return answer(who, body, request);
    };
  const changing = (change: (who: SignedIn) => Promise<Changed>) =>
    proven(async (who, _: Proven, request) => changed(services, who, await change(who), request));
  return [
    getJson(PATH, async (request) => {
      const who = await signedIn(services, request);
      return who === undefined
        ? refusal(401, 'signed-out')
        : json(200, factsOf(services, who.record, request));
    }),
    postJson(
      `${PATH}/totp/begin`,
      PROVEN,
      proven(async ({ record }) => {
        const { key, uri } = secondSteps.beginTotp(record, settings.hostname);
        return json(200, { key: key.reveal(), uri: uri.reveal(), qr: qrPath(uri.reveal()) });
      }),
    ),
    postJson(
      `${PATH}/totp`,
      NEW_TOTP,
      proven(async (who, body: z.infer<typeof NEW_TOTP>, request) => addTotp(services, who, body, request)),
    ),
    postJson(
      `${PATH}/totp/remove`,
      PROVEN,
      changing((who) => secondSteps.removeTotp(who)),
    ),
    postJson(
      `${PATH}/codes`,
      PROVEN,
      changing((who) => secondSteps.renewCodes(who)),
    ),
    ...passkeyRoutes(services, proven),
  ];
}

function passkeyRoutes(services: WebServices, proven: Proving): readonly Route[] {
  const { secondSteps, passkeys } = services;
  return [
    postJson(
      `${PATH}/passkey/begin`,
      PROVEN,
      proven(async ({ record }, _, request) =>
        json(200, await passkeys.beginAdding(record, siteOf(request))),
      ),
    ),
    postJson(
      `${PATH}/passkey`,
      NEW_PASSKEY,
      proven(async (who, { name, made }: z.infer<typeof NEW_PASSKEY>, request) => {
        const row = await passkeys.made(who.record, name.normalize('NFC'), made, siteOf(request));
        if (row === undefined) return refusal(422, 'bad-passkey');
        return changed(services, who, await secondSteps.addPasskey(who, row), request);
      }),
      MAX_BODY,
    ),
    postJson(
      `${PATH}/passkey/remove`,
      ONE,
      proven(async (who, { id }: z.infer<typeof ONE>, request) =>
        changed(services, who, await secondSteps.removePasskey(who, id), request),
      ),
    ),
  ];
}

/** What there is, and what a browser at this address can have. */
function factsOf({ secondSteps }: WebServices, record: AccountRecord, request: HttpRequest): object {
  return { ...secondSteps.summaryOf(record), canHavePasskeys: hasPasskeys(siteOf(request)) };
}

async function addTotp(
  services: WebServices,
  who: SignedIn,
  { key, code }: z.infer<typeof NEW_TOTP>,
  request: HttpRequest,
): Promise<HttpReply> {
  const made = keyIn(key);
  if (made === undefined) return refusal(400, 'malformed');
  const done = await services.secondSteps.addTotp(who, made, new Secret(code));
  return done === undefined ? refusal(422, 'bad-code') : changed(services, who, done, request);
}

async function changed(
  services: WebServices,
  { credential }: SignedIn,
  { record, codes }: Changed,
  request: HttpRequest,
): Promise<HttpReply> {
  const admission = { record, credential: passwordIn(record.credentials), hasSecondStep: true };
  const begun = await services.sessions.begin(admission, deviceOf(request, credential.isOwnDevice ?? false));
  const value = codes.length === 0 ? {} : { codes: codes.map((code) => code.reveal()) };
  return json(
    200,
    { ...value, ...factsOf(services, record, request) },
    { 'set-cookie': cookieFor(services, request, begun) },
  );
}

/**
 * The second step of signing in, set up and taken away by its person: `/web/security`. Everything that changes something brings the password along,
 * typed again, so that a browser left open is not an account lost; what takes two questions brings it twice, and nothing is kept in
 * between. All sessions end with a change; this browser gets a new one.
 */
import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import type { HttpReply, HttpRequest, Route } from '../http/exchange.ts';
import type { Changed } from '../identity/second-steps.ts';
import { keyIn } from '../identity/totp.ts';
import { passwordIn } from '../mailbox/model/credential.ts';
import { MAX_PASSWORD_BYTES } from '../sasl/mechanism.ts';
import { isPassword } from './account-routes.ts';
import { getJson, json, postJson, refusal } from './json-route.ts';
import { qrPath } from './qr-path.ts';
import { CODE } from './second-step.ts';
import type { WebServices } from './services.ts';
import { cookieFor, deviceOf, plaintextFault, type SignedIn, signedIn } from './session-routes.ts';

const PROVEN = z.strictObject({ password: z.string().max(MAX_PASSWORD_BYTES) });
const NEW_TOTP = z.strictObject({ ...PROVEN.shape, key: z.string().max(100), code: CODE });
const PATH = '/web/security';

type Proven = z.infer<typeof PROVEN>;
type Answer<T> = (who: SignedIn, body: T, request: HttpRequest) => Promise<HttpReply>;

export function securityRoutes(services: WebServices): readonly Route[] {
  const { secondSteps, settings } = services;
  const proven =
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
      return who === undefined ? refusal(401, 'signed-out') : json(200, secondSteps.summaryOf(who.record));
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
  ];
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
    { ...value, ...services.secondSteps.summaryOf(record) },
    { 'set-cookie': cookieFor(services, request, begun) },
  );
}

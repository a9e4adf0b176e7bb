/**
 * What a person does to the own account in the webmail: devices and app passwords seen, made and ended, the password changed, what
 * was chosen kept. Only for who is signed in here with a cookie; a mail program's password is not enough. A new
 * password is asked for together with the old one, so that a browser left open is not an account lost; only whoever came by a link has none
 * to show, and an hour to choose one.
 */
import { z } from 'zod';
import { Secret } from '../base/secret.ts';
import type { HttpReply, HttpRequest, Route } from '../http/exchange.ts';
import { SERVICES } from '../identity/app-password.ts';
import { mayChoosePassword } from '../identity/web-session.ts';
import type { StoredCredential } from '../mailbox/model/credential.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import { MAX_PASSWORD_BYTES } from '../sasl/mechanism.ts';
import { getJson, json, postJson, refusal } from './json-route.ts';
import { PREFERENCES, PREFERENCES_SCHEMA } from './preferences.ts';
import { qrPath } from './qr-path.ts';
import { SERVICE, type WebServices } from './services.ts';
import { cookieFor, deviceOf, plaintextFault, type SignedIn, signedIn } from './session-routes.ts';

const MIN_PASSWORD = 8;
const PASSWORD = z.string().max(MAX_PASSWORD_BYTES);
const NUMBER = z.strictObject({ id: z.int().positive() });
const NEW_APP_PASSWORD = z.strictObject({
  name: z.string().min(1).max(100),
  services: z.array(z.enum(SERVICES)).min(1).optional(),
});
const NEW_PROFILE = z.strictObject({ name: NEW_APP_PASSWORD.shape.name });
/** `person`: as which one writes, where that is known. */
const NEW_CODE = z.strictObject({ ...NEW_PROFILE.shape, person: z.string().max(100) });
/** Without the old one: of a session that began by a link. */
const NEW_PASSWORD = z.strictObject({ old: PASSWORD.optional(), new: PASSWORD });
const DONE: HttpReply = { status: 204 };

/** For who is signed in, and nobody else. */
type Known = <T>(
  answer: (who: SignedIn, body: T, request: HttpRequest) => Promise<HttpReply>,
) => (body: T, request: HttpRequest) => Promise<HttpReply>;

export function accountRoutes(services: WebServices): readonly Route[] {
  const { accounts, sessions } = services;
  const known: Known = (answer) => async (body, request) => {
    const who = await signedIn(services, request);
    return who === undefined ? refusal(401, 'signed-out') : answer(who, body, request);
  };
  return [
    getJson('/web/devices', (request) =>
      known(async (who) => json(200, devicesOf(services, who)))(undefined, request),
    ),
    postJson(
      '/web/devices/end',
      NUMBER,
      known(async ({ record }, { id }: z.infer<typeof NUMBER>) => {
        await sessions.end(record.id, id);
        return DONE;
      }),
    ),
    ...appPasswordRoutes(services, known),
    postJson(
      '/web/password',
      NEW_PASSWORD,
      known((who, body: z.infer<typeof NEW_PASSWORD>, request) =>
        changePassword(services, who, body, request),
      ),
    ),
    postJson(
      '/web/preferences',
      PREFERENCES_SCHEMA,
      known(async ({ record }, chosen: z.infer<typeof PREFERENCES_SCHEMA>) => {
        await accounts.setSetting(record.id, PREFERENCES, JSON.stringify(chosen));
        return DONE;
      }),
    ),
  ];
}

function appPasswordRoutes(services: WebServices, known: Known): readonly Route[] {
  const { accounts } = services;
  return [
    postJson(
      '/web/app-passwords',
      NEW_APP_PASSWORD,
      known(async ({ record }, wanted: z.infer<typeof NEW_APP_PASSWORD>) => {
        const { name, services: for_ } = wanted;
        const made = await accounts.addAppPassword(record.id, {
          name: name.trim(),
          ...(for_ && { services: for_ }),
        });
        return json(200, { id: made.number, password: made.password.reveal() });
      }),
    ),
    postJson(
      '/web/app-passwords/profile',
      NEW_PROFILE,
      known((who, { name }: z.infer<typeof NEW_PROFILE>) => makeProfile(services, who, name)),
    ),
    postJson(
      '/web/app-passwords/code',
      NEW_CODE,
      known((who, wanted: z.infer<typeof NEW_CODE>) => makeCode(services, who, wanted)),
    ),
    postJson(
      '/web/app-passwords/revoke',
      NUMBER,
      known(async ({ record }, { id }: z.infer<typeof NUMBER>) => {
        await accounts.revokeAppPassword(record.id, id);
        return DONE;
      }),
    ),
  ];
}

function devicesOf({ sessions }: WebServices, { record, credential }: SignedIn): object {
  const facts = ({ id, name = '', createdMs, lastUse }: StoredCredential) => ({
    id,
    name,
    createdMs,
    lastUse,
  });
  return {
    devices: sessions.live(record).map((one) => ({
      ...facts(one),
      isOwnDevice: one.isOwnDevice ?? false,
      isThis: one.id === credential.id,
    })),
    appPasswords: record.credentials
      .filter(({ kind }) => kind === 'app-password')
      .map((one) => ({ ...facts(one), services: one.services, expiresMs: one.expiresMs })),
  };
}

/** An app password that nobody has to type: it stands in what sets up a phone, which is given this once. */
async function withNewPassword<T>(
  { accounts, profiles }: WebServices,
  { record }: SignedIn,
  name: string,
  make: (password: Secret) => T | undefined | Promise<T | undefined>,
): Promise<HttpReply | { readonly id: number; readonly made: T }> {
  const services = profiles.usedBy();
  const none = refusal(422, 'cannot', 'no ports to read and to send, or no address for it');
  if (services === undefined) return none;
  const { number: id, password } = await accounts.addAppPassword(record.id, { name: name.trim(), services });
  try {
    const made = await make(password);
    if (made !== undefined) return { id, made };
  } catch (error) {
    await accounts.revokeAppPassword(record.id, id);
    throw error;
  }
  await accounts.revokeAppPassword(record.id, id);
  return none;
}

/** As a file. */
async function makeProfile(services: WebServices, who: SignedIn, name: string): Promise<HttpReply> {
  const done = await withNewPassword(services, who, name, (password) =>
    services.profiles.make(who.record.address, password),
  );
  return 'made' in done ? json(200, { id: done.id, profile: done.made.toString('base64') }) : done;
}

/** To be scanned. */
async function makeCode(
  services: WebServices,
  who: SignedIn,
  { name, person }: z.infer<typeof NEW_CODE>,
): Promise<HttpReply> {
  const { address } = who.record;
  const [local = ''] = address.split('@');
  const done = await withNewPassword(services, who, name, (password) =>
    services.profiles.code(address, person.trim() || local, password),
  );
  return 'made' in done ? json(200, { id: done.id, qr: qrPath(done.made) }) : done;
}

/** An app password is none. Throws what signing in throws, and costs what it costs. */
export async function isPassword(
  { authenticator }: Pick<WebServices, 'authenticator'>,
  { address }: Pick<AccountRecord, 'address'>,
  typed: string,
  { remoteAddress }: Pick<HttpRequest, 'remoteAddress'>,
): Promise<boolean> {
  const credentials = { kind: 'password' as const, username: address, password: new Secret(typed) };
  const attempt = { credentials, remoteAddress, service: SERVICE, mechanism: SERVICE };
  const { credential } = await authenticator.authenticate(attempt);
  return credential?.kind === 'password';
}

/** All sessions end; this browser gets a new one. */
async function changePassword(
  services: WebServices,
  { record, credential }: SignedIn,
  passwords: z.infer<typeof NEW_PASSWORD>,
  request: HttpRequest,
): Promise<HttpReply> {
  const fault = plaintextFault(services, request);
  if (fault !== undefined) return fault;
  if (passwords.new.length < MIN_PASSWORD) return refusal(422, 'too-short');
  if (passwords.old === undefined) {
    if (!mayChoosePassword(credential, services.clock.nowMs())) return refusal(401, 'bad-credentials');
  } else if (!(await isPassword(services, record, passwords.old, request)))
    return refusal(401, 'bad-credentials');
  const updated = await services.accounts.setPassword(record.id, { password: new Secret(passwords.new) });
  const admission = {
    record: updated,
    credential: updated.credentials.find(({ kind }) => kind === 'password'),
    // Whoever is here has taken it.
    hasSecondStep: true,
  };
  const begun = await services.sessions.begin(admission, deviceOf(request, credential.isOwnDevice ?? false));
  return { ...DONE, headers: { 'set-cookie': cookieFor(services, request, begun) } };
}

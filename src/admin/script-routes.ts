/** The calls of `ScriptAdmin` as resources of the control socket. Texts are in base64: what is no script may be any octets. */
import { z } from 'zod';
import { on, type Route, valid } from './route.ts';
import type { ScriptName, ScriptRole } from './script-admin.ts';

const ACCOUNT = '/v1/accounts/([^/]+)';
const SCRIPT = `${ACCOUNT}/scripts/(own|before|away|after)/([^/]+)`;
/** More than any script may have, in base64. */
const MAX_TEXT = 24 * 1024 * 1024;

export const SCRIPT_ROUTES: readonly Route[] = Object.freeze([
  on('GET', `${ACCOUNT}/scripts`, async ({ admin }, address) => ({
    json: { scripts: await admin.scripts.list(address) },
  })),
  on('PATCH', `${ACCOUNT}/scripts`, async (call, address) => {
    const { active } = valid(z.strictObject({ active: z.string().max(1000) }), await call.json());
    return { json: await call.admin.scripts.activate(address, active) };
  }),
  on('GET', SCRIPT, async ({ admin }, address, role, name) => {
    const text = await admin.scripts.read(address, named(role, name));
    return { json: { text: text.toString('base64') } };
  }),
  on('PUT', SCRIPT, async (call, address, role, name) => {
    const { text } = valid(z.strictObject({ text: z.base64().max(MAX_TEXT) }), await call.json());
    return { json: await call.admin.scripts.put(address, named(role, name), Buffer.from(text, 'base64')) };
  }),
  on('DELETE', SCRIPT, async ({ admin }, address, role, name) => ({
    json: await admin.scripts.remove(address, named(role, name)),
  })),
  on('GET', `${ACCOUNT}/scripts-log/([1-9]\\d{0,4})`, async ({ admin }, address, limit) => ({
    json: { events: await admin.scripts.log(address, Number(limit)) },
  })),
]);

function named(role: string, name: string): ScriptName {
  return { role: role as ScriptRole, name };
}

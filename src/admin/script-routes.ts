/** The calls of `ScriptAdmin` as resources of the control socket. Texts are in base64: what is no script may be any octets. */
import { z } from 'zod';
import { rehearsalJson } from '../rules/rehearsal.ts';
import { on, type Route, valid } from './route.ts';
import type { ScriptName, ScriptRole } from './script-admin.ts';

const ACCOUNT = '/v1/accounts/([^/]+)';
const SCRIPT = `${ACCOUNT}/scripts/(own|before|away|after)/([^/]+)`;
/** More than any script may have, in base64. */
const MAX_TEXT = 24 * 1024 * 1024;
/** As much as a request has room for. */
const MAX_MESSAGE = 8 * 1024 * 1024;

const TRIAL = z.strictObject({
  script: z.base64().max(MAX_TEXT),
  message: z.base64().max(MAX_MESSAGE),
  from: z.string().max(1000),
  to: z.string().max(1000).optional(),
});

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
  on('POST', `${ACCOUNT}/scripts-trial`, async (call, address) => {
    const { script, message, ...rest } = valid(TRIAL, await call.json());
    const octets = { script: Buffer.from(script, 'base64'), message: Buffer.from(message, 'base64') };
    const { to, from } = rest;
    const trial = { ...octets, from, ...(to !== undefined && { to }) };
    return { json: JSON.parse(rehearsalJson(await call.admin.scripts.rehearse(address, trial))) };
  }),
  on('GET', `${ACCOUNT}/scripts-log/([1-9]\\d{0,4})`, async ({ admin }, address, limit) => ({
    json: { events: await admin.scripts.log(address, Number(limit)) },
  })),
]);

function named(role: string, name: string): ScriptName {
  return { role: role as ScriptRole, name };
}

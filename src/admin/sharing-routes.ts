/** The calls of `SharingAdmin` as resources of the control socket. */
import { z } from 'zod';
import { RIGHTS, type Rights } from '../mailbox/model/rights.ts';
import { on, type Route, valid } from './route.ts';

const ACCOUNT = '/v1/accounts/([^/]+)';
const ShareSchema = z.strictObject({
  mailbox: z.string().max(10_000),
  who: z.string().max(400),
  mode: z.enum(['replace', 'add', 'remove']),
  rights: z.string().regex(new RegExp(`^[${RIGHTS}]*$`)),
});

export const SHARING_ROUTES: readonly Route[] = Object.freeze([
  on('GET', `${ACCOUNT}/shares`, async ({ admin }, address) => ({
    json: { shares: await admin.sharing.sharesOf(address) },
  })),
  on('PATCH', `${ACCOUNT}/shares`, async (call, address) => {
    const { mailbox, who, mode, rights } = valid(ShareSchema, await call.json());
    const change = { mode, rights: rights as Rights };
    return { json: await call.admin.sharing.share(address, mailbox, who, change) };
  }),
]);

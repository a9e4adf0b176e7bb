/** The Session object (RFC 8620 §2): what there is for whoever asks, and where. */
import { createHash } from 'node:crypto';
import type { AccountRecord } from '../../mailbox/model/model.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { type Capability, MAIL, WEBSOCKET } from '../capabilities.ts';
import { OWNER, PRINCIPALS } from '../sharing/capability.ts';
import { principalId } from '../sharing/principal-id.ts';
import { isReadOnly, SHARED_CAPABILITIES } from '../visitors.ts';
import { accountObjectId } from './account-id.ts';
import type { JsonObject } from './json.ts';

/** Below the address of the server. */
export const PATHS = Object.freeze({
  session: '/.well-known/jmap',
  api: '/jmap/api',
  upload: '/jmap/upload/',
  download: '/jmap/download/',
  events: '/jmap/events',
  webSocket: '/jmap/ws',
});

export interface SessionSettings {
  readonly capabilities: readonly Capability[];
}

export interface SessionFacts {
  /** As the client has it, with the port. */
  readonly host: string;
  readonly isSecure: boolean;
  /** Accounts of others that share something with whoever asks. */
  readonly shared: readonly AccountState[];
}

export function sessionObject(
  record: AccountRecord,
  settings: SessionSettings,
  { host, isSecure, shared }: SessionFacts,
): JsonObject {
  const { capabilities } = settings;
  const base = `${isSecure ? 'https' : 'http'}://${host}`;
  const webSocket = { url: `${isSecure ? 'wss' : 'ws'}://${host}${PATHS.webSocket}`, supportsPush: true };
  const id = accountObjectId(record.id);
  const own = principalId(record.address) ?? null;
  const ofAccount = [
    ...capabilities.flatMap(({ uri, ofAccount: one }) => (one === undefined ? [] : [[uri, one] as const])),
    [PRINCIPALS, { currentUserPrincipalId: own }] as const,
  ];
  const primary = ofAccount.map(([uri]) => [uri, id] as const);
  return {
    capabilities: {
      ...Object.fromEntries(capabilities.map(({ uri, ofSession }) => [uri, ofSession])),
      [WEBSOCKET]: webSocket,
    },
    accounts: {
      [id]: {
        name: record.address,
        isPersonal: true,
        isReadOnly: false,
        accountCapabilities: { ...Object.fromEntries(ofAccount), [OWNER]: ownerOf(record, id) },
      },
      ...Object.fromEntries(
        shared.map((one) => [accountObjectId(one.id), sharedAccount(one, ofAccount, id)]),
      ),
    },
    primaryAccounts: Object.fromEntries(primary),
    username: record.address,
    apiUrl: `${base}${PATHS.api}`,
    downloadUrl: `${base}${PATHS.download}{accountId}/{blobId}/{name}?type={type}`,
    uploadUrl: `${base}${PATHS.upload}{accountId}`,
    eventSourceUrl: `${base}${PATHS.events}?types={types}&closeafter={closeafter}&ping={ping}`,
    state: sessionState(record, settings, shared),
  };
}

/** Of somebody else (RFC 8620 §2): nothing new can be made at its top, where nothing stands that is shared. */
function sharedAccount(
  account: AccountState,
  ofAccount: readonly (readonly [string, JsonObject])[],
  askerId: string,
): JsonObject {
  const own = ofAccount.filter(([uri]) => SHARED_CAPABILITIES.has(uri));
  const accountCapabilities = Object.fromEntries(
    own.map(([uri, one]) => [uri, uri === MAIL ? { ...one, mayCreateTopLevelMailbox: false } : one]),
  );
  const name = account.record.address;
  return {
    ...{ name, isPersonal: false, isReadOnly: isReadOnly(account) },
    accountCapabilities: { ...accountCapabilities, [OWNER]: ownerOf(account.record, askerId) },
  };
}

/** RFC 9670 §1.5.2: whose an account is, and where he is known. */
function ownerOf({ address }: AccountRecord, accountIdForPrincipal: string): JsonObject {
  return { accountIdForPrincipal, principalId: principalId(address) ?? null };
}

/** Another one when anything in the object is another: it is sent with each answer. */
export function sessionState(
  { id, address }: AccountRecord,
  { capabilities }: SessionSettings,
  shared: readonly AccountState[],
): string {
  const others = shared.map((one) => [one.id, one.record.address, isReadOnly(one)]);
  const all = JSON.stringify([id, address, capabilities, others]);
  return createHash('sha256').update(all).digest('base64url').slice(0, 16);
}

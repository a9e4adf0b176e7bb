/** `KeepingAdmin` through the control socket; and of several processes, at whoever holds the account. */
import type { KeepingAdmin, MailboxRetention, RetentionRule } from './keeping-admin.ts';

type Json = <T>(method: string, path: string, body?: object) => Promise<T>;

export function keepingOver(json: Json): KeepingAdmin {
  const at = (address: string): string => `/v1/accounts/${encodeURIComponent(address)}`;
  return {
    async retentionOf(address) {
      const path = `${at(address)}/retention`;
      return (await json<{ mailboxes: readonly MailboxRetention[] }>('GET', path)).mailboxes;
    },
    async setRetention(address, mailbox, rule: RetentionRule | null) {
      await json('PATCH', `${at(address)}/retention`, { mailbox, rule });
    },
    listDeleted: (address, filter, page) => json('POST', `${at(address)}/deleted`, { ...filter, ...page }),
    recover: (address, request) => json('POST', `${at(address)}/recover`, request),
  };
}

export function sharedKeeping(
  holderOf: (address: string) => Promise<{ readonly keeping: KeepingAdmin }>,
): KeepingAdmin {
  const at = async (address: string): Promise<KeepingAdmin> => (await holderOf(address)).keeping;
  return {
    retentionOf: async (address) => (await at(address)).retentionOf(address),
    setRetention: async (address, ...rest) => (await at(address)).setRetention(address, ...rest),
    listDeleted: async (address, ...rest) => (await at(address)).listDeleted(address, ...rest),
    recover: async (address, request) => (await at(address)).recover(address, request),
  };
}

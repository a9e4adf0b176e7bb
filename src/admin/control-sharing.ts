/** `SharingAdmin` through the control socket; and of several processes, at whoever holds the account. */
import type { ChangedShare, Share, SharingAdmin } from './sharing-admin.ts';

type Json = <T>(method: string, path: string, body?: object) => Promise<T>;

export function sharingOver(json: Json): SharingAdmin {
  const at = (address: string): string => `/v1/accounts/${encodeURIComponent(address)}/shares`;
  return {
    sharesOf: async (address) => (await json<{ shares: readonly Share[] }>('GET', at(address))).shares,
    share: (address, mailbox, who, change) =>
      json<ChangedShare>('PATCH', at(address), { mailbox, who, ...change }),
  };
}

export function sharedSharing(
  holderOf: (address: string) => Promise<{ readonly sharing: SharingAdmin }>,
): SharingAdmin {
  const at = async (address: string): Promise<SharingAdmin> => (await holderOf(address)).sharing;
  return {
    sharesOf: async (address) => (await at(address)).sharesOf(address),
    share: async (address, ...rest) => (await at(address)).share(address, ...rest),
  };
}

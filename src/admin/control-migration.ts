/** `MigrationAccess` through the control socket; and of several processes, at whoever holds the account. */
import type { MigrationAccess } from '../transfer/network/migration-access.ts';

type Json = <T>(method: string, path: string, body?: object) => Promise<T>;

/** A message of what was brought before, on the wire: key in Base64, UID, marks. */
type WireTrace = readonly [key: string, uid: number, marks: number];

export function migrationOver(json: Json): MigrationAccess {
  const at = (address: string): string => `/v1/accounts/${encodeURIComponent(address)}/migration`;
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  return {
    async holdersOf(address, folder) {
      const body = { folder: base64(folder) };
      return (await json<{ mailboxes: readonly string[] }>('POST', `${at(address)}/holders`, body)).mailboxes;
    },
    async loadTraces(address, mailbox, { folder, after }, limit) {
      const from = after === undefined ? {} : { after: base64(after) };
      const body = { mailbox, folder: base64(folder), ...from, limit };
      const { traces } = await json<{ traces: readonly WireTrace[] }>('POST', `${at(address)}/traces`, body);
      return traces.map(([key, uid, marks]) => ({ key: Buffer.from(key, 'base64'), uid, marks }));
    },
    async followMarks(address, mailbox, messages) {
      const body = {
        mailbox,
        messages: messages.map((one) => ({ ...one, importKey: base64(one.importKey) })),
      };
      return (await json<{ changed: number }>('POST', `${at(address)}/marks`, body)).changed;
    },
    async digestsOf(address, mailbox, uids) {
      const path = `${at(address)}/digests`;
      const { digests } = await json<{ digests: readonly (string | null)[] }>('POST', path, {
        mailbox,
        uids,
      });
      return digests.map((digest) => digest ?? undefined);
    },
    async removeMessages(address, mailbox, uids) {
      const path = `${at(address)}/remove`;
      return (await json<{ removed: number }>('POST', path, { mailbox, uids })).removed;
    },
    async copyMessage(address, from, to) {
      const body = { from, to: { ...to, importKey: base64(to.importKey) } };
      return (await json<{ isThere: boolean }>('POST', `${at(address)}/copy`, body)).isThere;
    },
  };
}

export function sharedMigration(
  holderOf: (address: string) => Promise<{ readonly migration: MigrationAccess }>,
): MigrationAccess {
  const at = async (address: string): Promise<MigrationAccess> => (await holderOf(address)).migration;
  return {
    holdersOf: async (address, folder) => (await at(address)).holdersOf(address, folder),
    loadTraces: async (address, ...rest) => (await at(address)).loadTraces(address, ...rest),
    followMarks: async (address, ...rest) => (await at(address)).followMarks(address, ...rest),
    digestsOf: async (address, ...rest) => (await at(address)).digestsOf(address, ...rest),
    removeMessages: async (address, ...rest) => (await at(address)).removeMessages(address, ...rest),
    copyMessage: async (address, ...rest) => (await at(address)).copyMessage(address, ...rest),
  };
}

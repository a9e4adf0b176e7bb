/** Blobs in requests: Blob/copy (RFC 8620 §6.3), Blob/upload, Blob/get and Blob/lookup (RFC 9404). */

import { emailObjectId, mailboxObjectId, threadObjectId } from '../../mailbox/model/object-ids.ts';
import { emailRows } from '../../mailbox/query/email-rows.ts';
import { loadThreads } from '../../mailbox/query/threads.ts';
import { BLOB } from '../capabilities.ts';
import { id, list, optional, readArguments, text } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { blobCopy } from './blob-copy.ts';
import { blobGet } from './blob-get.ts';
import { mailBlobIn } from './blob-id.ts';
import type { BlobServices } from './blob-services.ts';
import { blobUpload } from './blob-upload.ts';

export function blobMethods(services: BlobServices): readonly Method[] {
  return [blobCopy(services), blobUpload(services), blobGet(services), blobLookup];
}

const TYPES = ['Mailbox', 'Thread', 'Email'] as const;
type LookupType = (typeof TYPES)[number];
const LOOKUP = { accountId: id, typeNames: list(text), ids: optional(list(text)) };

/** Which emails, and with them threads and mailboxes, a blob of mail belongs to (RFC 9404 §4.3). */
const blobLookup: Method = {
  name: 'Blob/lookup',
  capability: BLOB,
  async run(raw, call) {
    const { accountId, typeNames, ids = [] } = readArguments(raw, LOOKUP);
    const account = await call.account(accountId);
    const unknown = typeNames.find((name) => !TYPES.some((known) => known === name));
    if (unknown !== undefined)
      throw new MethodError('unknownDataType', `blobs are not looked up in ${unknown.slice(0, 100)}`);
    const blobIds = [...new Set(ids)];
    if (blobIds.length > call.limits.maxObjectsInGet) throw new MethodError('requestTooLarge');
    const emails = new Map(blobIds.map((blobId) => [blobId, mailBlobIn(blobId)?.email]));
    const numbers = [...emails.values()].filter((number) => number !== undefined);
    const { rows } = await emailRows(call.domain, account, numbers);
    const threads = await loadThreads(call.domain, account);
    const matches = (blobId: string): JsonObject => {
      const number = emails.get(blobId);
      const row = number === undefined ? undefined : rows.get(number);
      const of: Readonly<Record<LookupType, readonly string[]>> = {
        Email: row === undefined ? [] : [emailObjectId(row.email)],
        Thread: row === undefined ? [] : [threadObjectId(threads.threadOf(row.email))],
        Mailbox: row?.mailboxes.map(mailboxObjectId) ?? [],
      };
      return Object.fromEntries(typeNames.map((name) => [name, of[name as LookupType]]));
    };
    const isThere = (blobId: string): boolean => blobId.startsWith('u') || rows.has(emails.get(blobId) ?? 0);
    return {
      accountId,
      list: blobIds.filter(isThere).map((blobId) => ({ id: blobId, matchedIds: matches(blobId) })),
      notFound: blobIds.filter((blobId) => !isThere(blobId)),
    };
  },
};

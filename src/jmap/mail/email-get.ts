/** Email/get (RFC 8621 §4.2). A list of emails reads what delivery has kept of them, and no octet of their messages. */
import { TimeSlice } from '../../base/time-slice.ts';
import {
  emailObjectId,
  emailOfObjectId,
  mailboxObjectId,
  threadObjectId,
} from '../../mailbox/model/object-ids.ts';
import { type EmailRow, emailRows } from '../../mailbox/query/email-rows.ts';
import { mailBlobId } from '../blobs/blob-id.ts';
import { MAIL } from '../capabilities.ts';
import { MethodError } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { standardGet } from '../core/standard-get.ts';
import { momentString } from '../core/state-string.ts';
import {
  BODY_ARGUMENTS,
  EMAIL_PROPERTIES,
  isHeaderProperty,
  MESSAGE_DEFAULTS,
  METADATA,
  messageProperties,
} from './email-arguments.ts';
import { type LoadedMessage, loadMessages } from './loaded-messages.ts';
import { MessageViews } from './message-view.ts';

/** Of our own (`docs/JMAP.md`): given when it is asked for by name. */
const OF_DELIVERY = 'firstContact';

export const emailGet = standardGet({
  type: 'Email',
  capability: MAIL,
  properties: [...EMAIL_PROPERTIES, OF_DELIVERY],
  defaults: [...METADATA, ...MESSAGE_DEFAULTS],
  isProperty: isHeaderProperty,
  arguments: BODY_ARGUMENTS,
  async find({ account, call, ids, properties, args }) {
    if (ids === undefined)
      throw new MethodError('requestTooLarge', 'there may be very many: ask for them by their ids');
    const numbers = new Map(ids.map((id) => [id, emailOfObjectId(id)]));
    const wanted = [...numbers.values()].filter((number) => number !== undefined);
    const { moment, rows } = await emailRows(call.domain, account, wanted);
    const message = messageProperties(properties);
    const views = new MessageViews(message, args);
    const loaded = await loadMessages(call.domain, account, [...rows.values()], { properties, message });
    const list: JsonObject[] = [];
    const slice = new TimeSlice();
    for (const one of loaded) {
      list.push(await objectOf(one));
      const spent = slice.spent();
      if (spent !== undefined) await spent;
    }
    const notFound = ids.filter((id) => !rows.has(numbers.get(id) ?? 0));
    return { state: momentString('emails', moment), list, notFound };

    async function objectOf(one: LoadedMessage): Promise<JsonObject> {
      const all = {
        ...metadataOf(one.row),
        // Whom its owner knows is his matter.
        ...(account.visit === undefined ? {} : { firstContact: null }),
        threadId: threadObjectId(one.thread),
        preview: one.preview,
        ...(await views.header(one.header)),
        ...(await views.body(one)),
      };
      const out: Record<string, Json> = {};
      for (const name of properties) out[name] = (all as JsonObject)[name] ?? null;
      return out;
    }
  },
});

function metadataOf({
  email,
  mailboxes,
  keywords,
  sizeBytes,
  internalDate,
  hasAttachment,
  firstContact,
}: EmailRow): JsonObject {
  return {
    id: emailObjectId(email),
    blobId: mailBlobId(email),
    mailboxIds: Object.fromEntries(mailboxes.map((id) => [mailboxObjectId(id), true])),
    keywords: Object.fromEntries(keywords.map((keyword) => [keyword, true])),
    size: sizeBytes,
    receivedAt: utcDate(internalDate),
    hasAttachment,
    firstContact: firstContact ?? null,
  };
}

/** RFC 8620 §1.4 `UTCDate`. */
function utcDate(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

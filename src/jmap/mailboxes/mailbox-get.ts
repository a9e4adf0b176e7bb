/** Mailbox/get (RFC 8621 §2.1). */
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { mailboxCounts } from '../../mailbox/query/mailbox-counts.ts';
import { durableMoment } from '../../mailbox/reading/moment.ts';
import { MAIL } from '../capabilities.ts';
import type { JsonObject } from '../core/json.ts';
import { standardGet } from '../core/standard-get.ts';
import { momentString } from '../core/state-string.ts';
import { objectOf, PROPERTIES, wantsCounts } from './mailbox-object.ts';
import { mailboxOfId } from './properties.ts';

export const mailboxGet = standardGet({
  type: 'Mailbox',
  capability: MAIL,
  properties: PROPERTIES,
  arguments: {},
  async find({ account, call, ids, properties }) {
    const state = momentString('mailboxes', await durableMoment(account, 'mailboxes'));
    const counts = wantsCounts(properties) ? await mailboxCounts(call.domain, account) : undefined;
    const wanted = ids ?? [...account.mailboxes.values()].map(({ id }) => mailboxObjectId(id));
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    for (const id of wanted) {
      const mailbox = mailboxOfId(account, id);
      if (mailbox === undefined) notFound.push(id);
      else list.push(objectOf(account, mailbox, properties, counts?.get(mailbox.id)));
    }
    return { state, list, notFound };
  },
});

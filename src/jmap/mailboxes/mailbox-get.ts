/** Mailbox/get (RFC 8621 §2.1). */
import type { Sharing } from '../../identity/sharing.ts';
import { mailboxObjectId } from '../../mailbox/model/object-ids.ts';
import { mailboxCounts } from '../../mailbox/query/mailbox-counts.ts';
import { durableMoment } from '../../mailbox/reading/moment.ts';
import { MAIL } from '../capabilities.ts';
import type { JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import { standardGet } from '../core/standard-get.ts';
import { momentString } from '../core/state-string.ts';
import { PRINCIPALS } from '../sharing/capability.ts';
import { shareWithOf } from '../sharing/share-with.ts';
import { objectOf, PROPERTIES, wantsCounts } from './mailbox-object.ts';
import { mailboxOfId } from './properties.ts';

export const mailboxGet = (sharing: Sharing): Method =>
  standardGet({
    type: 'Mailbox',
    capability: MAIL,
    properties: PROPERTIES,
    arguments: {},
    more: ({ using }) => (using.has(PRINCIPALS) ? ['shareWith'] : []),
    async find({ account, call, ids, properties }) {
      const state = momentString('mailboxes', await durableMoment(account, 'mailboxes'));
      const counts = wantsCounts(properties) ? await mailboxCounts(call.domain, account) : undefined;
      const wanted = ids ?? [...account.mailboxes.values()].map(({ id }) => mailboxObjectId(id));
      const list: JsonObject[] = [];
      const notFound: string[] = [];
      for (const id of wanted) {
        const mailbox = mailboxOfId(account, id);
        if (mailbox === undefined) notFound.push(id);
        else {
          const shareWith = properties.has('shareWith')
            ? await shareWithOf(sharing, account, mailbox)
            : undefined;
          const told = { shareWith, isOfSharing: call.using.has(PRINCIPALS) };
          list.push(objectOf(account, mailbox, properties, counts?.get(mailbox.id), told));
        }
      }
      return { state, list, notFound };
    },
  });

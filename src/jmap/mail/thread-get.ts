/** Thread/get (RFC 8621 §3.1). */
import { emailObjectId, threadOfObjectId } from '../../mailbox/model/object-ids.ts';
import { threadEmails } from '../../mailbox/query/thread-emails.ts';
import { MAIL } from '../capabilities.ts';
import { MethodError } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { picked, standardGet } from '../core/standard-get.ts';
import { momentString } from '../core/state-string.ts';

export const threadGet = standardGet({
  type: 'Thread',
  capability: MAIL,
  properties: ['id', 'emailIds'],
  arguments: {},
  async find({ account, call, ids, properties }) {
    if (ids === undefined)
      throw new MethodError('requestTooLarge', 'there may be very many: ask for them by their ids');
    const numbers = new Map(ids.map((id) => [id, threadOfObjectId(id)]));
    const wanted = [...numbers.values()].filter((number) => number !== undefined);
    const { moment, threads } = await threadEmails(call.domain, account, wanted);
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    for (const [id, number] of numbers) {
      const emails = number === undefined ? undefined : threads.get(number);
      if (emails === undefined) notFound.push(id);
      else list.push(picked(properties, { id: () => id, emailIds: () => emails.map(emailObjectId) }));
    }
    return { state: momentString('threads', moment), list, notFound };
  },
});

/** What a rule that is made from a mail is about at first: its mailing list if it came by one, else who wrote it. */
import type { JmapClient } from '../sync/jmap-client.ts';
import type { Address, Id } from '../sync/model.ts';
import type { RuleTest } from './rule.ts';

export interface SourceMail {
  readonly from: readonly Address[] | null;
  readonly 'header:List-Id:asText': string | null;
}

export async function testsFromMail(client: JmapClient, id: Id): Promise<readonly RuleTest[]> {
  const { list } = await client.call<{ readonly list: readonly SourceMail[] }>('Email/get', {
    ids: [id],
    properties: ['from', 'header:List-Id:asText'],
  }).result;
  return list[0] === undefined ? [] : testsOf(list[0]);
}

export function testsOf({ from, 'header:List-Id:asText': listId }: SourceMail): readonly RuleTest[] {
  // RFC 2919 §2: a phrase may stand before the identifier, and changes.
  const list = /<([^<>\s]+)>\s*$/.exec(listId ?? '')?.[1];
  if (list !== undefined) return [{ on: 'list', value: list }];
  const sender = from?.[0]?.email;
  return sender === undefined ? [] : [{ on: 'from', value: sender }];
}

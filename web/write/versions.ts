/** All that the account has of a mail that was written here: whatever has its Message-ID, and what is known of it by its id. */
import { type JmapClient, Refused } from '../sync/jmap-client.ts';

const MISMATCHES = 5;

interface Found {
  readonly id: string;
  readonly messageId: readonly string[] | null;
  readonly mailboxIds: Readonly<Record<string, true>>;
}

/** `drafts`: only what lies there. */
export async function emailsOf(
  client: Pick<JmapClient, 'call'>,
  messageId: string,
  { known, drafts }: { readonly known: readonly string[]; readonly drafts?: string },
): Promise<string[]> {
  const like = messageId === '' ? [] : await havingIn(client, messageId, drafts);
  const ids = [...new Set([...known, ...like])];
  if (ids.length === 0) return [];
  const { list } = await client.call<{ readonly list: readonly Found[] }>('Email/get', {
    ...{ ids, properties: ['messageId', 'mailboxIds'] },
  }).result;
  // Of a header can only be asked what it contains (RFC 8621 §4.4.1): 11@example.com is not 1@example.com.
  return list
    .filter((one) => known.includes(one.id) || one.messageId?.includes(messageId))
    .filter(({ mailboxIds }) => drafts === undefined || drafts in mailboxIds)
    .map(({ id }) => id);
}

async function havingIn(
  client: Pick<JmapClient, 'call'>,
  messageId: string,
  mailbox: string | undefined,
): Promise<readonly string[]> {
  const header = ['Message-ID', messageId];
  const filter = mailbox === undefined ? { header } : { inMailbox: mailbox, header };
  return (await client.call<{ readonly ids: readonly string[] }>('Email/query', { filter }).result).ids;
}

/**
 * Old versions go, but for one that another device has sent meanwhile: then it is no draft any more, and nothing is between the look and the
 * deed (`ifInState`). Rejects where something changes all the time, and they are there as before.
 */
export async function destroyVersions(
  client: Pick<JmapClient, 'call'>,
  ids: readonly string[],
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const { state: ifInState, list } = await client.call<{
      readonly state: string;
      readonly list: readonly { readonly id: string; readonly keywords: Readonly<Record<string, true>> }[];
    }>('Email/get', { ids, properties: ['keywords'] }).result;
    const destroy = list.filter(({ keywords }) => '$draft' in keywords).map(({ id }) => id);
    if (destroy.length === 0) return;
    try {
      await client.call('Email/set', { destroy, ifInState }).result;
      return;
    } catch (error) {
      const isMismatch = error instanceof Refused && error.type === 'stateMismatch';
      if (!isMismatch || tries === MISMATCHES) throw error;
    }
  }
}

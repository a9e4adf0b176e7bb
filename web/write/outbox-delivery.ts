/**
 * Gives a mail that has waited to the server. Whether it was sent already is asked first, by its Message-ID: the answer to an attempt may
 * have been lost, also that of a page that is closed. Nothing is sent twice, and there is one copy of it.
 */
import type { JmapClient } from '../sync/jmap-client.ts';
import { wholeHtml } from './draft.ts';
import { DraftKeeper } from './draft-keeper.ts';
import { scheduledMailbox } from './held.ts';
import { htmlText } from './html-text.ts';
import type { Delivered, OutMail } from './outbox.ts';
import { type SendOptions, send } from './sender.ts';

export interface DeliveryParts {
  readonly client: Pick<JmapClient, 'call'>;
  /** Undefined when it is not known, or there is none. */
  readonly mailbox: (role: string) => string | undefined;
  /** Of the mailbox for mail that waits for its time, should there be none. */
  readonly scheduledName: string;
  readonly nowMs: () => number;
}

export async function deliver(mail: OutMail, parts: DeliveryParts): Promise<Delivered> {
  const { client, mailbox } = parts;
  const drafts = mailbox('drafts');
  if (drafts === undefined) return { kind: 'unreachable' };
  try {
    if (await wasSent(client, mail.draft.messageId)) return { kind: 'sent' };
  } catch {
    return { kind: 'unreachable' };
  }
  const keeper = new DraftKeeper(
    mail.draft,
    {
      ...{ client, store: undefined, drafts: () => drafts, nowMs: parts.nowMs },
      wholeText: (one) => htmlText(wholeHtml(one)),
      // The outbox tries again.
      sleep: () => new Promise(() => {}),
    },
    { serverId: mail.serverId, isResumed: true },
  );
  keeper.change({});
  await keeper.save();
  const state = keeper.state.peek();
  if (state.kind === 'refused') return state;
  const emailId = keeper.serverId;
  if (state.kind !== 'everywhere' || emailId === undefined) return { kind: 'unreachable' };
  await keeper.end();
  const hold = holdOf(mail.hold, parts.nowMs());
  const scheduled =
    'untilMs' in hold
      ? await scheduledMailbox(client, parts.scheduledName).catch(() => undefined)
      : mailbox('scheduled');
  const mailboxes = { drafts, sent: mailbox('sent'), scheduled };
  const { identityId } = mail;
  const result = await send({ client, identityId, emailId, draft: keeper.draft.peek(), mailboxes, hold });
  return result.kind === 'sent' ? { kind: 'sent' } : result;
}

/** It could be taken back while it waited; a time that is over is now. */
function holdOf(hold: SendOptions['hold'], nowMs: number): SendOptions['hold'] {
  return 'untilMs' in hold && hold.untilMs > nowMs ? hold : { seconds: 0 };
}

async function wasSent(client: Pick<JmapClient, 'call'>, messageId: string): Promise<boolean> {
  const { ids } = await client.call<{ readonly ids: readonly string[] }>('Email/query', {
    filter: { header: ['Message-ID', messageId] },
  }).result;
  if (ids.length === 0) return false;
  const query = client.call<{ readonly ids: readonly string[] }>('EmailSubmission/query', {
    filter: { emailIds: ids },
  });
  const get = client.call<{ readonly list: readonly { readonly undoStatus: string }[] }>(
    'EmailSubmission/get',
    { '#ids': query.ref('/ids'), properties: ['undoStatus'] },
  );
  return (await get.result).list.some(({ undoStatus }) => undoStatus !== 'canceled');
}

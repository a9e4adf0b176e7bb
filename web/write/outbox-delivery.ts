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
import { type SendOptions, send, submissionOf } from './sender.ts';
import { emailsOf } from './versions.ts';

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
  const known = mail.serverId === undefined ? [] : [mail.serverId];
  const emails = async (): Promise<readonly string[]> =>
    // The one that was known counts also when it is gone.
    [...new Set([...known, ...(await emailsOf(client, mail.draft.messageId, { known }))])];
  const asked = await emails()
    .then((ids) => submissionOf(client, ids))
    .catch(() => undefined);
  if (asked === undefined) return { kind: 'unreachable' };
  if (asked.known !== undefined) return { kind: 'sent' };
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
  const draft = keeper.draft.peek();
  const earlier = { state: asked.state, emails };
  const result = await send({ client, identityId, emailId, draft, mailboxes, hold, earlier });
  if (result.kind !== 'sent') return result;
  // An earlier request came through meanwhile: then this version is one too many.
  const own = await submissionOf(client, [emailId]).catch(() => undefined);
  if (own !== undefined && own.known === undefined) await keeper.discard();
  return { kind: 'sent' };
}

/** It could be taken back while it waited; a time that is over is now. */
function holdOf(hold: SendOptions['hold'], nowMs: number): SendOptions['hold'] {
  return 'untilMs' in hold && hold.untilMs > nowMs ? hold : { seconds: 0 };
}

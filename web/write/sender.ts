/**
 * Sends a draft (RFC 8621 §7.5). The server holds it for the seconds in which it can be taken back, or until its time, so it is sent with the
 * page closed too. What waits lies in the mailbox with the role `scheduled`; the server moves it to Sent when it has left.
 *
 * An answer that was lost is no reason to send again: what the server has of it is asked first. A browser may by itself repeat a request whose
 * connection broke, so the state that was asked is the condition (`ifInState`, RFC 8620 §5.3), which the repetition does not meet.
 */
import { isUnsure } from '../sync/doubt.ts';
import { type JmapClient, Refused } from '../sync/jmap-client.ts';
import { utcDate } from '../sync/utc-date.ts';
import type { Draft } from './draft.ts';

export interface SendOptions {
  readonly client: Pick<JmapClient, 'call'>;
  readonly identityId: string;
  readonly emailId: string;
  readonly draft: Draft;
  readonly mailboxes: {
    readonly drafts: string;
    readonly sent: string | undefined;
    readonly scheduled: string | undefined;
  };
  /** How long it can be taken back, or when it is to go. */
  readonly hold: { readonly seconds: number } | { readonly untilMs: number };
  /** Of one that may have been sent before, as another email: the state in which it was not, and what the account has of it. */
  readonly earlier?: { readonly state: string; emails(): Promise<readonly string[]> };
}

export type SendResult =
  | { readonly kind: 'sent'; readonly submission: string }
  /** `people`: whom it cannot reach, when that is why. */
  | { readonly kind: 'refused'; readonly type: string; readonly people?: readonly string[] }
  /** Nobody knows; the draft is still there. `hasFailed`: the server was there, and it was the one that failed. */
  | { readonly kind: 'unreachable'; readonly hasFailed?: true };

interface SetAnswer {
  readonly created?: Readonly<Record<string, { readonly id: string }>> | null;
  readonly notCreated?: Readonly<
    Record<string, { readonly type: string; readonly invalidRecipients?: readonly string[] }>
  > | null;
}

/** The person sees the last of the seconds; the way to the server takes some. */
const EXTRA_SECONDS = 3;
const MISMATCHES = 5;

export async function send(options: SendOptions): Promise<SendResult> {
  const { client, emailId, earlier } = options;
  const ask = async (): Promise<Asked> =>
    submissionOf(client, [emailId, ...((await earlier?.emails()) ?? [])]);
  let asked: Asked | undefined = earlier && { known: undefined, state: earlier.state };
  try {
    for (let tries = 1; ; tries++) {
      const { known, state } = asked ?? (await ask());
      asked = undefined;
      if (known !== undefined) return { kind: 'sent', submission: known };
      try {
        return await submit(options, state);
      } catch (error) {
        if (!isMismatch(error) || tries === MISMATCHES) throw error;
      }
    }
  } catch (error) {
    if (error instanceof Refused && !isMismatch(error) && !isUnsure(error.type))
      return { kind: 'refused', type: error.type };
    const { known } = await ask().catch(() => ({ known: undefined }));
    if (known !== undefined) return { kind: 'sent', submission: known };
    return { kind: 'unreachable', ...(error instanceof Refused && { hasFailed: true }) };
  }
}

async function submit(options: SendOptions, ifInState: string): Promise<SendResult> {
  const args = { ...submissionArguments(options), ifInState };
  const answer = await options.client.call<SetAnswer>('EmailSubmission/set', args).result;
  const made = answer.created?.send;
  if (made === undefined) {
    const { type = 'serverFail', invalidRecipients: people } = answer.notCreated?.send ?? {};
    if (isUnsure(type)) throw new Refused(type);
    return { kind: 'refused', type, ...(people && { people }) };
  }
  return { kind: 'sent', submission: made.id };
}

function isMismatch(error: unknown): boolean {
  return error instanceof Refused && error.type === 'stateMismatch';
}

/** Whether it could be taken back; then it is a draft again. */
export async function takeBack(
  client: Pick<JmapClient, 'call'>,
  submission: string,
  { mailboxes }: Pick<SendOptions, 'mailboxes'>,
): Promise<boolean> {
  const away = [mailboxes.scheduled, mailboxes.sent].filter((id) => id !== undefined);
  const back = {
    'keywords/$draft': true,
    [`mailboxIds/${mailboxes.drafts}`]: true,
    ...Object.fromEntries(away.map((id) => [`mailboxIds/${id}`, null])),
  };
  try {
    const update = { [submission]: { undoStatus: 'canceled' } };
    const answer = await client.call<{ readonly updated?: object | null }>('EmailSubmission/set', {
      ...{ update, onSuccessUpdateEmail: { [submission]: back } },
    }).result;
    return submission in (answer.updated ?? {});
  } catch {
    return false;
  }
}

export interface Asked {
  /** That sends it, or has. */
  readonly known: string | undefined;
  /** While it holds there is no other. */
  readonly state: string;
}

export async function submissionOf(
  client: Pick<JmapClient, 'call'>,
  emailIds: readonly string[],
): Promise<Asked> {
  // Asked first: what comes between the answers is not in this state.
  const before = client.call<{ readonly state: string }>('EmailSubmission/get', { ids: [] });
  const filter = { emailIds };
  const query = client.call<{ readonly ids: readonly string[] }>('EmailSubmission/query', { filter });
  const get = client.call<{
    readonly list: readonly { readonly id: string; readonly undoStatus: string }[];
  }>('EmailSubmission/get', { '#ids': query.ref('/ids'), properties: ['undoStatus'] });
  const [{ state }, , { list }] = await Promise.all([before.result, query.result, get.result]);
  return { known: list.find(({ undoStatus }) => undoStatus !== 'canceled')?.id, state };
}

function submissionArguments({
  identityId,
  emailId,
  draft,
  mailboxes,
  hold,
}: SendOptions): Record<string, unknown> {
  const people = [...draft.to, ...draft.cc, ...draft.bcc].map(({ email }) => email);
  const isHeld = 'untilMs' in hold || hold.seconds > 0;
  const parameters =
    'untilMs' in hold
      ? { HOLDUNTIL: utcDate(hold.untilMs) }
      : { HOLDFOR: String(hold.seconds + EXTRA_SECONDS) };
  const envelope = {
    mailFrom: { email: draft.from?.email ?? '', parameters: isHeld ? parameters : null },
    rcptTo: [...new Set(people)].map((email) => ({ email, parameters: null })),
  };
  const target = (isHeld ? mailboxes.scheduled : undefined) ?? mailboxes.sent;
  const moved = {
    'keywords/$draft': null,
    ...(target === undefined
      ? {}
      : { [`mailboxIds/${target}`]: true, [`mailboxIds/${mailboxes.drafts}`]: null }),
  };
  return { create: { send: { identityId, emailId, envelope } }, onSuccessUpdateEmail: { '#send': moved } };
}

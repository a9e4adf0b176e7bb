/** From the button to the mail that has gone: what is asked before, the server asked to hold it, the line that takes it back. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Question } from '../read/question.tsx';
import { type App, useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Desk } from '../shell/desk.ts';
import { saysAttached } from './attachment-words.ts';
import type { Draft } from './draft.ts';
import { scheduledMailbox } from './held.ts';
import { htmlText } from './html-text.ts';
import { Later } from './later.tsx';
import { refusalText } from './refusal.ts';
import { type SendOptions, send, takeBack } from './sender.ts';
import type { WritingSession } from './writing-session.ts';

export interface Sending {
  readonly isBusy: boolean;
  /** It was to go and did not, and is as it was then. */
  readonly isRefused: boolean;
  readonly question: ComponentChildren;
  ask(): void;
  askLater(): void;
}

type Doubt = 'noFile' | 'noSubject' | 'later';

/** `onDone`: it has gone, and so does the place where it was written. */
export function useSending(session: WritingSession, onDone: () => void): Sending {
  const app = useApp();
  const desk = useDesk();
  const texts = useTexts().write;
  const isBusy = useSignal(false);
  const doubt = useSignal<Doubt | undefined>(undefined);
  const refused = useSignal<Draft | undefined>(undefined);
  const hold = useSignal<SendOptions['hold']>({ seconds: app.preferences.choices.peek().undoSeconds });
  const go = async (): Promise<void> => {
    doubt.value = undefined;
    isBusy.value = true;
    const isGone = await sendNow(session, { app, desk, hold: hold.peek(), onDone });
    refused.value = isGone ? undefined : session.keeper.draft.peek();
    isBusy.value = false;
  };
  const check = (passed: readonly Doubt[]): void => {
    const draft = session.keeper.draft.peek();
    const found = doubtsOf(draft).find((one) => !passed.includes(one));
    if ([...draft.to, ...draft.cc, ...draft.bcc].length === 0)
      app.notices.show({ text: texts.nobody, isWrong: true });
    else if (found !== undefined) doubt.value = found;
    else void go();
  };
  const close = (): void => {
    doubt.value = undefined;
  };
  const now = doubt.value;
  const asked =
    now === 'noFile' ? [texts.noFileTitle, texts.noFileMeans] : [texts.noSubjectTitle, texts.noSubjectMeans];
  const question =
    now === undefined ? null : now === 'later' ? (
      <Later
        onClose={close}
        onTime={(untilMs) => {
          hold.value = { untilMs };
          check([]);
        }}
      />
    ) : (
      <Question key={now} title={asked[0] ?? ''} means={asked[1] ?? ''} cancel={texts.cancel} onClose={close}>
        <button
          type="button"
          class="button primary"
          onClick={() => check(now === 'noSubject' ? ['noSubject'] : ['noSubject', 'noFile'])}
        >
          {texts.sendAnyway}
        </button>
      </Question>
    );
  return {
    ...{ isBusy: isBusy.value, question },
    isRefused: refused.value !== undefined && refused.value === session.keeper.draft.value,
    ask: () => {
      hold.value = { seconds: app.preferences.choices.peek().undoSeconds };
      check([]);
    },
    askLater: () => {
      doubt.value = 'later';
    },
  };
}

function doubtsOf(draft: Draft): Doubt[] {
  const doubts: Doubt[] = [];
  if (draft.subject.trim() === '') doubts.push('noSubject');
  if (draft.files.length === 0 && saysAttached(`${draft.subject}\n${htmlText(draft.html)}`))
    doubts.push('noFile');
  return doubts;
}

interface Around {
  readonly app: App;
  readonly desk: Desk;
  readonly hold: SendOptions['hold'];
  readonly onDone: () => void;
}

/** False: it is a draft as before. */
async function sendNow(session: WritingSession, around: Around): Promise<boolean> {
  const { app, desk, hold, onDone } = around;
  const texts = app.texts.peek().write;
  const { keeper, identity } = session;
  const { client, cache, actions } = desk.sync;
  const isSaved = await keeper.save();
  const emailId = keeper.serverId;
  const drafts = cache.byRole('drafts')?.id;
  const draft = keeper.draft.peek();
  const stays = (text: string): false => {
    app.notices.show({ text, isWrong: true });
    return false;
  };
  const offline = async (): Promise<boolean> => (await waits(session, around)) || stays(texts.notSentOffline);
  if (!isSaved || emailId === undefined || drafts === undefined || identity === undefined) {
    const { kind } = keeper.state.peek();
    // What the server does not take as a draft it would not take later either.
    return kind === 'refused' ? stays(texts.notSent) : offline();
  }
  const scheduled =
    'untilMs' in hold
      ? await scheduledMailbox(client, app.texts.peek().list.roles.scheduled ?? '').catch(() => undefined)
      : cache.byRole('scheduled')?.id;
  const mailboxes = { drafts, sent: cache.byRole('sent')?.id, scheduled };
  const result = await send({ client, identityId: identity.id, emailId, draft, mailboxes, hold });
  if (result.kind === 'unreachable') return offline();
  if (result.kind === 'refused') return stays(refusalText(result, texts, app.language.peek()));
  await keeper.end();
  if (draft.answers !== undefined)
    actions.run({ patches: [{ id: draft.answers.email, keywords: { [draft.answers.keyword]: true } }] });
  onDone();
  const undo = async (): Promise<void> => {
    const isBack = await takeBack(client, result.submission, { mailboxes });
    app.notices.show({ text: isBack ? texts.takenBack : texts.tooLate, isWrong: !isBack });
    if (isBack) app.router.go({ at: 'write', draft: emailId, parameters: '' });
  };
  const text =
    'untilMs' in hold
      ? texts.scheduled(app.formats.peek().fullTime(new Date(hold.untilMs).toISOString()))
      : texts.sent;
  const canUndo = 'untilMs' in hold || hold.seconds > 0;
  app.notices.show({ text, ...(canUndo && { action: { text: texts.undo, run: () => void undo() } }) });
  void desk.look();
  return true;
}

/** False: it cannot wait here, on a device that is not the person's own. */
async function waits(
  { keeper, identity }: WritingSession,
  { app, desk, hold, onDone }: Around,
): Promise<boolean> {
  const { outgoing } = desk;
  if (outgoing.outbox.peek() === undefined || identity === undefined) return false;
  const draft = keeper.draft.peek();
  const id = crypto.randomUUID();
  const mail = { id, draft, serverId: keeper.serverId, identityId: identity.id, hold };
  const isAdded = await outgoing.put(mail).then(
    () => true,
    () => false,
  );
  if (!isAdded) return false;
  await keeper.end();
  onDone();
  const texts = app.texts.peek().write;
  const run = (): void => void outgoing.reopen(id, app.router);
  app.notices.show({ text: texts.willBeSent, action: { text: texts.undo, run } });
  return true;
}

/**
 * NOTIFY (RFC 5465): a client says once of what it wants to hear, and is told the moment it is durable, also while no
 * command runs. Who watches is `watch.ts`; what is told of the open mailbox, `updates.ts`.
 *
 * The inboxes are INBOX alone. There are no annotations of messages, so of AnnotationChange nothing ever comes.
 */
import { MailboxError } from '../../mailbox/model/errors.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import { enableCondstore } from '../condstore.ts';
import type { Call, SessionContext } from '../context.ts';
import { defineExtension } from '../extension.ts';
import { type FetchPlan, planFetch } from '../fetch/plan.ts';
import { FetchRun } from '../fetch/run.ts';
import type { FetchItem } from '../item.ts';
import { placesOf } from '../places.ts';
import { type Completion, no, ok } from '../replies.ts';
import { end } from '../wire/grammar.ts';
import { NOTIFY_EVENTS, type NotifySet, notifyArgs, type SelectedEvents } from '../wire/notify-args.ts';
import { EVERYTHING_WATCHED, NOTHING_WATCHED, type WatchedSelected, type Watching } from '../wishes.ts';

type SignedIn = Call<'authenticated' | 'selected'>;

const notifyCommand = defineCommand({
  name: 'NOTIFY',
  states: SIGNED_IN,
  gathers: true,
  parse(c, tables) {
    const args = notifyArgs(c, tables.fetchItems);
    end(c);
    return args;
  },
  async run(call, args): Promise<Completion> {
    const { session } = call;
    if (args?.hasUnknown === true)
      return no('There is no such event', `BADEVENT (${NOTIFY_EVENTS.join(' ')})`);
    if (args === undefined) session.watch(NOTHING_WATCHED);
    else {
      // What has come together is told, whatever is to be told from here on (RFC 5465 §3.1).
      session.watch(EVERYTHING_WATCHED);
      await session.tellUpdates(true);
      await watch(call, args);
    }
    return ok('NOTIFY completed');
  },
});

export const notify = defineExtension({
  rfc: 'RFC 5465 NOTIFY',
  capabilities: () => ['NOTIFY'],
  commands: [notifyCommand],
});

async function watch(call: SignedIn, { selected, groups, wantsStatus }: NotifySet<FetchItem>): Promise<void> {
  const { session } = call;
  const wishes = selected === undefined ? NOTHING_WATCHED.selected : wishesOf(call, selected);
  const wanted = { selected: wishes, groups };
  const started = session.watch(wanted);
  await started.beginOthers(wanted);
  if (wantsStatus)
    await tellStatus(
      call,
      started,
      groups.map(({ filter }) => filter),
    );
}

function wishesOf(call: SignedIn, { events, items, isDelayed }: SelectedEvents<FetchItem>): WatchedSelected {
  const { session } = call;
  const wishes = {
    arrivals: events.has('MessageNew'),
    expunges: events.has('MessageExpunge'),
    flags: events.has('FlagChange'),
    isDelayed,
  };
  if (items.length === 0) return wishes;
  const plan = planFetch(items, true, undefined);
  if (plan.impliesCondstore) enableCondstore(call);
  return { ...wishes, arrived: fetchArrived(session, plan) };
}

/** Of a message that has come what the client has asked for (§5.2). One that cannot be read now is told of by EXISTS alone. */
function fetchArrived(session: SessionContext, plan: FetchPlan): NonNullable<WatchedSelected['arrived']> {
  return async (selected, runs) => {
    try {
      await new FetchRun(session, selected, plan).run(runs);
    } catch (error) {
      if (!(error instanceof MailboxError) || !session.out.dropOpenLine()) throw error;
      session.log.warn({ err: error }, 'new messages could not be read for a client that wants them told');
    }
  };
}

async function tellStatus(
  call: SignedIn,
  watch: Watching,
  filters: Parameters<typeof placesOf>[1],
): Promise<void> {
  const { session, state } = call;
  const open = state.kind === 'selected' ? state.selected.mailbox : undefined;
  for (const place of await placesOf(session.reach, filters)) {
    const { mailbox, name } = place;
    const subscribed = place.isOwn
      ? mailbox.subscribed
      : session.reach.own.orphanSubscriptions.includes(name);
    if (mailbox === open || mailbox.isGone || !watch.wantsMessages({ name, subscribed })) continue;
    watch.writeFirstStatus(place);
    const pause = session.breathe();
    if (pause !== undefined) await pause;
  }
}

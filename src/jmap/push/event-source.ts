/**
 * The event source (RFC 8620 §7.3): a reply without an end, in which states are told as they change. The id of an event is the
 * states themselves, so whoever comes back with the last one is told at once what it missed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpReply, type HttpRequest, type Route, text } from '../../http/exchange.ts';
import type { Admission } from '../../identity/authenticator.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { Member } from '../../net/roster.ts';
import { PATHS } from '../core/session-object.ts';
import type { JmapServices } from '../services.ts';
import { signedIn } from '../signed-in.ts';
import { PAUSE_MS } from './account-watch.ts';
import { stateString, statesIn, type TypeStates } from './type-states.ts';
import { type ChangedStates, Watches } from './watches.ts';

/** The least and the most, in seconds, whatever is asked for. */
const PING = { least: 30, most: 300 } as const;
const MAX_TYPES = 500;

interface Wishes {
  readonly types: ReadonlySet<string> | undefined;
  readonly closesAfterState: boolean;
  /** Undefined: none are wanted. */
  readonly pingSeconds: number | undefined;
}

export function eventRoutes(services: JmapServices): readonly Route[] {
  return [
    {
      method: 'GET',
      path: PATHS.events,
      answer: signedIn(services, (request, who) => answer(services, request, who)),
    },
  ];
}

async function answer(services: JmapServices, request: HttpRequest, who: Admission): Promise<HttpReply> {
  const wishes = wishesIn(request.query);
  if (wishes === undefined)
    return text(400, 'types, closeafter ("state" or "no") and ping (seconds) are needed.\n');
  const { domain, visits, stateSources: sources } = services;
  let watch: Watches;
  try {
    const account = await domain.accounts.open(who.record.id);
    const { types } = wishes;
    const { record, credential } = who;
    watch = await Watches.begin(account, {
      domain,
      sources,
      types,
      visits,
      record,
      credential: credential?.id,
    });
  } catch (error) {
    if (!(error instanceof MailboxError)) throw error;
    const isGone = error.code === 'bad-credentials' || error.code === 'nonexistent';
    return isGone ? services.askToSignIn(request) : tryAgain();
  }
  // Also where nobody begins to read: of a client that is gone by now, or wanted the header alone.
  request.gone.addEventListener('abort', () => watch.stop(), { once: true });
  if (request.gone.aborted) watch.stop();
  return {
    status: 200,
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-store',
      'x-accel-buffering': 'no',
    },
    body: events(watch, wishes, services, request, who),
    isEndless: true,
  };
}

/** The store is in trouble: whoever asks is signed in all the same. */
function tryAgain(): HttpReply {
  const reply = text(503, 'Your mail cannot be read at the moment; try again.\n');
  return { ...reply, headers: { ...reply.headers, 'retry-after': '5' } };
}

async function* events(
  watch: Watches,
  wishes: Wishes,
  services: JmapServices,
  { closing, headers }: HttpRequest,
  { record }: Admission,
): AsyncGenerator<string> {
  const end = (): void => watch.stop();
  const member: Member & { lastActiveMs: number } = { lastActiveMs: performance.now(), stop: end };
  const leave = services.streams.join(record.address, member);
  closing.addEventListener('abort', end, { once: true });
  if (closing.aborted) end();
  try {
    const missed = statesIn(headers['last-event-id']);
    if (missed !== undefined) watch.wasTold(missed);
    // Proxies and browsers show that it has begun when there is something.
    yield ':\n\n';
    const waitMs = (wishes.pingSeconds ?? PING.most) * 1000;
    while (!watch.isOver) {
      const changed = await watch.next(waitMs);
      if (changed !== undefined) {
        member.lastActiveMs = performance.now();
        yield stateEvent(changed, watch.told);
        if (wishes.closesAfterState) return;
        await sleep(PAUSE_MS, undefined, { ref: false });
      } else if (!watch.isOver) yield pingEvent(wishes.pingSeconds);
    }
  } finally {
    end();
    leave();
    closing.removeEventListener('abort', end);
  }
}

function stateEvent(changed: ChangedStates, told: TypeStates): string {
  const data = JSON.stringify({ '@type': 'StateChange', changed });
  return `event: state\nid: ${stateString(told)}\ndata: ${data}\n\n`;
}

/** Who wants none gets a comment now and then: a connection that has gone is found out by it. */
function pingEvent(interval: number | undefined): string {
  return interval === undefined ? ':\n\n' : `event: ping\ndata: ${JSON.stringify({ interval })}\n\n`;
}

function wishesIn(query: URLSearchParams): Wishes | undefined {
  const [types, closeAfter, ping] = [query.get('types'), query.get('closeafter'), query.get('ping')];
  if (types === null || types.length > MAX_TYPES || !/^(?:\*|\w+(?:,\w+)*)$/.test(types)) return undefined;
  if ((closeAfter !== 'state' && closeAfter !== 'no') || ping === null || !/^\d{1,9}$/.test(ping))
    return undefined;
  const seconds = Number(ping);
  return {
    types: types === '*' ? undefined : new Set(types.split(',')),
    closesAfterState: closeAfter === 'state',
    pingSeconds: seconds === 0 ? undefined : Math.min(PING.most, Math.max(PING.least, seconds)),
  };
}

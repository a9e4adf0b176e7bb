/**
 * What happened to an account, and who did it: sign-ins and their ends, mail that came in or was refused, what clients
 * deleted, moved and renamed, what an administrator changed. Each event is a line of the log and, for
 * `brevduva activity ADDRESS`, an entry of a journal.
 *
 * What strangers try is kept apart from what the account's own sessions did, so that no number of wrong passwords pushes
 * out who deleted the mail; and it is limited by where it comes from, as lines of the log are.
 */
import type { Clock } from '../base/clock.ts';
import type { Log, LogFields } from '../base/log.ts';
import { LineLimits } from '../base/log-limits.ts';

export interface ActivityEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly account: string;
  readonly what: string;
  readonly [fact: string]: unknown;
}

/** `own`: by the account's sessions, deliveries and administrators. `strangers`: by whoever could not sign in. */
export type ActivityKind = 'own' | 'strangers';

export interface ActivityJournal {
  append(kind: ActivityKind, event: ActivityEvent): void;
}

export interface ActivityOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly journal?: ActivityJournal;
}

/** How often something happened since the start. Both names are constants of ours: there are only so many. */
export interface EventCount {
  readonly what: string;
  readonly service: string;
  count: number;
}

export class Activity {
  readonly #options: ActivityOptions;
  readonly #limits: LineLimits;
  readonly #counts = new Map<string, EventCount>();

  constructor(options: ActivityOptions) {
    this.#options = options;
    this.#limits = new LineLimits(() => options.clock.nowMs());
  }

  counts(): Iterable<Readonly<EventCount>> {
    return this.#counts.values();
  }

  /** By a session that is signed in to the account. `what` is a constant, as every message of the log. */
  note(account: string, what: string, facts: LogFields = {}): void {
    this.#count(what, facts);
    this.#options.log.child({ account }, account).info(facts, what);
    if (this.#limits.admits(what, { name: account, isAccount: true }))
      this.#append('own', account, what, facts);
  }

  /** What people will look for one by one, however much of it there is: deliveries, changes by an administrator. */
  record(account: string, what: string, facts: LogFields = {}): void {
    this.#count(what, facts);
    this.#options.log.record({ account, ...facts }, what);
    this.#append('own', account, what, facts);
  }

  /** By somebody at the address `remote` who is not signed in. `isAccount`: there is such an account. */
  attempt(
    account: string,
    what: string,
    facts: LogFields & { readonly remote: string },
    isAccount: boolean,
  ): void {
    this.#count(what, facts);
    this.#options.log.warn({ account, ...facts }, what);
    if (isAccount && this.#limits.admits(what, { name: facts.remote, isAccount: false })) {
      this.#append('strangers', account, what, facts);
    }
  }

  #count(what: string, { service = 'admin' }: LogFields): void {
    const key = `${what} ${service}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { what, service: String(service), count: 1 });
    else counted.count++;
  }

  #append(kind: ActivityKind, account: string, what: string, facts: LogFields): void {
    const time = new Date(this.#options.clock.nowMs()).toISOString();
    this.#options.journal?.append(kind, { time, account, what, ...facts });
  }
}

/** The oldest first; those of one moment as they are. */
export function inOrderOfTime(events: readonly ActivityEvent[]): ActivityEvent[] {
  return events.toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

const MAX_UIDS_LENGTH = 200;

/** Which messages: `4:9,12`, cut where it gets long; the count beside it says how many there were. */
export function uidsForLog(uids: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < uids.length && text.length < MAX_UIDS_LENGTH; ) {
    const first = uids[i] as number;
    let last = first;
    for (i++; i < uids.length && uids[i] === last + 1; i++) last++;
    text += `${text === '' ? '' : ','}${first === last ? first : `${first}:${last}`}`;
    if (i < uids.length && text.length >= MAX_UIDS_LENGTH) text += ',...';
  }
  return text;
}

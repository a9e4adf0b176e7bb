/** `PeopleAdmin` of the accounts, connections and journal of this process. */
import { TimeSlice } from '../base/time-slice.ts';
import type { Activity, ActivityEvent } from '../identity/activity.ts';
import type { ActivityFiles } from '../identity/activity-files.ts';
import { isAdmin } from '../identity/role.ts';
import type { SecondSteps } from '../identity/second-steps.ts';
import type { WebSessions } from '../identity/web-sessions.ts';
import type { Domain } from '../mailbox/domain.ts';
import { isClosed } from '../mailbox/model/access.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';
import type { Connections } from '../net/connections.ts';
import type { AccountSummary } from './admin.ts';
import type { AccountsPage, AccountsWanted, PeopleAdmin } from './people-admin.ts';

export interface LocalPeopleParts {
  readonly domain: Domain;
  readonly activity: Activity;
  readonly journal: Pick<ActivityFiles, 'recent'>;
  readonly connections: Pick<Connections, 'disconnect'>;
  readonly webSessions: Pick<WebSessions, 'makeLink'>;
  readonly secondSteps: Pick<SecondSteps, 'reset'>;
  /** Throws `nonexistent`. */
  accountOf(address: string): Promise<AccountRecord>;
  summaryOf(record: AccountRecord): Promise<AccountSummary>;
}

/** Whatever begins with one of these: a sign-in, or one that was refused. */
const SIGN_INS = [
  'signed in',
  'sign-in',
  'wrong name or password',
  'app password refused',
  'token refused',
  'certificate refused',
];

export class LocalPeople implements PeopleAdmin {
  readonly #parts: LocalPeopleParts;

  constructor(parts: LocalPeopleParts) {
    this.#parts = parts;
  }

  async page(wanted: AccountsWanted): Promise<AccountsPage> {
    const { store } = this.#parts.domain;
    const slice = new TimeSlice();
    const fits = fitting(wanted);
    const found: AccountRecord[] = [];
    let total = 0;
    for (const record of await store.directory.list()) {
      await slice.spent();
      // Of accounts that another process holds, that one knows how much they use.
      if (!store.owns(record.id) || !fits(record)) continue;
      total++;
      const isBehind = wanted.after === undefined || record.address > wanted.after;
      if (isBehind && found.length < wanted.limit) found.push(record);
    }
    return { accounts: await Promise.all(found.map((one) => this.#parts.summaryOf(one))), total };
  }

  async makeLink(address: string): Promise<string> {
    const record = await this.#parts.accountOf(address);
    if (isClosed(record)) throw new MailboxError('cannot', `${record.address} is closed; open it first`);
    const token = await this.#parts.webSessions.makeLink(record.id);
    this.#parts.activity.record(record.address, 'link to sign in made');
    return token;
  }

  async resetSecondStep(address: string): Promise<boolean> {
    const { id } = await this.#parts.accountOf(address);
    return this.#parts.secondSteps.reset(id);
  }

  signIns(limit: number): Promise<readonly ActivityEvent[]> {
    return this.#parts.journal.recent(limit, ({ what }) => SIGN_INS.some((one) => what.startsWith(one)));
  }

  async disconnect(id: string): Promise<boolean> {
    return this.#parts.connections.disconnect(id);
  }
}

function fitting({ search = '', standing }: AccountsWanted): (record: AccountRecord) => boolean {
  const part = search.trim().toLowerCase();
  return (record) =>
    record.address.toLowerCase().includes(part) &&
    (standing === undefined || (standing === 'admin' ? isAdmin(record) : isClosed(record)));
}

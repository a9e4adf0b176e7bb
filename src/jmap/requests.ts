/** Requests of an account, wherever they come in: so many at once, read as JSON, run, answered as pieces of JSON. */
import { randomUUID } from 'node:crypto';
import type { LogFields } from '../base/log.ts';
import { actingAs } from '../mailbox/domain.ts';
import type { AccountId, AccountRecord } from '../mailbox/model/model.ts';
import { loadEverything } from '../mailbox/query/email-rows.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { accountOfObjectId } from './core/account-id.ts';
import { runCalls } from './core/dispatch.ts';
import { MethodError } from './core/fault.ts';
import type { Json } from './core/json.ts';
import { JsonFault, readJson } from './core/json-reader.ts';
import { overLimit, RequestProblem } from './core/problem.ts';
import { readRequest } from './core/request.ts';
import { sessionState } from './core/session-object.ts';
import type { JmapServices } from './services.ts';
import { requireForVisitors, writes } from './visitors.ts';

export interface Asker {
  readonly record: AccountRecord;
  /** The number of what was signed in with; undefined for an issuer's token. */
  readonly credential: number | undefined;
  /** What the program says it is. */
  readonly client: string | undefined;
  /** Its address. */
  readonly remote: string;
  /** Aborted when it is gone. */
  readonly gone: AbortSignal;
}

export class Requests {
  readonly #services: JmapServices;
  readonly #running = new Map<AccountId, number>();

  constructor(services: JmapServices) {
    this.#services = services;
  }

  /** Takes one of the account's places until `work` is done. Throws `RequestProblem` when all are taken. */
  async within<T>({ id }: AccountRecord, work: () => Promise<T>): Promise<T> {
    const most = this.#services.limits.maxConcurrentRequests;
    const before = this.#running.get(id) ?? 0;
    if (before >= most) throw overLimit('maxConcurrentRequests', `at most ${most} requests at once`, 429);
    this.#running.set(id, before + 1);
    try {
      return await work();
    } finally {
      const left = (this.#running.get(id) ?? 1) - 1;
      if (left === 0) this.#running.delete(id);
      else this.#running.set(id, left);
    }
  }

  /** Throws `RequestProblem`. */
  async read(octets: Buffer): Promise<Json> {
    try {
      return await readJson(octets, this.#services.limits.maxDepth);
    } catch (error) {
      if (error instanceof JsonFault) throw new RequestProblem('notJSON', error.message);
      throw error;
    }
  }

  /** `more`: what stands before the answers. Undefined when the client is gone. Throws `RequestProblem`. */
  async answer(
    value: Json,
    { record, credential, client, remote, gone }: Asker,
    more: Readonly<Record<string, Json>> = {},
  ): Promise<readonly Buffer[] | undefined> {
    const { limits, methods, capabilities } = this.#services;
    const known = new Set(capabilities.map(({ uri }) => uri));
    const request = readRequest(value, known, limits);
    const author = { service: 'jmap', id: randomUUID(), client: client?.slice(0, 200) };
    const log = this.#services.log.child({ account: record.address, request: author.id }, record.address);
    const domain = actingAs(this.#services.domain, author);
    const by = { session: author.id, service: author.service, remote };
    return runCalls(request, methods, {
      ...{ domain, record, credential, limits, log, gone, more },
      note: (account, what, facts) => this.#note(record, account, what, { ...by, ...facts }),
      sessionState: sessionState(record, this.#services, await this.#services.visits.lately(record)),
      writes,
      areStillTrue: (accounts) => this.#services.visits.areStillTrue(record, accounts),
      account: async (accountId, method) => {
        const id = accountOfObjectId(accountId);
        if (id === record.id) return domain.accounts.open(record.id);
        const visited = id === undefined ? undefined : await this.#services.visits.open(record, id);
        if (visited === undefined)
          throw new MethodError('accountNotFound', 'there is no such account for you');
        requireForVisitors(method);
        // Its states go by what is to be seen.
        await loadEverything(domain, visited);
        return visited;
      },
    });
  }

  /** Of what somebody does at somebody else both can read. */
  #note({ address }: AccountRecord, { visit, record }: AccountState, what: string, facts: LogFields): void {
    const { activity } = this.#services;
    activity.note(address, what, visit === undefined ? facts : { ...facts, owner: record.address });
    if (visit !== undefined) activity.note(record.address, what, { ...facts, by: address });
  }
}

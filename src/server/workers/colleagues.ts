/**
 * What one of several workers is to the others: it listens where they reach it, takes in the connections and deliveries of the
 * accounts that it holds, tells them what all have to hear. The one that writes the accounts also speaks for all of them.
 */

import type { Admin, Watch } from '../../admin/admin.ts';
import type { ControlServer } from '../../admin/control-server.ts';
import { SharedAdmin } from '../../admin/shared-admin.ts';
import { socketPath } from '../../admin/socket-path.ts';
import type { Log } from '../../base/log.ts';
import { RelayClient } from '../../net/relay-client.ts';
import { RelayServer } from '../../net/relay-server.ts';
import type { Sessions } from '../../net/sessions.ts';
import type { TicketKeys } from '../../net/ticket-keys.ts';
import { SqliteDirectory } from '../../store/sqlite/directory.ts';
import type { MailSystem } from '../mail-system.ts';
import type { RunningProtocols } from '../protocols.ts';
import { AccountsWriter } from './accounts-writer.ts';
import { receiveArrivals } from './arrivals.ts';
import { ACCOUNTS_KIND } from './feed-wire.ts';
import { GatheredWatch } from './gathered-watch.ts';
import { Gossip, type News } from './gossip.ts';
import { CONTROL_KIND, Offices } from './offices.ts';
import { workerName } from './orders.ts';
import { type Part, placementOf } from './part.ts';

export interface ColleaguesOptions {
  readonly data: string;
  readonly part: Part;
  readonly log: Log;
  /** To all others. */
  readonly tell: (news: News) => void;
}

export class Colleagues {
  readonly part: Part;
  readonly relay: RelayClient;
  readonly #options: ColleaguesOptions;
  #system: MailSystem | undefined;
  #gossip: Gossip | undefined;
  #ticketKeys: TicketKeys | undefined;
  #server: RelayServer | undefined;

  constructor(options: ColleaguesOptions) {
    this.part = options.part;
    this.#options = options;
    this.relay = new RelayClient((name) => socketPath(options.data, name));
  }

  /** It writes the accounts, and speaks for all. */
  get isSpokesman(): boolean {
    return this.part.accounts === undefined;
  }

  /** The shards are held here: from now on the others find this one. */
  async join(system: MailSystem, ticketKeys: TicketKeys): Promise<void> {
    const { data, part, log, tell } = this.#options;
    this.#system = system;
    this.#ticketKeys = ticketKeys;
    if (this.isSpokesman) ticketKeys.onFresh = (ticketKey) => tell({ ticketKey });
    const gossip = new Gossip(system.connections, tell);
    this.#gossip = gossip;
    system.connections.onCounted = () => gossip.counted();
    system.connections.onWantsPlace = (name, service) => tell({ displace: { name, service } });
    system.authenticator.onNews = (news) => gossip.tried(news);
    system.domain.turns.onRoomMade.add(({ id }) => gossip.madeRoom(id));
    this.#server = await RelayServer.open(socketPath(data, workerName(part.worker)), log);
    this.#followAccounts(system, this.#server);
  }

  /** What the command line and whoever watches are told: of all workers, where this one speaks for them. */
  spokesman(local: Admin, watch: Watch): { readonly admin: Admin; readonly watch: Watch } {
    if (!this.isSpokesman) return { admin: local, watch };
    const { accounts, directory } = this.#joined();
    const offices = new Offices(this.part, this.relay, local);
    const { workerOf } = placementOf(this.part, directory);
    const admin = new SharedAdmin({
      local,
      accountOf: (address) => accounts.accountOf(address),
      recordOf: (id) => accounts.recordOf(id),
      holder: (account) => offices.of(workerOf(account.id)),
      everybody: () => offices.all(),
      whoIsThere: () => offices.reachable(),
    });
    return { admin, watch: new GatheredWatch(offices, watch) };
  }

  /** Commands for this worker come from the one that speaks for all. */
  obey(control: ControlServer): void {
    this.#server?.on(CONTROL_KIND, (socket) => control.accept(socket));
  }

  /** From now on it serves the accounts that it holds, wherever their clients came in. */
  receive(system: MailSystem, protocols: RunningProtocols): { close(graceMs: number): Promise<void> } {
    const { log } = this.#options;
    const server = this.#server as RelayServer;
    const sessions: Sessions = receiveArrivals(server, { ...system, ...protocols, log });
    return {
      async close(graceMs) {
        server.close();
        protocols.requests.close();
        await sessions.close(graceMs);
      },
    };
  }

  /** Nobody comes any more, and whoever is still there is cut off. */
  leave(): void {
    this.#server?.destroyAll();
  }

  hear(from: number, { tally, throttle = [], displace, ticketKey, room = [] }: News): void {
    if (ticketKey !== undefined) this.#ticketKeys?.hear(ticketKey);
    if (displace?.name === workerName(this.part.worker))
      this.#system?.connections.displaceOldest(displace.service);
    if (tally !== undefined) this.#system?.connections.hear(workerName(from), tally);
    for (const news of throttle) this.#system?.authenticator.hear(news);
    for (const account of room) this.#system?.domain.turns.outbox.noteRoom(account);
  }

  gone(worker: number): void {
    this.#system?.connections.hear(workerName(worker), undefined);
  }

  /** Somebody is new, and has heard nothing. */
  tellAll(): void {
    this.#gossip?.tellAll();
    const ticketKey = this.isSpokesman ? this.#ticketKeys?.shared() : undefined;
    if (ticketKey !== undefined) this.#options.tell({ ticketKey });
  }

  /** Changes reach the accounts that are in memory, and those who follow. */
  #followAccounts({ directory, domain }: MailSystem, server: RelayServer): void {
    if (directory instanceof SqliteDirectory) {
      const writer = new AccountsWriter(directory, this.#options.log, this.part.workers - 1);
      server.on(ACCOUNTS_KIND, (socket) => void writer.serve(socket));
      directory.onChanged = async (change) => {
        if (change.kind === 'put') domain.accounts.refresh(change.record);
        else if (change.kind === 'domain') await domain.accounts.refreshDomain(change.name);
        return writer.tell(change);
      };
      return;
    }
    const { accounts } = this.part;
    if (accounts === undefined) return;
    accounts.onChanged = async (change) => {
      if (change.kind === 'put') domain.accounts.refresh(change.record);
      else if (change.kind === 'domain') await domain.accounts.refreshDomain(change.name);
      // Whoever removes it does this as well, unless the answer of the writer was lost.
      else if (change.kind === 'removing') domain.accounts.evict(change.id, 'the account was removed');
    };
  }

  #joined(): MailSystem {
    if (this.#system === undefined) throw new Error('not joined yet');
    return this.#system;
  }
}

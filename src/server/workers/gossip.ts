/**
 * What every worker has to hear of the others so that an attacker who is spread over all of them is still one attacker: how
 * many connections each address has, and who failed to sign in. And in which accounts there is room again, for whoever has mail for them.
 * Gathered for a moment and sent together; nobody waits for it.
 */
import type { ThrottleNews } from '../../identity/throttle.ts';
import type { AccountId } from '../../mailbox/model/model.ts';
import type { Tally } from '../../net/connections.ts';
import type { SharedTicketKey } from '../../net/ticket-keys.ts';

export interface News {
  readonly tally?: Tally;
  readonly throttle?: readonly ThrottleNews[];
  /** Of the one that speaks for all; everybody's from now on. */
  readonly ticketKey?: SharedTicketKey;
  /** Numbers of accounts of the one who says it: mail that waits for room there may come. */
  readonly room?: readonly AccountId[];
  /** The one of this name is to displace a stranger of this service. */
  readonly displace?: { readonly name: string; readonly service: string };
}

interface Teller {
  /** What changed since it was last asked. */
  takeTally(isWhole?: boolean): Tally;
}

const GATHER_MS = 20;
/** An attack that fails more often is slowed down by what each worker sees. */
const MAX_AT_ONCE = 200;

export class Gossip {
  readonly #connections: Teller;
  readonly #send: (news: News) => void;
  #throttle: ThrottleNews[] = [];
  #room = new Set<AccountId>();
  #hasCounted = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(connections: Teller, send: (news: News) => void) {
    this.#connections = connections;
    this.#send = send;
  }

  /** Somebody came or went. */
  counted(): void {
    this.#hasCounted = true;
    this.#tellSoon();
  }

  /** One is new: it hears everything. */
  tellAll(): void {
    this.#send({ tally: this.#connections.takeTally(true) });
  }

  tried(news: ThrottleNews): void {
    if (this.#throttle.length < MAX_AT_ONCE) this.#throttle.push(news);
    this.#tellSoon();
  }

  /** Beyond the bound it comes by its time. */
  madeRoom(account: AccountId): void {
    if (this.#room.size < MAX_AT_ONCE) this.#room.add(account);
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS).unref();
  }

  #tell(): void {
    this.#timer = undefined;
    const tally = this.#hasCounted ? this.#connections.takeTally() : undefined;
    this.#hasCounted = false;
    const throttle = this.#throttle;
    this.#throttle = [];
    const room = [...this.#room];
    this.#room.clear();
    this.#send({
      ...(tally === undefined ? {} : { tally }),
      ...(throttle.length === 0 ? {} : { throttle }),
      ...(room.length === 0 ? {} : { room }),
    });
  }
}

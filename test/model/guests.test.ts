/**
 * The model from outside, of people who share: sessions of an owner and of guests in the same mailboxes, over real sockets, while rights are
 * given and taken, mail is delivered, and on a store that makes them wait and refuses. What a guest is told never contradicts itself,
 * his own \Seen included; whoever may not read is told nothing; and when all is quiet everybody has what a fresh session reads.
 *
 * Beside them messages are moved in a ring, from the owner to guests and back: each is in one place in the end.
 *
 * BREVDUVA_TEST_SEED is the first seed, BREVDUVA_TEST_FUZZ multiplies the number of runs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random, seedOf } from '../crash/random.ts';
import { ImapClient } from '../imap-client.ts';
import { startTestImap, type TestImap } from '../kit/imap.ts';
import { runs } from '../kit/runs.ts';
import { CALM, UnreliableStore, type Weather } from '../kit/unreliable-store.ts';
import { readMailbox } from './fresh.ts';
import { writeContent } from './mail.ts';
import { Shared, SocketClient } from './socket-client.ts';

const SEED = seedOf('BREVDUVA_TEST_SEED');
const OWNER = 'owner@example.com';
const GUESTS = ['anna@example.com', 'bo@example.com'] as const;
const SHARED = ['INBOX', 'Team', 'Team/Sub'] as const;
const RING = 'Ring';
const RING_MESSAGES = 24;
const STEPS = 70;
const RIGHTS = ['lrswite', 'lrswite', 'lrs', 'lr', 'lrsi', 'l', ''];
const STORM: Weather = { ...CALM, refusal: 0.06, refusals: ['io', 'full', 'conflict'], slowRead: 0.2 };

const atOwner = (name: string): string => `"Other Users/${OWNER}/${name}"`;
const isGone = (error: unknown): boolean =>
  /closed the connection|ECONNRESET|was refused/.test((error as Error).message);

for (let seed = SEED; seed < SEED + runs(2); seed++) {
  const isStormy = seed % 2 === 1;
  const where = isStormy ? 'on a store that refuses and waits' : 'on a store that works';
  test(`people who share have what the server has, ${where} (BREVDUVA_TEST_SEED=${seed})`, async () => {
    await using world = await World.start(new Random(seed), isStormy);
    await world.work();
    await world.compare();
    await world.compareRing();
  });
}

/** What the owner has said: a right that is being changed is neither there nor not there. */
class Grants {
  readonly #known = new Map<string, string | undefined>();
  #version = 1;
  readonly #versions = new Map<string, number>();

  begin(guest: string, name: string): void {
    this.#known.set(`${guest} ${name}`, undefined);
  }

  end(guest: string, name: string, rights: string): void {
    this.#known.set(`${guest} ${name}`, rights);
    this.#versions.set(`${guest} ${name}`, this.#version++);
  }

  forbidden(guest: string, name: string): number | undefined {
    const rights = this.#known.get(`${guest} ${name}`);
    return rights === undefined || rights.includes('r') ? undefined : this.#versions.get(`${guest} ${name}`);
  }
}

class World {
  readonly #random: Random;
  readonly #server: TestImap;
  readonly #store: UnreliableStore;
  readonly #isStormy: boolean;
  readonly #grants = new Grants();
  readonly #owner: Shared;
  readonly #guests = new Map<string, Shared>();
  readonly #clients: { readonly who: string; readonly client: SocketClient }[] = [];
  #mayBeTwice = false;
  #isOver = false;

  private constructor(server: TestImap, store: UnreliableStore, random: Random, isStormy: boolean) {
    this.#server = server;
    this.#store = store;
    this.#random = random;
    this.#isStormy = isStormy;
    this.#owner = this.#sharedBy(OWNER);
    // Numbers of messages are unlike those of the others.
    for (const [n, guest] of GUESTS.entries()) {
      const shared = this.#sharedBy(guest);
      shared.next = 100_000 * (n + 1);
      this.#guests.set(guest, shared);
    }
  }

  static async start(random: Random, isStormy: boolean): Promise<World> {
    let store: UnreliableStore | undefined;
    const server = await startTestImap({
      wrapStore: (inner) => {
        store = new UnreliableStore(inner, random.fork());
        return store;
      },
    });
    assert.ok(store);
    const world = new World(server, store, random, isStormy);
    await world.#begin();
    return world;
  }

  async work(): Promise<void> {
    const weather = this.#weather();
    const stepping = this.#clients.map(async ({ client }) => {
      for (let i = 0; i < STEPS; i++) await client.step();
    });
    const others = [this.#grantAndTake(), this.#deliver(), ...GUESTS.map((guest) => this.#goRound(guest))];
    try {
      await Promise.all(stepping);
    } finally {
      this.#isOver = true;
      await Promise.all([...others, weather]);
    }
  }

  /** Everybody reads everything, and has the same as whoever comes new. */
  async compare(): Promise<void> {
    for (const guest of GUESTS) for (const name of SHARED) await this.#grant(guest, name, 'lrswite');
    for (const who of [OWNER, ...GUESTS]) {
      const clients = this.#clients.filter((one) => one.who === who);
      for (const { client } of clients) await client.catchUp();
      const fresh = await ImapClient.signIn(this.#server.port, who, 'secret');
      await fresh.ok('ENABLE CONDSTORE');
      for (const name of SHARED.map((one) => (who === OWNER ? one : atOwner(one)))) {
        const { messages } = await readMailbox(fresh, name);
        const truth = messages.map(({ uid, flags }) => `${uid} ${flags}`);
        for (const { client } of clients)
          if (client.selected === name) assert.deepEqual(client.seen(), truth, `what ${who} has of ${name}`);
      }
      fresh.close();
    }
    assert.ok(this.#clients.some(({ client, who }) => who !== OWNER && client.selected !== undefined));
  }

  /** Each message that was put into the ring is in it once. */
  async compareRing(): Promise<void> {
    const found: string[] = [];
    for (const who of [OWNER, ...GUESTS]) {
      const fresh = await ImapClient.signIn(this.#server.port, who, 'secret');
      await fresh.ok('ENABLE CONDSTORE');
      found.push(...(await readMailbox(fresh, RING)).messages.map(({ content }) => content));
      fresh.close();
    }
    const wanted = Array.from({ length: RING_MESSAGES }, (_, n) => `m${900_000 + n}`);
    // Whoever was told that a copy was left behind knows where to look.
    assert.deepEqual([...(this.#mayBeTwice ? new Set(found) : found)].sort(), wanted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#store.calmDown();
    for (const { client } of this.#clients) client.close();
    await this.#server.close();
  }

  #sharedBy(address: string): Shared {
    return new Shared({ port: this.#server.port, address, password: 'secret' });
  }

  async #begin(): Promise<void> {
    for (const who of [OWNER, ...GUESTS]) await this.#server.kit.addAccount(who, 'secret');
    for (const who of [OWNER, ...GUESTS]) {
      const client = await ImapClient.signIn(this.#server.port, who, 'secret');
      await client.ok(`CREATE ${RING}`);
      if (who === OWNER) await client.ok('CREATE Team/Sub');
      client.close();
    }
    for (let n = 0; n < RING_MESSAGES; n++)
      await this.#server.addMessage(OWNER, RING, { bytes: writeContent(900_000 + n, 200).octets });
    const random = this.#random;
    const own = { names: SHARED, targets: [...SHARED, 'Archive'], keepsMailboxes: true };
    for (let n = 0; n < 2; n++)
      await this.#come(OWNER, new SocketClient(this.#owner, random.fork(), undefined, own));
    const names = SHARED.map(atOwner);
    for (const guest of GUESTS) {
      for (const name of SHARED) await this.#grant(guest, name, random.pick(RIGHTS));
      const forbidden = (name: string): number | undefined =>
        this.#grants.forbidden(guest, name.slice(atOwner('').length - 1, -1));
      const ways = { names, targets: [...names, 'Archive'], keepsMailboxes: true, forbidden };
      const shared = this.#guests.get(guest) as Shared;
      for (let n = 0; n < 2; n++)
        await this.#come(guest, new SocketClient(shared, random.fork(), undefined, ways));
    }
  }

  async #come(who: string, client: SocketClient): Promise<void> {
    await client.connect();
    this.#clients.push({ who, client });
  }

  /** Until it is done, whatever the store refuses. */
  async #grant(guest: string, name: string, rights: string): Promise<void> {
    this.#grants.begin(guest, name);
    for (;;) {
      const isDone = await this.#asOwner(`SETACL ${name} ${guest} "${rights}"`).catch((error: unknown) => {
        if (!isGone(error)) throw error;
        return false;
      });
      if (isDone) break;
    }
    this.#grants.end(guest, name, rights);
  }

  async #asOwner(line: string): Promise<boolean> {
    const client = await ImapClient.signIn(this.#server.port, OWNER, 'secret');
    try {
      return (await client.command(line)).status === 'OK';
    } finally {
      client.close();
    }
  }

  async #grantAndTake(): Promise<void> {
    const random = this.#random.fork();
    while (!this.#isOver) {
      await sleep(random.integer(1, 12));
      const guest = random.pick(GUESTS);
      if (random.chance(0.3))
        await this.#grant(guest, RING, random.pick(['lrswite', 'lrswite', 'lri', 'lr']));
      else await this.#grant(guest, random.pick(SHARED), random.pick(RIGHTS));
    }
  }

  async #deliver(): Promise<void> {
    for (let n = 0; !this.#isOver && n < STEPS; n++) {
      await sleep(8);
      const { octets } = writeContent(this.#owner.next++, 200);
      await this.#server.addMessage(OWNER, 'INBOX', { bytes: octets }).catch((error: unknown) => {
        if (!this.#isStormy) throw error;
      });
    }
  }

  /** From the owner's ring to his own and back, as long as he may. */
  async #goRound(guest: string): Promise<void> {
    const random = this.#random.fork();
    let client: ImapClient | undefined;
    for (let isOut = true; !this.#isOver; isOut = random.chance(0.5)) {
      try {
        client ??= await ImapClient.signIn(this.#server.port, guest, 'secret');
        const [from, to] = isOut ? [atOwner(RING), RING] : [RING, atOwner(RING)];
        await sleep(random.integer(0, 4));
        if ((await client.command(`SELECT ${from}`)).status !== 'OK') continue;
        const { untagged } = await client.ok('UID SEARCH ALL');
        const uids = untagged.flatMap((line) => /^SEARCH (.*)$/.exec(line)?.[1]?.split(' ') ?? []);
        const some = random.sample(uids, random.integer(1, 6));
        if (some.length === 0) continue;
        const { text } = await client.command(`UID MOVE ${some.join(',')} ${to}`);
        if (/could not be taken back|left/.test(text)) this.#mayBeTwice = true;
      } catch (error) {
        if (!isGone(error)) throw error;
        client?.close();
        client = undefined;
      }
    }
    client?.close();
  }

  async #weather(): Promise<void> {
    const random = this.#random.fork();
    if (this.#isStormy) this.#store.weather = STORM;
    while (!this.#isOver) {
      await sleep(random.integer(1, 15));
      if (!this.#isStormy) continue;
      if (this.#store.isPaused) this.#store.resume();
      else if (random.chance(0.3)) this.#store.pause();
      if (random.chance(0.2)) this.#store.holdSyncs();
      else this.#store.releaseSyncs();
    }
    this.#store.calmDown();
  }
}

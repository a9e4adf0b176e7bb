/**
 * Kills the server (SIGKILL) at random moments while devices, POP3 programs and transfer agents write, and while mailboxes
 * are deleted under messages that move, and everything is packed meanwhile; starts it again on the same folder, with `store.flags` the other way, and compares
 * what was promised with what is there. The folder grows from round to round.
 *
 * BREVDUVA_TEST_KILLS sets the number of kills, BREVDUVA_TEST_SEED repeats the choices of a run.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient } from '../../src/admin/control-client.ts';
import { controlSocketPath } from '../../src/admin/socket-path.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { startServer, type TestServer } from '../kit/server.ts';
import { type DataFolder, makeDataFolder, PASSWORD, problemsIn } from './data-folder.ts';
import { ImapWriter } from './imap-writer.ts';
import { Deliverer } from './lmtp-writer.ts';
import { idOf, mailOf } from './mail.ts';
import { Pop3Writer } from './pop3-writer.ts';
import { Random, seedOf } from './random.ts';
import { type Reality, readReality } from './reality.ts';
import { Rivals } from './rivals.ts';
import { verify } from './verify.ts';
import { Folder, World } from './world.ts';

const KILLS = Number(process.env.BREVDUVA_TEST_KILLS ?? 10);
const SEED = seedOf('BREVDUVA_TEST_SEED');
const ACCOUNTS = ['ann@example.com', 'bob@example.com', 'cleo@example.com'];
const DEVICES = ['w0', 'w1'];
const AGENTS = ['l0', 'l1'];
const RIVALS = 'r0';
const PROGRAM = 'p0';
/** Rounds between two whole checks of the stopped folder. */
const CHECK_EVERY = 10;

describe('a killed server', () => {
  it(`keeps every promise (${KILLS} kills, BREVDUVA_TEST_SEED=${SEED})`, {
    timeout: 120_000 + KILLS * 30_000,
  }, async (t) => {
    await using folder = await makeDataFolder(ACCOUNTS);
    await using trial = new Trial(folder, new Random(SEED));
    await trial.begin();
    for (let round = 1; round <= KILLS; round++) await trial.round(round);
    t.diagnostic(await trial.end());
  });
});

describe('the comparison itself', () => {
  it('notices every kind of broken promise', { timeout: 120_000 }, async () => {
    await using folder = await makeDataFolder(ACCOUNTS);
    await using trial = new Trial(folder, new Random(SEED + 2));
    await trial.begin();
    await trial.round(1);
    const reality = await trial.reality();
    assert.deepEqual(verify(promiseOf(reality), reality), [], 'sound before it is falsified');
    for (const [name, expected, falsify] of FALSE_PROMISES) {
      const world = promiseOf(reality);
      falsify(world);
      assert.match(verify(world, reality).join('\n'), expected, name);
    }
    await trial.breakStore();
    const wrong = verify(promiseOf(reality), await trial.reality());
    assert.match(wrong.join('\n'), /is lost/, 'a message whose row was removed');
    await trial.server.stop();
    assert.notDeepEqual(await problemsIn(folder.path), []);
  });
});

type Writer = ImapWriter | Rivals | Pop3Writer | Deliverer;

/** A server, what it promised, and the folder it comes back to. */
class Trial {
  readonly #folder: DataFolder;
  readonly #random: Random;
  #starts = 0;
  #world = new World();
  #server: TestServer | undefined;
  #logs = '';
  /** Messages that came into packs, and packs that went. */
  #packed = 0;
  #removed = 0;

  constructor(folder: DataFolder, random: Random) {
    this.#folder = folder;
    this.#random = random;
  }

  get server(): TestServer {
    if (this.#server === undefined) throw new Error('not started');
    return this.#server;
  }

  async begin(): Promise<void> {
    await this.#start();
    await this.#verify('at the beginning', false);
  }

  async round(round: number): Promise<void> {
    const writers = this.#writers(round);
    await Promise.all(writers.map((writer) => writer.connect(this.#portOf(writer))));
    const working = Promise.all([...writers.map((writer) => writer.run()), this.#pack()]);
    working.catch(() => {}); // reported below, after the kill
    await this.#untilRandomMoment();
    if (round > KILLS / 2) await this.#untilPacked();
    await this.server.kill9();
    await working;
    for (const writer of writers) writer.close();
    this.#logs += this.server.log;
    if (round % CHECK_EVERY === 0) await this.#check(`after kill ${round}`);
    await this.#start();
    await this.#verify(`after kill ${round}`, false);
  }

  /** Into packs with everything, again and again, until the server is gone. */
  async #pack(): Promise<void> {
    const client = await ControlClient.connect(controlSocketPath(this.#folder.path));
    assert.ok(client, 'the server is there');
    try {
      for (;;) {
        const { blobs, removed } = await client.packing.compact();
        this.#packed += blobs;
        this.#removed += removed;
      }
    } catch {
      await client.close();
    }
  }

  /** After some time, and on a busy machine after some answers at least, or nothing would be proved. */
  async #untilRandomMoment(): Promise<void> {
    const wanted = this.#world.promised + this.#random.integer(10, 60);
    await sleep(this.#random.integer(50, 400));
    for (let waitedMs = 0; this.#world.promised < wanted && waitedMs < 2000; waitedMs += 5) await sleep(5);
  }

  /** A crowded machine kills before the end of each pass: then one ends at least, and others are killed with packs there. */
  async #untilPacked(): Promise<void> {
    for (let waitedMs = 0; this.#packed === 0 && waitedMs < 15_000; waitedMs += 20) await sleep(20);
  }

  /** Every octet once more, and the command that people use. */
  async end(): Promise<string> {
    await this.#verify('at the end', true);
    assert.equal(await this.server.stop(), 0);
    this.#logs += this.server.log;
    const { code, stdout } = await this.server.cli(['check']);
    assert.equal(code, 0, stdout);
    assert.doesNotMatch(this.#logs, /a bug|nobody foresaw|unhandled/i);
    if (this.#starts > 10) assert.ok(this.#packed > 0, 'nothing was packed');
    return `${this.#packed} messages were packed, ${this.#removed} packs went, ${this.#world.promised} requests were acknowledged; ${stdout.trim().split('\n').at(-1)}`;
  }

  reality(): Promise<Reality> {
    return this.#read(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.kill9();
  }

  /** Takes the last message of a mailbox out of the database, as no server would. */
  async breakStore(): Promise<void> {
    await this.server.stop();
    const db = new Database(`${this.#folder.path}/shard-00/meta.db`);
    db.exec(`UPDATE chunk SET records = substr(records, 1, length(records) - 32), count = count - 1
      WHERE id = (SELECT id FROM chunk WHERE count > 1 LIMIT 1)`);
    db.close();
    await this.#start();
  }

  async #start(): Promise<void> {
    const { path: data } = this.#folder;
    const config = {
      'log.level': 'warn',
      'listen.pop3s': '',
      'listen.imaps': '',
      'store.flags': this.#starts++ % 2 === 0 ? 'synced' : 'delayed',
    };
    this.#server = await startServer({ data, config });
  }

  #writers(round: number): Writer[] {
    const world = this.#world;
    const devices = ACCOUNTS.flatMap((account) =>
      DEVICES.map((name) => {
        const random = this.#random.fork();
        return new ImapWriter({ world, account, password: PASSWORD, name, round, random });
      }),
    );
    const recipients = ACCOUNTS.map((account) => {
      const inbox = world.foldersOf(account).find(({ name }) => name === 'INBOX') as Folder;
      return { inbox, owners: [...DEVICES, PROGRAM] };
    });
    const agents = AGENTS.map(
      (name) => new Deliverer({ world, name, round, random: this.#random.fork(), recipients }),
    );
    const of = (name: string) => ({
      ...{ world, name, round, account: this.#random.pick(ACCOUNTS), password: PASSWORD },
      random: this.#random.fork(),
    });
    const others = [new Rivals(of(RIVALS)), new Pop3Writer(of(PROGRAM))];
    return [...devices, ...others, ...agents];
  }

  #portOf(writer: Writer): number {
    if (writer instanceof Deliverer) return this.server.port('lmtp');
    return this.server.port(writer instanceof Pop3Writer ? 'pop3' : 'imap');
  }

  #read(isComplete: boolean): Promise<Reality> {
    const options = { world: this.#world, passwordOf: () => PASSWORD, isComplete };
    return readReality(this.server.port('imap'), ACCOUNTS, options);
  }

  async #verify(when: string, isComplete: boolean): Promise<void> {
    const wrong = verify(this.#world, await this.#read(isComplete));
    assert.deepEqual(wrong, [], `${when} (BREVDUVA_TEST_SEED=${SEED})`);
  }

  async #check(when: string): Promise<void> {
    assert.deepEqual(await problemsIn(this.#folder.path), [], `${when} (BREVDUVA_TEST_SEED=${SEED})`);
  }
}

/** A world to which exactly that was promised. */
function promiseOf(reality: Reality): World {
  const world = new World();
  for (const [account, folders] of reality) {
    for (const { name, uidValidity, messages } of folders) {
      const folder = new Folder(account, name);
      folder.uidValidity = uidValidity;
      for (const { uid, flags, octets = Buffer.alloc(0) } of messages) {
        folder.copies.set(idOf(octets), { mail: mailOf(idOf(octets), octets), folder, uid, flags });
      }
      world.folders.push(folder);
    }
  }
  return world;
}

type Falsify = (world: World) => void;

const FALSE_PROMISES: readonly (readonly [name: string, expected: RegExp, falsify: Falsify])[] = [
  [
    'a message that never came',
    /is lost/,
    (world) => {
      const copy = someCopy(world);
      copy.folder.copies.set('1-w0-none', { ...copy, mail: { ...copy.mail, id: '1-w0-none' } });
    },
  ],
  [
    'a message that was expunged and is there',
    /must not be there/,
    (world) => {
      const copy = someCopy(world);
      copy.folder.copies.delete(copy.mail.id);
    },
  ],
  [
    'other flags',
    /instead of/,
    (world) => {
      someCopy(world).flags = '\\Flagged NeverSet';
    },
  ],
  [
    'another UID',
    /was UID/,
    (world) => {
      const copy = someCopy(world);
      copy.uid = (copy.uid ?? 0) + 1;
    },
  ],
  [
    'other octets',
    /is not what was sent/,
    (world) => {
      const copy = someCopy(world);
      copy.folder.copies.set(copy.mail.id, { ...copy, mail: { ...copy.mail, hash: 'another' } });
    },
  ],
  [
    'a UID that was another message before',
    /was \S+ and is/,
    (world) => {
      const copy = someCopy(world);
      copy.folder.mailOfUid.set(copy.uid ?? 0, '1-w0-other');
    },
  ],
  [
    'another UIDVALIDITY',
    /UIDVALIDITY was/,
    (world) => {
      const { folder } = someCopy(world);
      folder.uidValidity = (folder.uidValidity ?? 0) + 1;
    },
  ],
  [
    'a HIGHESTMODSEQ that goes back',
    /HIGHESTMODSEQ was/,
    (world) => {
      someCopy(world).folder.highestModseq = 2 ** 50;
    },
  ],
  [
    'a modseq with other flags',
    /at modseq/,
    (world) => {
      const { folder, uid } = someCopy(world);
      for (let modseq = 1; modseq < 10_000; modseq++) folder.flagsAt.set(`${uid} ${modseq}`, 'NeverSet');
    },
  ],
  [
    'a mailbox that is not there',
    /is gone/,
    (world) => {
      someCopy(world).folder.name = 'elsewhere';
    },
  ],
];

function someCopy(world: World) {
  const copies = world.folders
    .filter(({ name }) => name !== undefined)
    .flatMap(({ copies }) => [...copies.values()]);
  const copy = copies[0];
  if (copy === undefined) throw new Error('the round left no message');
  return copy;
}

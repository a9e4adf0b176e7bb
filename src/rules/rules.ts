/**
 * Fills the domain's port for what is to become of messages: runs the scripts of an account over each that comes in. The order is the
 * server's `before`, the administrator's for this account, the owner's active one, the one for who is away, the
 * administrator's last, the server's `after`.
 *
 * Promises: a script that fails, is broken, cannot be read or takes too much is INBOX, and its owner is told once a day; a run lets
 * others in; an account without scripts costs nothing.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { TimeSlice } from '../base/time-slice.ts';
import { ownAuthor } from '../mail/authors.ts';
import { localParts } from '../mail/subaddress.ts';
import type { Delivery, Disposition, Dispositions } from '../mailbox/disposition.ts';
import type { Domain } from '../mailbox/domain.ts';
import { activeScripts, SCRIPT_ORDER, type ScriptRow } from '../mailbox/model/rules.ts';
import type { ServerAnnotations } from '../mailbox/operations/annotations.ts';
import { findScript, own, readScript } from '../mailbox/operations/scripts.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import { loadMemories } from '../mailbox/state/memories.ts';
import type { Script } from '../sieve/compile/script.ts';
import type { TraceStep } from '../sieve/environment.ts';
import type { Failure, Outcome } from '../sieve/run/interpreter.ts';
import { LIMITS, type Limits } from '../sieve/run/limits.ts';
import { runScripts } from '../sieve/sieve.ts';
import { ScriptError } from '../sieve/syntax/fault.ts';
import { annotationsOf } from './annotations.ts';
import { dispositionOf } from './carrying-out.ts';
import type { Compiler } from './compiler.ts';
import { type EventSurroundings, environmentOf, type Surroundings } from './environment.ts';
import type { GlobalScripts } from './global-scripts.ts';
import { type ListSources, listsOf } from './lists.ts';
import type { Sending } from './sending.ts';

export interface RulesOptions {
  readonly store: Domain['store'];
  readonly compiler: Compiler;
  readonly globals: GlobalScripts;
  readonly lists: ListSources;
  readonly serverAnnotations: ServerAnnotations;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  /** Any of them begins the detail of an address (RFC 5233). */
  readonly separators: string;
  readonly version: string;
  readonly limits?: Partial<Limits>;
  /** Undefined where nothing is sent. */
  readonly sending?: Sending;
}

/** Scripts in the order in which they are run, and what is wrong with those that are not. */
interface Ready {
  readonly scripts: Script[];
  readonly failures: Failure[];
}

export class Rules implements Dispositions {
  readonly #options: RulesOptions;
  readonly #limits: Limits;
  readonly #items: ReadonlyMap<string, string>;

  constructor(options: RulesOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#items = new Map([
      ['domain', options.hostname.replace(/^[^.]+\./, '')],
      ['host', options.hostname],
      ['location', 'MS'],
      ['name', 'Brevduva'],
      ['phase', 'during'],
      ['version', options.version],
      // RFC 6785 §4.2.
      ['imap.user', ''],
      ['imap.email', ''],
    ]);
  }

  of(delivery: Delivery): Promise<Disposition> | undefined {
    const rows = activeScripts(delivery.account.scripts);
    if (rows.length === 0 && !this.#options.globals.isOn) return undefined;
    return this.#decide(delivery, rows);
  }

  /** What this script would ask for if it were the owner's active one, with the others as they are. Nothing is done. */
  async rehearse(delivery: Delivery, own: Script, trace: (step: TraceStep) => void): Promise<Outcome> {
    const { store, clock } = this.#options;
    const { account } = delivery;
    const rows = activeScripts(account.scripts).filter(({ role }) => role !== 'own');
    const ready = await this.#prepare(account, rows, own);
    const memories = await loadMemories({ store }, account);
    return this.#run(ready, { delivery, memories, nowMs: clock.nowMs(), trace });
  }

  /**
   * One script of the owner's over a message that is in a mailbox already (RFC 6785), and how what it asks for is carried out.
   * Throws `ScriptError` when it is none.
   */
  async runAtEvent(
    delivery: Delivery,
    row: ScriptRow,
    event: EventSurroundings,
  ): Promise<{
    readonly script: Script;
    readonly outcome: Outcome;
    readonly dispose: (outcome: Outcome, onLeftBehind: () => void) => Promise<Disposition>;
  }> {
    const { store, clock, hostname, sending } = this.#options;
    const { account } = delivery;
    const script = await this.#compiled(account, row);
    const memories = await loadMemories({ store }, account);
    const nowMs = clock.nowMs();
    const outcome = await this.#run(
      { scripts: [script], failures: [] },
      { delivery, memories, nowMs, event },
    );
    const about = { store: { store }, delivery, memories, nowMs, hostname, sending };
    return {
      script,
      outcome,
      dispose: (wanted, onLeftBehind) => dispositionOf(wanted, { ...about, onLeftBehind }),
    };
  }

  async #decide(delivery: Delivery, rows: readonly ScriptRow[]): Promise<Disposition> {
    const { store, clock, hostname, sending } = this.#options;
    const { account } = delivery;
    const ready = await this.#prepare(account, rows);
    // Also for telling the owner, and for scripts that are included.
    const memories = await loadMemories({ store }, account);
    const nowMs = clock.nowMs();
    const outcome = await this.#run(ready, { delivery, memories, nowMs });
    return dispositionOf(outcome, { store: { store }, delivery, memories, nowMs, hostname, sending });
  }

  async #run(
    { scripts, failures }: Ready,
    about: Pick<Surroundings, 'delivery' | 'memories' | 'nowMs' | 'trace' | 'event'>,
  ): Promise<Outcome> {
    const { separators, lists, store, serverAnnotations } = this.#options;
    const { delivery } = about;
    const { account } = delivery;
    const environment = environmentOf({
      ...about,
      addresses: addressesOf(delivery, separators),
      detailSeparators: separators,
      items: this.#items,
      include: (location, name) => this.#included(account, location, name),
      claimedAuthor: (isChanged) => this.#claimedAuthor(delivery, isChanged),
      lists: listsOf(account, lists),
      annotations: annotationsOf({ store, serverAnnotations }, account),
    });
    const slice = new TimeSlice();
    const limits = this.#limits;
    const ran = await runScripts(scripts, environment, { limits, pause: () => slice.spent() });
    return withFailures(ran, failures);
  }

  /** A header that is too large to be looked at whole may say anything. */
  async #claimedAuthor(
    { isAuthorKnown, message }: Delivery,
    isChanged: boolean,
  ): Promise<string | undefined> {
    const { sending } = this.#options;
    if ((isAuthorKnown && !isChanged) || sending === undefined) return undefined;
    if (message.header.bytes.length !== message.facts.headerBytes) return 'somebody it does not say';
    return ownAuthor(message.header, (domain) => sending.isOurs(domain));
  }

  /** `own`: in the place of the owner's. */
  async #prepare(account: AccountState, rows: readonly ScriptRow[], own?: Script): Promise<Ready> {
    const { globals } = this.#options;
    const ready: Ready = { scripts: [], failures: [] };
    const before = globals.isOn ? await globals.find('before') : undefined;
    const after = globals.isOn ? await globals.find('after') : undefined;
    if (before !== undefined) ready.scripts.push(before);
    for (const role of SCRIPT_ORDER) {
      if (role === 'own' && own !== undefined) ready.scripts.push(own);
      for (const row of rows) if (row.role === role) await this.#add(ready, account, row);
    }
    if (after !== undefined) ready.scripts.push(after);
    return ready;
  }

  /** One that was good when it was put may be none for a later version of the server. */
  async #add({ scripts, failures }: Ready, account: AccountState, row: ScriptRow): Promise<void> {
    try {
      scripts.push(await this.#compiled(account, row));
    } catch (error) {
      const { reason, place } =
        error instanceof ScriptError ? error : { reason: 'it cannot be read', place: { line: 1, column: 1 } };
      if (!(error instanceof ScriptError))
        this.#options.log.error(
          { err: error, accountId: account.id, script: row.name },
          'a script cannot be read',
        );
      failures.push({ reason, origin: { script: row.name, place } });
    }
  }

  #compiled(account: AccountState, row: ScriptRow): Promise<Script> {
    const { store, compiler } = this.#options;
    return compiler.kept(row.hash, row.name, () => readScript({ store }, account, row));
  }

  /** RFC 6609 §3.2: one that is there and broken is as good as none. */
  async #included(
    account: AccountState,
    location: 'personal' | 'global',
    name: string,
  ): Promise<Script | undefined> {
    if (location === 'global') return this.#options.globals.find(name);
    const row = findScript(account, own(name));
    if (row === undefined) return undefined;
    try {
      return await this.#compiled(account, row);
    } catch (error) {
      if (error instanceof ScriptError) return undefined;
      throw error;
    }
  }
}

/** Where a script could not be run at all the message is in INBOX, whatever the others asked for. */
function withFailures(outcome: Outcome, failures: readonly Failure[]): Outcome {
  if (failures.length === 0) return outcome;
  const [failure] = failures as [Failure];
  const effects = outcome.effects.filter(({ kind }) => kind === 'keep' || kind === 'fileinto');
  const isInInbox = effects.some((effect) => 'target' in effect && effect.target.mailbox === 'INBOX');
  const target = { mailbox: 'INBOX', mayCreate: false, flags: [] };
  const keep = {
    kind: 'keep',
    target,
    edition: undefined,
    isImplicit: true,
    origin: failure.origin,
  } as const;
  return {
    ...outcome,
    effects: isInInbox ? effects : [...effects, keep],
    failures: [...failures, ...outcome.failures],
  };
}

/** The account's own address, and the one it was written to, with and without its detail. */
function addressesOf({ account, address }: Delivery, separators: string): string[] {
  const to = address.toLowerCase();
  const at = to.lastIndexOf('@');
  const plain = `${localParts(to.slice(0, Math.max(at, 0)), separators).user}${to.slice(at)}`;
  return [...new Set([account.record.address, to, plain])];
}

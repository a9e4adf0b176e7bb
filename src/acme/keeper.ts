/**
 * Keeps the certificates of this server: one for the host name, which all ports have, and one for each domain with the names by which
 * it is set up, which the port of HTTPS shows to whoever asks for them. So a name that fails, or a domain that comes or goes,
 * touches no other certificate, and none tells of all domains.
 *
 * Only one process of a server does this. Files are replaced in one step; no connection is dropped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore } from '../base/gate.ts';
import type { Log } from '../base/log.ts';
import { forgetAccount, openAccount } from './account.ts';
import type { Proofs } from './challenge.ts';
import { type AcmePaths, cleanUp, domainPath, makeFolders } from './files.ts';
import { KeptCertificate, type Looked, type Wanted } from './kept-certificate.ts';
import { gapAfterMs } from './schedule.ts';
import { type AcmeState, HOST_ID, NOTHING_YET, readState, writeState } from './state.ts';
import { AcmeProblem, type AcmeWire, type ExternalAccount } from './wire.ts';

export interface KeeperOptions {
  readonly paths: AcmePaths;
  readonly directory: string;
  readonly email: string;
  /** PEM of an authority that vouches for the ACME server itself. */
  readonly ca?: string | undefined;
  readonly external?: ExternalAccount | undefined;
  readonly proofs: Proofs;
  /** In ASCII. */
  readonly hostname: string;
  /** By domain, those of the names under it that lead here. */
  domains(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Connects to the own ports, and says which serve another certificate for this name; undefined: all serve it. */
  prove(name: string, fingerprint256: string): Promise<string | undefined>;
  readonly nowMs?: () => number;
  readonly log: Log;
}

/** Of the certificates of domains. */
const AT_ONCE = 3;
const STOP_MS = 3000;

export class CertificateKeeper {
  readonly #options: KeeperOptions;
  readonly #stop = new AbortController();
  readonly #kept = new Map<string, KeptCertificate>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isLooking = false;
  /** Somebody has asked for a look while one was under way, which may have read the DNS before. */
  #isWantedAgain = false;
  #account: Promise<AcmeWire> | undefined;
  /** The authority has had enough of us; for domains it is not asked before. */
  #pausedUntilMs = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Looks at once, and again and again. */
  start(): void {
    this.#running = this.#look();
  }

  /** What was published a moment ago need not wait. What failed waits for its time all the same. */
  lookNow(): void {
    if (this.#stop.signal.aborted) return;
    this.#isWantedAgain = this.#isLooking;
    if (this.#isLooking) return;
    clearTimeout(this.#timer);
    this.#running = this.#look();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    // A program that publishes a record may take longer; it is not waited for.
    await Promise.race([this.#running, sleep(STOP_MS, undefined, { ref: false })]);
  }

  async #look(): Promise<void> {
    let waitMs = gapAfterMs(1);
    this.#isLooking = true;
    try {
      do {
        this.#isWantedAgain = false;
        waitMs = await this.#once();
      } while (this.#isWantedAgain && !this.#stop.signal.aborted);
    } catch (err) {
      if (!this.#stop.signal.aborted)
        this.#options.log.error({ err }, 'the certificates could not be looked after');
    } finally {
      this.#isLooking = false;
    }
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#look();
    }, waitMs).unref();
  }

  /** One look at all of them, the host's first; gives how long until the next. */
  async #once(): Promise<number> {
    const { paths, hostname } = this.#options;
    await makeFolders(paths);
    await cleanUp(paths);
    this.#account = undefined;
    const states = new Map(Object.entries(await readState(paths)));
    const host = { id: HOST_ID, path: paths.served, names: [hostname], mustHave: hostname };
    const waits = [await this.#lookAt(host, states)];
    const domains = [...(await this.#options.domains())].filter(([, names]) => names.length > 0);
    const gate = new Semaphore(AT_ONCE);
    const looks = domains.map(([domain, names]) =>
      gate.run(() => this.#lookAt({ id: domain, path: domainPath(paths, domain), names }, states)),
    );
    waits.push(...(await Promise.all(looks)));
    await this.#forget(states, new Set([HOST_ID, ...domains.map(([domain]) => domain)]));
    return Math.min(...waits);
  }

  async #lookAt(wanted: Wanted, states: Map<string, AcmeState[string]>): Promise<number> {
    if (this.#stop.signal.aborted) return 0;
    const pauseMs = this.#pausedUntilMs - (this.#options.nowMs ?? Date.now)();
    if (wanted.id !== HOST_ID && pauseMs > 0) return pauseMs;
    const { paths, directory, log } = this.#options;
    const before = states.get(wanted.id) ?? NOTHING_YET;
    const looked: Looked = await this.#keptOf(wanted.id).look(wanted, before);
    if (looked.error instanceof AcmeProblem && looked.error.is('accountDoesNotExist'))
      await forgetAccount(paths, directory);
    if (looked.error instanceof AcmeProblem && looked.error.is('rateLimited'))
      this.#pausedUntilMs = looked.state.nextMs;
    if (looked.state !== before) {
      states.set(wanted.id, looked.state);
      await writeState(paths, Object.fromEntries(states));
    }
    const [name] = looked.state.names;
    if (looked.issued === undefined || name === undefined) return looked.waitMs;
    const fault = await this.#options.prove(name, looked.issued.fingerprint256);
    if (fault !== undefined) log.error({ name, fault }, 'the new certificate is not what is served');
    return looked.waitMs;
  }

  #keptOf(id: string): KeptCertificate {
    const { paths, directory, email, ca, external, proofs, log, nowMs = Date.now } = this.#options;
    const known = this.#kept.get(id);
    if (known !== undefined) return known;
    const { signal } = this.#stop;
    const account = (): Promise<AcmeWire> => {
      this.#account ??= openAccount(paths, { directory, email, ca, external, signal });
      return this.#account;
    };
    const made = new KeptCertificate({ account, proofs, log, nowMs, signal });
    this.#kept.set(id, made);
    return made;
  }

  /** Of domains that are gone. Their last certificate stays where it is until it has ended. */
  async #forget(states: Map<string, AcmeState[string]>, wanted: ReadonlySet<string>): Promise<void> {
    const gone = [...states.keys()].filter((id) => !wanted.has(id));
    if (gone.length === 0) return;
    for (const id of gone) {
      states.delete(id);
      this.#kept.delete(id);
    }
    await writeState(this.#options.paths, Object.fromEntries(states));
  }
}

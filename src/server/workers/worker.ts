/**
 * A worker's life: told which one it is, it opens its part of the data folder, serves, and ends when it is told to, or when
 * its parent is gone. Signals are its parent's business.
 */
import { socketPath } from '../../admin/socket-path.ts';
import { createLog, type RootLog } from '../../base/log.ts';
import { parseListen } from '../../config/option.ts';
import type { Config } from '../../config/options.ts';
import { RelayClient } from '../../net/relay-client.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { warnOfOpenData } from '../data-modes.ts';
import { endOnSurprise, outliveReaders, stopWithinGrace } from '../lifetime.ts';
import { type OpenServer, openServer } from '../open-server.ts';
import { Reload } from '../reload.ts';
import { AccountsFollower } from './accounts-follower.ts';
import { Colleagues } from './colleagues.ts';
import { shardCount } from './count.ts';
import type { Beginning, ToSupervisor, ToWorker } from './orders.ts';
import { WRITER } from './part.ts';

export interface WorkerOptions {
  readonly config: Config;
  readonly version: string;
  /** Reads the sources of the configuration again. */
  readonly again: () => Config;
  /** What a first start says to whoever tries the server. */
  readonly welcome: (server: OpenServer) => Promise<void>;
}

export async function runWorker(options: WorkerOptions): Promise<void> {
  const { version } = options;
  const orders = new Orders();
  const beginning = await orders.beginning;
  const { worker, workers, isFirst } = beginning;
  const config = configOf(options.config, beginning);
  const log = createLog({ level: config.log.level, base: { worker }, isPretty: false });
  outliveReaders(log);
  endOnSurprise(log);
  const onFatal = (error: Error): void => {
    log.error({ err: error }, 'storage failed; ending, to be started anew with what is stored');
    process.exit(1);
  };
  if (isFirst) await openOnceAsWhole(config, log, onFatal);
  const followed = worker === WRITER ? undefined : await followAccounts(config.data, log);
  const part = { worker, workers, ...(followed === undefined ? {} : { accounts: followed.directory }) };
  const colleagues = new Colleagues({
    data: config.data,
    part,
    log,
    tell: (news) => tell({ kind: 'news', news }),
  });
  const server = await openServer({ config, log, version, onFatal, colleagues });
  if (isFirst) {
    await options.welcome(server);
    void warnOfOpenData(config.data, log);
  }
  const again = (): Config => configOf(options.again(), beginning);
  const reload = new Reload(config, { log, tls: server.tls, read: again, apply: server.apply });
  const stop = async (): Promise<void> => {
    await server.close();
    followed?.close();
  };
  orders.obey({
    stop: () => stopWithinGrace(stop, log),
    reload: () => void reload.run().catch((err) => log.error({ err }, 'not everything was read anew')),
    news: (from, news) => colleagues.hear(from, news),
    gone: (other) => colleagues.gone(other),
    newcomer: () => colleagues.tellAll(),
    isAlive: () => server.watch.isAlive(),
  });
  const { length: accounts } = await server.system.domain.store.directory.list();
  tell({ kind: 'ready', listen: addressesOf(server), accounts });
}

/**
 * Whether accounts and shards belong together can be seen only when all are open, and shards that are not there yet are made by
 * whoever writes the accounts. Nobody else runs yet.
 */
async function openOnceAsWhole(config: Config, log: RootLog, onFatal: (error: Error) => void): Promise<void> {
  const {
    data: directory,
    store: { flags },
  } = config;
  const store = await openSqliteStore({ directory, shards: shardCount(config), flags, onFatal, log });
  await store.close();
}

function followAccounts(data: string, log: RootLog) {
  return AccountsFollower.follow(new RelayClient((name) => socketPath(data, name)), log);
}

/** The ports as the first worker has bound them; its numbers are everybody's. */
function configOf(config: Config, { worker, workers, listen }: Beginning): Config {
  const bound = Object.fromEntries(
    Object.entries(listen ?? {}).map(([name, address]) => [name, parseListen(address)]),
  );
  const { metrics, ...ports } = { ...config.listen, ...bound };
  const { limits } = config;
  return {
    ...config,
    listen: worker === WRITER ? { ...ports, metrics } : { ...ports, metrics: undefined },
    // All workers together.
    limits: {
      ...limits,
      uploads: Math.ceil(limits.uploads / workers),
      outgoing: Math.ceil(limits.outgoing / workers),
    },
  } as Config;
}

function addressesOf({ listeners }: OpenServer): Readonly<Record<string, string>> {
  return Object.fromEntries(listeners.map(({ name, address }) => [name, address]));
}

function tell(message: ToSupervisor): void {
  process.send?.(message, undefined, undefined, () => {});
}

interface Duties {
  stop(): void;
  reload(): void;
  news(from: number, news: Extract<ToWorker, { kind: 'news' }>['news']): void;
  gone(worker: number): void;
  newcomer(): void;
  isAlive(): Promise<boolean>;
}

/** What comes before the worker can obey is done when it can. */
class Orders {
  readonly beginning: Promise<Beginning>;
  #duties: Duties | undefined;
  #waiting: ToWorker[] = [];

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
    const { promise, resolve } = Promise.withResolvers<Beginning>();
    this.beginning = promise;
    process.on('message', (message) => {
      const order = message as ToWorker;
      if (order.kind === 'begin') resolve(order);
      else this.#do(order);
    });
    // Nobody would start this one anew, or end it.
    process.on('disconnect', () => this.#do({ kind: 'stop' }));
  }

  obey(duties: Duties): void {
    this.#duties = duties;
    for (const order of this.#waiting) this.#do(order);
    this.#waiting = [];
  }

  #do(order: ToWorker): void {
    const duties = this.#duties;
    if (order.kind === 'ask-alive') this.#sayAlive();
    else if (duties === undefined) {
      if (order.kind === 'stop') process.exit(0);
      this.#waiting.push(order);
    } else if (order.kind === 'stop') duties.stop();
    else if (order.kind === 'reload') duties.reload();
    else if (order.kind === 'news') duties.news(order.from, order.news);
    else if (order.kind === 'gone') duties.gone(order.worker);
    else if (order.kind === 'newcomer') duties.newcomer();
  }

  /** A worker that is still starting is alive; one whose store does not answer says nothing, and is ended. */
  #sayAlive(): void {
    const asked = this.#duties?.isAlive() ?? Promise.resolve(true);
    void asked.then((isAlive) => {
      if (isAlive) tell({ kind: 'alive', isAlive });
    });
  }
}

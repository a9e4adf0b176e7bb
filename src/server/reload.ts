/**
 * What SIGHUP does: the log file is opened anew, the certificate is read again, and options that the running server can
 * take up are taken up. Others are named, because they wait for a restart. A configuration with an error changes nothing.
 */
import type { RootLog } from '../base/log.ts';
import { ConfigError } from '../config/load.ts';
import { listOptions, type NamedOption } from '../config/names.ts';
import { type Config, OPTIONS, RELOADED } from '../config/options.ts';
import type { TlsFiles } from '../net/tls.ts';
import { certificateFiles } from './certificate.ts';
import { doubtsOf } from './doubts.ts';

export interface ReloadParts {
  readonly log: RootLog;
  readonly tls: TlsFiles;
  /** The sources of the configuration, read again. */
  readonly read: () => Config;
  /** Gives a new configuration to the protocols. */
  readonly apply: (config: Config) => void;
}

export class Reload {
  readonly #parts: ReloadParts;
  #config: Config;
  #running = Promise.resolve();

  constructor(config: Config, parts: ReloadParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** One after the other. */
  run(): Promise<void> {
    this.#running = this.#running.then(
      () => this.#once(),
      () => this.#once(),
    );
    return this.#running;
  }

  async #once(): Promise<void> {
    const { log, tls, read, apply } = this.#parts;
    log.reopen();
    const wanted = await this.#wanted(read);
    const { config, taken, waiting } = wanted ?? { config: this.#config, taken: [], waiting: [] };
    this.#config = config;
    log.setLevel(config.log.level);
    apply(config);
    await tls.reload(await certificateFiles(config, log));
    if (wanted === undefined) log.info({}, 'read anew: log, certificate');
    else log.info({ taken }, 'read anew: log, certificate, configuration');
    if (waiting.length > 0) log.warn({ waiting }, 'these options have changed and wait for a restart');
  }

  /** Undefined, and said why, when the configuration cannot be used. */
  async #wanted(read: () => Config) {
    const { log } = this.#parts;
    let next: Config;
    try {
      next = read();
    } catch (err) {
      const fault = err instanceof ConfigError ? { errors: err.problems } : { err };
      log.error(fault, 'the configuration cannot be read anew; the old one stays in use');
      return undefined;
    }
    const changed = listOptions(OPTIONS).filter((named) => differs(named, this.#config, next));
    const taken = changed.filter(({ name }) => RELOADED.has(name));
    const config = taken.reduce<Config>(
      (result, { path }) => withValue(result, path, valueAt(next, path)),
      this.#config,
    );
    const { errors, warnings } = await doubtsOf(config);
    if (errors.length > 0) {
      log.error({ errors }, 'the configuration cannot be used; the old one stays in use');
      return undefined;
    }
    for (const warning of warnings) log.warn({}, warning);
    const names = (options: readonly NamedOption[]): string[] => options.map(({ name }) => name);
    const waiting = names(changed.filter(({ name }) => !RELOADED.has(name)));
    return { config, taken: names(taken), waiting };
  }
}

function differs({ path, option }: NamedOption, a: Config, b: Config): boolean {
  return option.toml(valueAt(a, path)) !== option.toml(valueAt(b, path));
}

export function valueAt(node: unknown, path: readonly string[]): unknown {
  return path.reduce((at: unknown, key) => (at as Record<string, unknown>)[key], node);
}

function withValue<T>(node: T, [key, ...below]: readonly string[], value: unknown): T {
  if (key === undefined) return value as T;
  return { ...node, [key]: withValue((node as Record<string, unknown>)[key], below, value) };
}

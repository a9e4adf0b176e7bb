/**
 * The listeners of all protocols from the configuration. Either all of them accept or none stays open, and the error says
 * which option names the address that could not be had.
 */
import type { Watch } from '../admin/admin.ts';
import type { Log } from '../base/log.ts';
import type { ListenAddress } from '../config/option.ts';
import type { Config } from '../config/options.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import { startImap } from '../imap/server.ts';
import type { ImapSettings } from '../imap/settings.ts';
import { LIMITS_BEFORE_LOGIN } from '../imap/wire/frame-event.ts';
import { startLmtp } from '../lmtp/server.ts';
import type { Domain } from '../mailbox/domain.ts';
import { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { Connections } from '../net/connections.ts';
import { hostPort } from '../net/listener.ts';
import { Roster } from '../net/roster.ts';
import { Sweep } from '../net/sweep.ts';
import type { TlsSource } from '../net/tls.ts';
import { startPop3 } from '../pop3/server.ts';
import type { Pop3Settings } from '../pop3/settings.ts';
import { listenForMetrics } from './metrics-listener.ts';

export interface ProtocolOptions {
  readonly config: Config;
  readonly log: Log;
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly connections: Connections;
  readonly tls: TlsSource;
  readonly watch: Pick<Watch, 'metrics'>;
  readonly version: string;
}

export interface BoundListener {
  readonly name: string;
  /** As bound: `127.0.0.1:1143`. */
  readonly address: string;
  close(graceMs: number): Promise<void>;
}

export interface RunningProtocols {
  readonly listeners: readonly BoundListener[];
  /** For connections that begin from now on. Whoever asks sees to it that only options change that may. */
  apply(config: Config): void;
}

type Starter = (address: ListenAddress) => Promise<readonly BoundListener[]>;

export async function startProtocols(options: ProtocolOptions): Promise<RunningProtocols> {
  const { config, version } = options;
  const started: BoundListener[] = [];
  const settings = { imap: imapSettings(config, version), pop3: pop3Settings(config, version) };
  try {
    for (const [name, start] of Object.entries(startersOf(options, settings))) {
      const address = config.listen[name as keyof Config['listen']];
      if (address === undefined) continue;
      started.push(...(await start(address).catch((error: unknown) => rethrow(error, name, address))));
    }
  } catch (error) {
    await Promise.all(started.map((listener) => listener.close(0)));
    throw error;
  }
  return {
    listeners: started,
    // Sessions hold these objects and look into them when they need to.
    apply(next) {
      Object.assign(settings.imap, imapSettings(next, version));
      Object.assign(settings.pop3, pop3Settings(next, version));
    },
  };
}

interface Settings {
  readonly imap: ImapSettings;
  readonly pop3: Pop3Settings;
}

function startersOf(options: ProtocolOptions, settings: Settings): Record<string, Starter> {
  const { config, log, domain, authenticator, activity, connections, tls, watch } = options;
  const { limits } = config;
  const shared = {
    ...{ domain, authenticator, activity, connections, tls, log },
    roster: new Roster(limits.connectionsPerAccount),
    stream: { sweep: new Sweep(), writeTimeoutMs: limits.writeTimeout },
    handshakeTimeoutMs: limits.handshakeTimeout,
  };
  const { maxAppendBytes } = settings.imap;
  const imap = {
    ...shared,
    settings: settings.imap,
    uploads: new UploadBudget({
      accountBytes: Math.max(limits.uploadsPerAccount, maxAppendBytes),
      totalBytes: Math.max(limits.uploads, maxAppendBytes),
    }),
  };
  const pop3 = { ...shared, settings: settings.pop3 };
  const lmtp = {
    ...shared,
    hostname: config.hostname,
    defaultDomain: config.auth.defaultDomain,
    maxMessageBytes: config.lmtp.maxSize,
    uploadBytes: limits.uploads,
    overQuota: config.lmtp.overQuota,
  };
  return {
    imap: (address) => startImap({ ...imap, listen: [{ name: 'imap', ...address }] }),
    imaps: (address) => startImap({ ...imap, listen: [{ name: 'imaps', ...address }] }),
    pop3: (address) => startPop3({ ...pop3, listen: [{ name: 'pop3', ...address }] }),
    pop3s: (address) => startPop3({ ...pop3, listen: [{ name: 'pop3s', ...address }] }),
    lmtp: async (address) => [await startLmtp({ ...lmtp, ...address })],
    metrics: async (address) => [await listenForMetrics(address, watch)],
  };
}

function imapSettings(config: Config, version: string): ImapSettings {
  const { limits } = config;
  const maxAppendBytes = config.imap.maxAppendSize;
  const common = { literals: limits.literalsPerCommand, literalBytes: limits.literalBytes };
  return {
    hostname: config.hostname,
    version,
    plaintext: config.auth.plaintext,
    maxAppendBytes,
    idleKeepaliveMs: config.imap.idleKeepalive,
    loginTimeoutMs: limits.loginTimeout,
    idleTimeoutMs: limits.idleTimeout,
    badCommandsBeforeLogin: limits.badCommandsBeforeLogin,
    badCommands: limits.badCommands,
    failuresPerConnection: config.auth.failuresPerConnection,
    limitsBeforeLogin: {
      lineBytes: limits.lineBytesBeforeLogin,
      literalBytes: limits.lineBytesBeforeLogin,
      literals: LIMITS_BEFORE_LOGIN.literals,
      discardBytes: LIMITS_BEFORE_LOGIN.discardBytes,
    },
    limitsAfterLogin: { ...common, lineBytes: limits.lineBytes, discardBytes: 2 * maxAppendBytes },
  };
}

/** Long enough for a session whose client has just gone to notice. */
const POP3_LOCK_WAIT_MS = 2000;

function pop3Settings(config: Config, version: string): Pop3Settings {
  const { limits } = config;
  return {
    hostname: config.hostname,
    version,
    plaintext: config.auth.plaintext,
    loginTimeoutMs: limits.loginTimeout,
    idleTimeoutMs: limits.pop3IdleTimeout,
    badCommandsBeforeLogin: limits.badCommandsBeforeLogin,
    badCommands: limits.badCommands,
    failuresPerConnection: config.auth.failuresPerConnection,
    lockWaitMs: POP3_LOCK_WAIT_MS,
    defaults: config.pop3,
  };
}

function rethrow(error: unknown, name: string, address: ListenAddress): never {
  const reason = error instanceof Error ? error.message : String(error);
  const where = hostPort(address.host, address.port);
  const message = reason.includes(where) ? reason : `cannot listen on ${where}: ${reason}`;
  throw new Error(`listen.${name}: ${message.replace(`${name}: `, '')}`, { cause: error });
}

/**
 * The listeners of all protocols from the configuration. Either all of them accept or none stays open, and the error says
 * which option names the address that could not be had.
 */
import type { Watch } from '../admin/admin.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { ListenAddress } from '../config/option.ts';
import type { Config } from '../config/options.ts';
import { deliveryServices } from '../delivery/services.ts';
import type { Dns } from '../dns/answer.ts';
import type { AccountAdmin } from '../identity/account-admin.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Receive } from '../identity/handing-over.ts';
import type { Passkeys } from '../identity/passkeys.ts';
import type { Recipients } from '../identity/recipients.ts';
import type { SecondSteps } from '../identity/second-steps.ts';
import type { WebSessions } from '../identity/web-sessions.ts';
import { imapServices, receiveImap, startImap } from '../imap/server.ts';
import type { ImapSettings } from '../imap/settings.ts';
import { UrlAuthority } from '../imap/url/authority.ts';
import { LIMITS_BEFORE_LOGIN } from '../imap/wire/frame-event.ts';
import { receiveLmtp, startLmtp } from '../lmtp/server.ts';
import type { Domain } from '../mailbox/domain.ts';
import { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import { receiveManageSieve, startManageSieve } from '../managesieve/server.ts';
import type { ManageSieveServices } from '../managesieve/services.ts';
import type { ManageSieveSettings } from '../managesieve/settings.ts';
import { mxServices, startMx } from '../mx/server.ts';
import type { Connection } from '../net/connection.ts';
import type { Connections } from '../net/connections.ts';
import type { Guest } from '../net/guest.ts';
import { hostPort } from '../net/listener.ts';
import { Proxies } from '../net/proxies.ts';
import { NO_RELAY, type Relay } from '../net/relay.ts';
import { Roster } from '../net/roster.ts';
import type { Session } from '../net/sessions.ts';
import type { StreamOptions } from '../net/stream.ts';
import { Sweep } from '../net/sweep.ts';
import type { TlsFiles } from '../net/tls.ts';
import { pop3Services, receivePop3, startPop3 } from '../pop3/server.ts';
import type { Pop3Settings } from '../pop3/settings.ts';
import type { Editing } from '../rules/editing.ts';
import { MAX_RESPONSE_BYTES } from '../sasl/mechanism.ts';
import type { SpamServices } from '../spam/spam-check.ts';
import type { Administration } from '../web/admin/services.ts';
import { applePushOf } from './apple-push.ts';
import { urlSource } from './burl.ts';
import type { Feedback } from './feedback.ts';
import type { LocalDomains } from './local-domains.ts';
import { listenForMetrics } from './metrics-listener.ts';
import { preferredLanguage } from './report-language.ts';
import { type Sending, sendingOf } from './sending.ts';
import { type Web, webOf } from './web-listeners.ts';

export interface ProtocolOptions {
  readonly config: Config;
  readonly log: Log;
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly recipients: Recipients;
  readonly accounts: AccountAdmin;
  readonly webSessions: WebSessions;
  readonly secondSteps: SecondSteps;
  readonly passkeys: Passkeys;
  readonly administration: Administration;
  readonly connections: Connections;
  readonly dns: Dns;
  readonly feedback: Pick<Feedback, 'counter' | 'reports'>;
  /** What whoever edits scripts needs. */
  readonly rules: Editing;
  /** Absent where one process holds everything. */
  readonly relay?: Relay;
  /** Other processes listen on the same ports. */
  readonly isShared?: boolean;
  readonly tls: TlsFiles;
  /** What mail from the world meets. */
  readonly spam: SpamServices;
  readonly domains: LocalDomains;
  readonly watch: Pick<Watch, 'metrics'>;
  /** What secrets of this data folder follow from. */
  readonly installation: string;
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
  /** By service: what becomes of connections that other processes have signed in. */
  readonly receivers: Readonly<Record<string, Receive>>;
  /** What becomes of deliveries that other processes pass on. */
  readonly deliveries: (connection: Connection, guest: Guest) => Session;
  /** What becomes of requests over HTTP that other processes pass on. */
  readonly requests: Web['holder'];
  readonly stream: StreamOptions;
  readonly allowances: Sending['services']['allowances'];
  /** For connections that begin from now on. Whoever asks sees to it that only options change that may. */
  apply(config: Config): void;
}

type Starter = (address: ListenAddress) => Promise<readonly BoundListener[]>;

export async function startProtocols(options: ProtocolOptions): Promise<RunningProtocols> {
  const { config, version } = options;
  const started: BoundListener[] = [];
  const settings = {
    imap: imapSettings(config, version),
    pop3: pop3Settings(config, version),
    sieve: sieveSettings(config, version),
  };
  const services = servicesOf(options, settings, started);
  try {
    for (const [name, start] of Object.entries(services.starters)) {
      const address = config.listen[name as keyof Config['listen']];
      if (address === undefined) continue;
      started.push(...(await start(address).catch((error: unknown) => rethrow(error, name, address))));
    }
  } catch (error) {
    await Promise.all(started.map((listener) => listener.close(0)));
    throw error;
  }
  Object.assign(settings.imap, imapSettings(asBound(config, started), version));
  return {
    listeners: started,
    receivers: services.receivers,
    deliveries: services.deliveries,
    requests: services.web.holder,
    stream: services.stream,
    allowances: services.sending.services.allowances,
    // Sessions hold these objects and look into them when they need to.
    apply(next) {
      Object.assign(settings.imap, imapSettings(asBound(next, started), version));
      Object.assign(settings.pop3, pop3Settings(next, version));
      Object.assign(settings.sieve, sieveSettings(next, version));
      services.sending.apply(next);
      services.web.apply(next);
    },
  };
}

/** With the ports that the system has chosen where none was named. */
function asBound(config: Config, started: readonly BoundListener[]): Config {
  const listen = Object.entries(config.listen).map(([name, address]) => {
    const bound = started.find((one) => one.name === name)?.address;
    const port = bound === undefined ? 0 : Number(bound.slice(bound.lastIndexOf(':') + 1));
    return [name, address?.port === 0 ? { ...address, port } : address];
  });
  return { ...config, listen: Object.fromEntries(listen) as Config['listen'] };
}

interface Settings {
  readonly imap: ImapSettings;
  readonly pop3: Pop3Settings;
  readonly sieve: ManageSieveSettings;
}

interface Services {
  readonly starters: Readonly<Record<string, Starter>>;
  readonly receivers: RunningProtocols['receivers'];
  readonly deliveries: RunningProtocols['deliveries'];
  readonly web: Web;
  readonly sending: Sending;
  readonly stream: StreamOptions;
}

/** What all ports of a protocol share is made once, and shared with what comes from other processes. */
function servicesOf(
  options: ProtocolOptions,
  settings: Settings,
  started: readonly BoundListener[],
): Services {
  const { config, log, domain, authenticator, activity, connections, tls, relay = NO_RELAY, watch } = options;
  const { isShared = false } = options;
  const { limits } = config;
  const roster = new Roster(limits.connectionsPerAccount);
  const shared = { domain, authenticator, activity, roster, relay, tls, log };
  const ports = {
    ...{ connections, log, isShared },
    stream: { sweep: new Sweep(), writeTimeoutMs: limits.writeTimeout, proxies: new Proxies(config.proxy) },
    handshakeTimeoutMs: limits.handshakeTimeout,
  };
  const uploads = uploadsOf(config);
  const urls = new UrlAuthority(new Secret(options.installation));
  const imap = imapServices({ ...shared, settings: settings.imap, uploads, urls });
  const pop3 = pop3Services({ ...shared, settings: settings.pop3 });
  const submitting = { ...shared, recipients: options.recipients, urls: urlSource(domain, urls) };
  const sending = sendingOf(config, submitting, ports);
  const delivery = {
    ...{ domain, activity, recipients: options.recipients, tls, relay, ...ports },
    giveUpMs: config.queue.giveUp,
    hostname: config.hostname,
    defaultDomain: config.auth.defaultDomain,
    uploadBytes: limits.uploads,
    reports: options.feedback.reports,
  };
  const lmtp = deliveryServices({ ...delivery, ...lmtpSettings(config) });
  const mx = mxServices({
    ...delivery,
    ...{ dns: options.dns, spam: options.spam },
    ...(options.feedback.counter && { counter: options.feedback.counter }),
    ...mxSettings(config),
  });
  const sieve: ManageSieveServices = { ...shared, settings: settings.sieve, editing: options.rules };
  const web = webOf({
    ...{ ...options, uploads, isShared, submitting: sending.services },
    listeners: () => started,
  });
  const starters: Record<string, Starter> = {
    imap: (address) => startImap(imap, { ...ports, listen: [{ name: 'imap', ...address }] }),
    imaps: (address) => startImap(imap, { ...ports, listen: [{ name: 'imaps', ...address }] }),
    pop3: (address) => startPop3(pop3, { ...ports, listen: [{ name: 'pop3', ...address }] }),
    managesieve: (address) =>
      startManageSieve(sieve, { ...ports, listen: [{ name: 'managesieve', ...address }] }),
    pop3s: (address) => startPop3(pop3, { ...ports, listen: [{ name: 'pop3s', ...address }] }),
    submission: (address) => sending.start({ name: 'submission', ...address }),
    submissions: (address) => sending.start({ name: 'submissions', ...address }),
    lmtp: async (address) => [await startLmtp(lmtp, { ...ports, ...address })],
    smtp: async (address) => [await startMx(mx, { ...ports, ...address })],
    metrics: async (address) => [await listenForMetrics(address, watch)],
    ...web.starters,
  };
  const receivers = {
    imap: receiveImap(imap),
    pop3: receivePop3(pop3),
    sieve: receiveManageSieve(sieve),
    submission: sending.receive,
  };
  const deliveries = receiveLmtp(lmtp);
  return { starters, receivers, deliveries, web, sending, stream: ports.stream };
}

function lmtpSettings({ lmtp: { maxSize, overQuota, junkHeaders } }: Config) {
  return { maxMessageBytes: maxSize, overQuota, believesHeaders: junkHeaders };
}

function mxSettings({ mx }: Config) {
  return {
    maxMessageBytes: mx.maxSize,
    overQuota: mx.overQuota,
    greetingDelayMs: mx.greetingDelay,
    connectionsPerMinute: mx.connectionsPerMinute,
    checkTimeoutMs: mx.checkTimeout,
    trustedSealers: mx.trustedSealers.split(/[\s,]+/).filter((name) => name !== ''),
  };
}

function uploadsOf({ limits, imap: { maxAppendSize } }: Config): UploadBudget {
  return new UploadBudget({
    accountBytes: Math.max(limits.uploadsPerAccount, maxAppendSize),
    totalBytes: Math.max(limits.uploads, maxAppendSize),
  });
}

/** RFC 9585: the first when a client may begin to wonder, and not so often that it is a burden. */
const PROGRESS_MS = 10_000;

function imapSettings(config: Config, version: string): ImapSettings {
  const { limits } = config;
  const maxAppendBytes = config.imap.maxAppendSize;
  const common = { literals: limits.literalsPerCommand, literalBytes: limits.literalBytes };
  return {
    hostname: config.hostname,
    version,
    plaintext: config.auth.plaintext,
    maxAppendBytes,
    messagesPerCommand: limits.messagesPerCommand,
    messagesLimited: limits.messagesLimited,
    offersUidOnly: config.imap.uidOnly,
    offersGmail: config.imap.gmailExtension,
    applePushTopic: applePushOf(config)?.topic,
    sieveUrl: sieveUrlOf(config),
    jmapUrl: jmapUrlOf(config),
    preferredLanguage: preferredLanguage(config),
    idleKeepaliveMs: config.imap.idleKeepalive,
    progressMs: PROGRESS_MS,
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

/** Over TLS here; what a proxy in front is called nobody has said. */
function jmapUrlOf({ hostname, listen: { https } }: Config): string | undefined {
  if (https === undefined || https.port === 0) return undefined;
  return `https://${hostname}${https.port === 443 ? '' : `:${https.port}`}/.well-known/jmap`;
}

/** RFC 5804 §3; undefined before it is known which port it is. */
function sieveUrlOf({ hostname, listen: { managesieve } }: Config): string | undefined {
  if (managesieve === undefined || managesieve.port === 0) return undefined;
  return managesieve.port === SIEVE_PORT ? `sieve://${hostname}` : `sieve://${hostname}:${managesieve.port}`;
}

/** RFC 5804 §1.8. */
const SIEVE_PORT = 4190;

/** Without literals: names, sizes, and SASL responses of clients that put them into quotes. */
const MANAGESIEVE_LINE_BYTES = 2 * MAX_RESPONSE_BYTES;

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

function sieveSettings(config: Config, version: string): ManageSieveSettings {
  const { auth, limits } = config;
  return {
    version,
    plaintext: auth.plaintext,
    loginTimeoutMs: limits.loginTimeout,
    idleTimeoutMs: limits.idleTimeout,
    badCommandsBeforeLogin: limits.badCommandsBeforeLogin,
    badCommands: limits.badCommands,
    failuresPerConnection: auth.failuresPerConnection,
    lineBytes: MANAGESIEVE_LINE_BYTES,
  };
}

function rethrow(error: unknown, name: string, address: ListenAddress): never {
  const reason = error instanceof Error ? error.message : String(error);
  const where = hostPort(address.host, address.port);
  const message = reason.includes(where) ? reason : `cannot listen on ${where}: ${reason}`;
  const isTaken =
    (error as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE' || /uses this port/.test(reason);
  const remedy = isTaken
    ? `; end that program, or have this one listen elsewhere: --set listen.${name}=${hostPort(address.host, address.port + 1000)}, or "" for not at all`
    : '';
  throw new Error(`listen.${name}: ${message.replace(`${name}: `, '')}${remedy}`, { cause: error });
}

/** The ports of HTTP and what is behind them: the webmail, how to set up mail programs, the policy of MTA-STS, what authorities check. */
import { join } from 'node:path';
import { challengeContext, challengeRoutes } from '../acme/challenge.ts';
import { DomainCertificates } from '../acme/domain-certificates.ts';
import { acmePaths } from '../acme/files.ts';
import type { Log } from '../base/log.ts';
import type { ListenAddress } from '../config/option.ts';
import type { Config } from '../config/options.ts';
import { type HolderSide, holderSide } from '../http/elsewhere.ts';
import type { Route } from '../http/exchange.ts';
import { HttpListener } from '../http/listener.ts';
import { Outward } from '../http/outward.ts';
import type { AccountAdmin } from '../identity/account-admin.ts';
import type { Activity } from '../identity/activity.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { Passkeys } from '../identity/passkeys.ts';
import type { SecondSteps } from '../identity/second-steps.ts';
import type { WebSessions } from '../identity/web-sessions.ts';
import { Vapid } from '../jmap/push/vapid.ts';
import { jmapRoutes } from '../jmap/routes.ts';
import type { Submitting } from '../jmap/submission/submit.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { UploadBudget } from '../mailbox/operations/upload-budget.ts';
import type { UploadLimits } from '../mailbox/port/uploads.ts';
import type { Connections } from '../net/connections.ts';
import { Proxies } from '../net/proxies.ts';
import type { Relay } from '../net/relay.ts';
import type { TlsFiles } from '../net/tls.ts';
import type { Editing } from '../rules/editing.ts';
import type { PlaintextRule } from '../sasl/plaintext.ts';
import { mobileExport } from '../setup/mobile-export.ts';
import { mobileconfig, signed, usedBy } from '../setup/mobileconfig.ts';
import type { MtaStsPolicy } from '../setup/mta-sts.ts';
import { setupRoutes } from '../setup/routes.ts';
import { type ClientService, servicesOf, withoutPurpose } from '../setup/services.ts';
import { UploadFiles } from '../store/uploads/upload-files.ts';
import type { Administration } from '../web/admin/services.ts';
import { cookieJudge } from '../web/cookie-judge.ts';
import { webRoutes } from '../web/routes.ts';
import type { DeviceProfiles } from '../web/services.ts';
import type { LocalDomains } from './local-domains.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Beside the mail of an account, and no part of its quota. */
const KEPT_UPLOADS: UploadLimits = Object.freeze({
  accountBytes: 200_000_000,
  accountPieces: 1000,
  leastMs: 60 * 60_000,
  mostMs: 24 * 60 * 60_000,
});

export interface WebOptions {
  readonly config: Config;
  readonly domain: Domain;
  readonly authenticator: Authenticator;
  readonly accounts: AccountAdmin;
  readonly activity: Activity;
  readonly webSessions: WebSessions;
  readonly secondSteps: SecondSteps;
  readonly passkeys: Passkeys;
  readonly administration: Administration;
  /** Room for what is on its way in. */
  readonly uploads: UploadBudget;
  /** What whoever edits rules needs. */
  readonly rules: Editing;
  /** The rules of sending. */
  readonly submitting: Submitting;
  readonly domains: LocalDomains;
  readonly tls: TlsFiles;
  readonly connections: Connections;
  readonly isShared: boolean;
  /** Absent where one process holds everything. */
  readonly relay?: Relay | undefined;
  /** All that accept so far. */
  readonly listeners: () => readonly { readonly name: string; readonly address: string }[];
  readonly log: Log;
}

export type WebStarter = (address: ListenAddress) => Promise<readonly HttpListener[]>;

export interface Web {
  readonly starters: Readonly<Record<'http' | 'https', WebStarter>>;
  /** Where requests arrive that other processes pass on. */
  readonly holder: HolderSide;
  /** For requests that come from now on. */
  apply(config: Config): void;
}

export function webOf(options: WebOptions): Web {
  const { config, tls, connections, isShared, log } = options;
  const paths = acmePaths(config.data);
  const settings = settingsOf(config);
  const routes = routesOf(options, settings);
  const common = {
    ...{ connections, isShared, log, routes },
    handshakeTimeoutMs: config.limits.handshakeTimeout,
    trustedProxies: config.http.trustedProxies,
    proxies: new Proxies(config.proxy),
  };
  const certificates = new DomainCertificates(paths);
  const byName = {
    challenge: (name: string) => challengeContext(paths, name),
    certificateFor: (name: string) => certificates.find(withoutPurpose(name)),
  };
  const starters = {
    http: async (address: ListenAddress) => [
      await HttpListener.open({ name: 'http', ...address, ...common }),
    ],
    https: async (address: ListenAddress) => [
      await HttpListener.open({ name: 'https', ...address, ...common, tls, ...byName }),
    ],
  };
  return {
    ...{ starters, holder: holderSide({ routes, log }) },
    // Routes hold this object and look into it with each request.
    apply: (next) => void Object.assign(settings, settingsOf(next)),
  };
}

interface WebSettings {
  readonly plaintext: PlaintextRule;
  readonly hostname: string;
}

function settingsOf({ auth, hostname }: Config): WebSettings {
  return { plaintext: auth.plaintext, hostname };
}

function routesOf(options: WebOptions, settings: WebSettings): readonly Route[] {
  const { config, domains, tls, listeners } = options;
  const { listen, data } = config;
  if (listen.http === undefined && listen.https === undefined) return [];
  const setup = setupRoutes({
    hostname: config.hostname,
    services: () => servicesOf(listeners()),
    isOurs: (domain) => domains.has(domain),
    httpsPort: () => portOf(listeners().find(({ name }) => name === 'https')?.address),
    pair: () => tls.pair,
    mtaSts: mtaStsPolicy(config),
  });
  const { webSessions: sessions, domain } = options;
  const shared = { ...options, settings };
  const keptUploads = new UploadFiles(join(data, 'uploads'), KEPT_UPLOADS, options.domain.clock);
  const jmap = jmapRoutes({
    editing: options.rules,
    ...shared,
    keptUploads,
    streamsPerAccount: config.limits.connectionsPerAccount,
    hostname: config.hostname,
    push: {
      outward: new Outward(),
      vapid: Vapid.open(join(data, 'web-push.key'), `https://${config.hostname}/`),
    },
    judges: [cookieJudge(sessions)],
  });
  const web = webRoutes({
    ...shared,
    root: ROOT,
    data,
    clock: domain.clock,
    sessions,
    outward: new Outward(),
    profiles: profilesOf(config.hostname, () => servicesOf(listeners()), tls),
  });
  return [...challengeRoutes(acmePaths(data)), ...setup, ...jmap, ...web];
}

function profilesOf(
  hostname: string,
  services: () => readonly ClientService[],
  tls: Pick<TlsFiles, 'pair'>,
): DeviceProfiles {
  return {
    usedBy: () => usedBy(services()),
    async make(address, password) {
      const profile = mobileconfig({ address, hostname, services: services(), password });
      return profile === undefined ? undefined : signed(profile, tls.pair);
    },
    code: (address, name, password) =>
      mobileExport({ address, name, hostname, services: services(), password }),
  };
}

export function mtaStsPolicy({ hostname, mtaSts }: Config): MtaStsPolicy {
  const named = mtaSts.mx.split(/[\s,]+/).filter((name) => name !== '');
  return {
    mode: mtaSts.mode,
    mx: named.length > 0 ? named : [hostname],
    maxAgeSeconds: Math.round(mtaSts.maxAge / 1000),
  };
}

function portOf(address: string | undefined): number | undefined {
  const port = Number(/:(\d+)$/.exec(address ?? '')?.[1]);
  return port > 0 ? port : undefined;
}

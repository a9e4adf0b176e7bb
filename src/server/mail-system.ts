/**
 * Everything below the protocols, put together from the configuration: store, domain, passwords, administration. The
 * server builds its listeners on it; a command that finds no server uses it directly.
 */

import { LocalAdmin } from '../admin/local-admin.ts';
import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { Ledger } from '../feedback/ledger.ts';
import { AccountAdmin } from '../identity/account-admin.ts';
import { Activity } from '../identity/activity.ts';
import { ActivityFiles } from '../identity/activity-files.ts';
import { Authenticator } from '../identity/authenticator.ts';
import { Challenges } from '../identity/challenges.ts';
import { DomainAdmin } from '../identity/domain-admin.ts';
import { KeyWatch } from '../identity/key-watch.ts';
import { Passkeys } from '../identity/passkeys.ts';
import { Passwords } from '../identity/password.ts';
import { ProofKeyMaker } from '../identity/proof-keys.ts';
import { Recipients } from '../identity/recipients.ts';
import { SecondSteps } from '../identity/second-steps.ts';
import type { TokenIssuer } from '../identity/token-issuer.ts';
import { WebSessions } from '../identity/web-sessions.ts';
import { Accounts } from '../mailbox/accounts.ts';
import { Turns } from '../mailbox/change/turns.ts';
import type { Domain } from '../mailbox/domain.ts';
import type { LimitChoices } from '../mailbox/model/quota.ts';
import { NO_INDEX_FILES } from '../mailbox/port/index-files.ts';
import { EVERYTHING_HERE } from '../mailbox/port/placement.ts';
import { TranslatedStore } from '../mailbox/port/translated-store.ts';
import { Alarms } from '../mailbox/state/alarms.ts';
import { SentCopies } from '../mailbox/state/sent-copies.ts';
import { TextIndex } from '../mailbox/text-index/text-index.ts';
import type { KnownTime } from '../mailbox/upkeep/known-time.ts';
import { makeKey } from '../message-auth/keys.ts';
import { Connections } from '../net/connections.ts';
import { SCRIPT_ANNOTATION } from '../rules/mailbox-scripts.ts';
import { FolderIndexFiles } from '../store/index-files.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import type { SqliteStoreOptions } from '../store/sqlite/opening.ts';
import type { ShardedDirectory } from '../store/sqlite/sharded-directory.ts';
import { ACCOUNT_SETTINGS } from './account-settings.ts';
import { annotationRoomOf } from './annotation-room.ts';
import { rethrowWithRemedy } from './data-modes.ts';
import { feedbackAdmin, ledgerOf } from './feedback.ts';
import { wayBack } from './forward-sender.ts';
import { keepingOf, knownTimeOf } from './keeping.ts';
import { textsByDns } from './key-watch.ts';
import { openRules, type RulesSystem } from './rules.ts';
import { shardCount } from './workers/count.ts';
import { type Part, placementOf, shareOf } from './workers/part.ts';

/** Of a hundred thousand messages some forty megabytes. */
const TEXT_INDEX_BYTES = 96 * 1024 * 1024;

export interface MailSystem {
  /** The accounts, and where each has its mail. */
  readonly directory: ShardedDirectory;
  readonly domain: Domain;
  readonly rules: RulesSystem;
  readonly authenticator: Authenticator;
  readonly activity: Activity;
  readonly recipients: Recipients;
  readonly keyWatch: KeyWatch;
  readonly domains: Pick<DomainAdmin, 'whenLookedAt'>;
  /** Of what domains tell each other about mail. */
  readonly ledger: () => Ledger;
  /** By which mail is given up. */
  readonly knownTime: KnownTime;
  readonly connections: Connections;
  readonly accounts: AccountAdmin;
  readonly secondSteps: SecondSteps;
  readonly passkeys: Passkeys;
  /** Who is signed in to the webmail. */
  readonly webSessions: WebSessions;
  /** Its `close` closes the store. */
  readonly admin: LocalAdmin;
  close(): Promise<void>;
}

/**
 * `onFatal`: a sync failed, or files are gone, and with them what was promised; it must end the process. `mends`: files
 * that do not belong together are made to, for `check --repair`. `onNotice`: what is to be told once, instead of the log.
 */
export async function openMailSystem(
  config: Config,
  log: Log,
  onFatal: (error: Error) => void,
  rest: Pick<SqliteStoreOptions, 'mends' | 'onNotice'> & {
    readonly part?: Part;
    readonly version?: string;
  } = {},
): Promise<MailSystem> {
  const { part, version = '', ...how } = rest;
  const share = part === undefined ? {} : { share: shareOf(part) };
  const opened = await openStore(config, { onFatal, log, ...how, ...share });
  const store = new TranslatedStore(opened);
  const placement = part === undefined ? EVERYTHING_HERE : placementOf(part, opened.directory);
  const { installation } = opened.directory;
  const { directory } = store;
  const { defaultDomain } = config.auth;
  const recipients = new Recipients({
    ...{ directory, defaultDomain, ...config.addresses },
    wayBack: wayBack(config, opened.directory.installation, systemClock),
  });
  const shared = { store, log, serverAnnotations: serverAnnotationsOf(config) };
  const rules = openRules(config, { ...shared, clock: systemClock, version, recipients, installation });
  if (how.mends === true) await new FolderIndexFiles(config.data).clear();
  const knownTime = knownTimeOf(config, systemClock, log);
  const keeping = keepingOf(config, knownTime);
  const domain = domainOf(config, { ...shared, placement, keeping, ...rules });
  const journal = new ActivityFiles(config.data, config.log.activity, part);
  const activity = new Activity({ log, clock: domain.clock, journal });
  const connections = connectionsOf(config);
  const issuer = await issuerOf(config.oauth);
  const doors = signInOf(config, { domain, activity, installation, issuer });
  const { clock } = domain;
  const keyWatch = new KeyWatch({ domains: directory.domains, clock, texts: textsByDns(config), log });
  const domains = new DomainAdmin({ domain, recipients, defaultDomain, makeKey, keyWatch });
  const ledger = ledgerOf(config);
  const feedback = feedbackAdmin(domains, ledger.open, () => clock.nowMs());
  const webSessions = new WebSessions({ directory, accounts: domain.accounts, clock, activity });
  const close = async (): Promise<void> => {
    await rules.events.stop();
    await store.close();
    ledger.close();
    await journal.flush();
  };
  return {
    directory: opened.directory,
    domain,
    rules,
    ...doors,
    activity,
    recipients,
    keyWatch,
    domains,
    ledger: ledger.open,
    knownTime,
    connections,
    webSessions,
    admin: new LocalAdmin({
      ...{ ...doors, domain, domains, feedback, activity, journal, connections, webSessions },
      ...{ editing: rules, onClose: close },
    }),
    close,
  };
}

function openStore(
  config: Config,
  how: Pick<SqliteStoreOptions, 'onFatal' | 'log' | 'mends' | 'onNotice' | 'share'>,
) {
  return openSqliteStore({
    directory: config.data,
    shards: shardCount(config),
    flags: config.store.flags,
    packAfterMs: config.store.packAfter,
    minFreeBytes: config.store.minFree,
    ...how,
  }).catch((error: unknown) => rethrowWithRemedy(error, config.data));
}

/** RFC 5464 §3.2.1.1. */
function serverAnnotationsOf({ imap, sieve }: Config): ReadonlyMap<string, string> {
  const { admin, comment } = imap;
  const said = [
    ['/shared/admin', admin],
    ['/shared/comment', comment],
    [SCRIPT_ANNOTATION, sieve.imapScript],
  ] as const;
  return new Map(said.filter(([, value]) => value !== ''));
}

function domainOf(
  config: Config,
  parts: Pick<Domain, 'store' | 'log' | 'placement' | 'keeping' | 'serverAnnotations'> &
    Pick<RulesSystem, 'dispositions' | 'events'>,
): Domain {
  const { store, log, placement, keeping, serverAnnotations, dispositions, events } = parts;
  const clock = systemClock;
  const turns = new Turns(store, clock, log);
  const { keywordsPerMailbox, keywordsPerMessage, mailboxesPerAccount, outgoingPerAccount, outgoing } =
    config.limits;
  const outgoingBytesPerAccount = Math.max(config.limits.outgoingBytesPerAccount, config.submission.maxSize);
  // One limit for the domain; each protocol announces and enforces its own below it.
  const messageBytes = Math.max(config.imap.maxAppendSize, config.lmtp.maxSize, config.submission.maxSize);
  const perAccount = { mailboxesPerAccount, outgoingPerAccount, outgoingBytesPerAccount, outgoing };
  const roomGraceMs = config.quota.grace;
  const annotationBytes = annotationRoomOf(config);
  const limits = {
    ...{ keywordsPerMailbox, keywordsPerMessage, ...perAccount, messageBytes, roomGraceMs, annotationBytes },
  };
  const accounts = new Accounts(store, turns, clock, defaultLimits(config));
  const domain: Domain = {
    ...{ store, log, placement, keeping, serverAnnotations, dispositions, events },
    ...{ accounts, turns, clock, limits },
    learns: config.rspamd.controllerUrl !== '',
    sentCopies: new SentCopies(),
    alarms: new Alarms(),
    textIndex: textIndexOf(config, log),
  };
  events.begin(domain);
  return domain;
}

/** 0 in the configuration: no limit. */
function defaultLimits({ quota: { size, messages, mailboxes } }: Config): LimitChoices {
  return {
    ...(size > 0 && { bytes: size }),
    ...(messages > 0 && { messages }),
    ...(mailboxes > 0 && { mailboxes }),
  };
}

function textIndexOf({ data, search }: Config, log: Log): TextIndex {
  const files = search.index === 'off' ? NO_INDEX_FILES : new FolderIndexFiles(data);
  return new TextIndex({ files, maxBytes: TEXT_INDEX_BYTES, log });
}

/** Who may sign in, and who decides about that. `installation`: what the salts of this data folder follow from. */
function signInOf(
  { auth }: Config,
  parts: { domain: Domain; activity: Activity; installation: string; issuer: TokenIssuer | undefined },
): Pick<MailSystem, 'authenticator' | 'accounts' | 'secondSteps' | 'passkeys'> {
  const { domain, activity, installation, issuer } = parts;
  const { defaultDomain, failDelay, mainPassword, scram } = auth;
  const passwords = new Passwords();
  const proofKeys = new ProofKeyMaker({ saltKey: installation, areKept: scram !== 'off' });
  const shared = { passwords, proofKeys, defaultDomain, activity };
  const authenticator = new Authenticator({
    ...shared,
    directory: domain.store.directory,
    rules: { mainPassword, scram },
    issuer,
    clock: domain.clock,
    log: domain.log,
    failDelayMs: failDelay,
  });
  const accounts = new AccountAdmin({ ...shared, domain, authenticator, settings: ACCOUNT_SETTINGS });
  const { directory } = domain.store;
  const { throttle } = authenticator;
  const shown = { directory, throttle, accounts: domain.accounts, clock: domain.clock, activity };
  const challenges = new Challenges(installation);
  const passkeys = new Passkeys({ ...shown, challenges });
  return { authenticator, accounts, passkeys, secondSteps: new SecondSteps(shown) };
}

async function issuerOf({
  issuer,
  keys,
  audience,
  scope,
  claim,
}: Config['oauth']): Promise<TokenIssuer | undefined> {
  if (issuer === '') return undefined;
  const audiences = audience.split(',').flatMap((one) => one.trim() || []);
  if (audiences.length === 0)
    throw new Error('oauth.audience: needed with oauth.issuer, or a token for any other service would do');
  const { TokenIssuer } = await import('../identity/token-issuer.ts');
  return new TokenIssuer({ issuer, keys: keys || undefined, audiences, scope: scope || undefined, claim });
}

function connectionsOf({ limits, listen }: Config): Connections {
  const total = limits.connections;
  // Where little is to be had, delivery takes no more than a quarter of it.
  const delivery = Math.min(limits.deliveryConnections, Math.ceil(total / 4));
  const mail = { reserved: delivery, hasSignIn: false };
  const people = { reserved: Math.floor(total / 10), hasSignIn: true };
  return new Connections({
    total,
    perAddress: limits.connectionsPerAddress,
    services: {
      imap: people,
      pop3: people,
      submission: people,
      sieve: { reserved: 0, hasSignIn: true },
      ...((listen.http ?? listen.https) && { http: people }),
      lmtp: mail,
      ...(listen.smtp && { smtp: mail }),
    },
  });
}

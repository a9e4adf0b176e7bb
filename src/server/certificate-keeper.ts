/** What keeps a certificate for this server, when it is told to: which names lead here, which methods there are, what is served. */
import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { Method, Proofs } from '../acme/challenge.ts';
import { acmePaths } from '../acme/files.ts';
import { CertificateKeeper } from '../acme/keeper.ts';
import { Semaphore } from '../base/gate.ts';
import { isPrivateAddress } from '../base/ip-address.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import type { Dns } from '../dns/answer.ts';
import { Resolver } from '../dns/resolver.ts';
import { systemServers } from '../dns/servers.ts';
import { Proxies } from '../net/proxies.ts';
import { SPOKEN } from '../net/services.ts';
import type { TlsFiles } from '../net/tls.ts';
import { PURPOSES } from '../setup/services.ts';
import type { LocalDomains } from './local-domains.ts';
import { ownAddresses } from './machine.ts';

export interface KeeperParts {
  readonly config: Config;
  readonly domains: LocalDomains;
  readonly tls: TlsFiles;
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly log: Log;
}

/** Where TLS comes first, so that a handshake alone says what is served. */
const SECURE = Object.keys(SPOKEN).filter((name) => SPOKEN[name]?.tls === 'first');
/** Other processes look for a new file every half minute. */
const PROOF_MS = 60_000;
const PROOF_EVERY_MS = 1000;
const HANDSHAKE_MS = 5000;
const QUESTIONS_AT_ONCE = 8;

/** Undefined when nobody wants one. */
export async function certificateKeeper(parts: KeeperParts): Promise<CertificateKeeper | undefined> {
  const { config, domains, listeners, log } = parts;
  const { acme } = config;
  if (!acme.enabled) return undefined;
  const servers = config.dns.servers.length > 0 ? config.dns.servers : systemServers();
  const dns = new Resolver({ servers });
  const { caCertificate, directory, email, externalKey, externalKeyId } = acme;
  const hostname = config.hostname.toLowerCase();
  return new CertificateKeeper({
    ...{ paths: acmePaths(config.data), directory, email, hostname, log },
    external: externalKey === undefined ? undefined : { keyId: externalKeyId, key: externalKey },
    ca: caCertificate === undefined ? undefined : await readFile(caCertificate, 'utf8'),
    proofs: proofsOf(config, dns),
    // Without HTTPS nobody asks for these names with TLS.
    domains: async () =>
      config.listen.https === undefined ? new Map() : namesThatLeadHere(dns, await domains.names(), hostname),
    prove: async (name, fingerprint) => {
      await parts.tls.reload();
      return prove(name, fingerprint, name === hostname ? SECURE : ['https'], {
        listeners,
        proxies: new Proxies(config.proxy),
      });
    },
  });
}

function proofsOf({ acme: { dnsCommand }, data, listen }: Config, dns: Dns): Proofs {
  const methods: Method[] = [];
  if (dnsCommand !== undefined) methods.push('dns-01');
  if (listen.http !== undefined) methods.push('http-01');
  if (listen.https !== undefined) methods.push('tls-alpn-01');
  const paths = acmePaths(data);
  if (dnsCommand === undefined) return { methods, paths };
  const isShown = async (name: string, value: string): Promise<boolean> => {
    const answer = await dns.ask(name, 'TXT');
    return answer.kind === 'found' && answer.records.includes(value);
  };
  return { methods, paths, dns: { command: dnsCommand, isShown } };
}

/** By domain, the names by which it is set up and which have an address of this machine. */
async function namesThatLeadHere(
  dns: Dns,
  domains: readonly string[],
  hostname: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const own = ownAddresses();
  const gate = new Semaphore(QUESTIONS_AT_ONCE);
  const found = new Map<string, readonly string[]>();
  const looks = domains
    .filter((domain) => domain.includes('.'))
    .map(async (domain) => {
      const names = PURPOSES.map((purpose) => `${purpose}.${domain}`).filter((name) => name !== hostname);
      const here = await Promise.all(names.map((name) => gate.run(() => leadsHere(dns, name, own))));
      found.set(
        domain,
        names.filter((_, i) => here[i]),
      );
    });
  await Promise.all(looks);
  return found;
}

/** A machine behind a router does not know its own address; then a name that has one is taken, and the authority will say. */
async function leadsHere(dns: Dns, name: string, own: readonly string[]): Promise<boolean> {
  const answers = await Promise.all([dns.ask(name, 'A'), dns.ask(name, 'AAAA')]);
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (addresses.length === 0) return false;
  return own.every(isPrivateAddress) || addresses.some((address) => own.includes(address));
}

async function prove(
  serverName: string,
  fingerprint: string,
  ports: readonly string[],
  { listeners, proxies }: Pick<KeeperParts, 'listeners'> & { readonly proxies: Proxies },
): Promise<string | undefined> {
  const endMs = performance.now() + PROOF_MS;
  let left = listeners.filter(({ name }) => ports.includes(name));
  for (;;) {
    const seen = await Promise.all(
      left.map(({ name, address }) => servedAt(address, serverName, (from) => proxies.greeting(name, from))),
    );
    left = left.filter((_, i) => seen[i] !== fingerprint);
    if (left.length === 0) return undefined;
    if (performance.now() > endMs) return `served by ${left.map(({ name }) => name).join(', ')}: another one`;
    await sleep(PROOF_EVERY_MS, undefined, { ref: false });
  }
}

/** The fingerprint; undefined when there is no answer. */
function servedAt(
  address: string,
  hostname: string,
  preamble: (from: string) => string,
): Promise<string | undefined> {
  const [, v6, v4, port] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(address) ?? [];
  const host = (v6 ?? v4 ?? '').replace(/^(?:::|0\.0\.0\.0)$/, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const plain = connectTcp({ host, port: Number(port) });
  // It is written as soon as there is a connection, and so before the handshake.
  const first = preamble(host);
  if (first !== '') plain.write(first);
  const socket: TLSSocket = connect({
    socket: plain,
    rejectUnauthorized: false,
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
  });
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
  socket.once('secureConnect', () => resolve(socket.getPeerX509Certificate()?.fingerprint256));
  socket.on('error', () => resolve(undefined)).once('close', () => resolve(undefined));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

/**
 * What is wrong with a configuration although every value in it is allowed: files that are missing or do not belong together, two
 * listeners on one port, a door that is open to the world. `config check` asks, and so does the server before it starts.
 */
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { currentUser, dataOwner, isOurs, isRoot } from '../admin/data-owner.ts';
import { isLoopback, isPrivateAddress, withoutMapping } from '../base/ip-address.ts';
import { formatSize, type ListenAddress } from '../config/option.ts';
import type { Config } from '../config/options.ts';
import { hostPort } from '../net/listener.ts';

export interface Doubts {
  /** With these the server does not start. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

export async function doubtsOf(config: Config): Promise<Doubts> {
  const errors: string[] = [];
  const warnings: string[] = [];
  const listeners = await resolveListeners(config, errors);
  checkPorts(listeners, errors);
  checkLmtp(config, listeners, errors);
  checkMetrics(listeners, errors);
  checkData(config.data, errors);
  checkLogFile(config.log.file, errors);
  checkCertificate(config, errors, warnings);
  checkAcme(config, errors, warnings);
  checkApplePush(config, errors);
  checkProxies(config, errors, warnings);
  checkReach(config, listeners, warnings);
  checkQuota(config, warnings);
  return { errors, warnings };
}

/** Half of it would be offered to telephones and do nothing. */
function checkApplePush({ applePush: { topic, url } }: Config, errors: string[]): void {
  if ((topic === '') !== (url === ''))
    errors.push('apple_push.topic and apple_push.url belong together; give both, or neither');
}

interface Resolved {
  readonly name: string;
  readonly configured: ListenAddress;
  /** What the name stands for. */
  readonly address: string;
}

async function resolveListeners(config: Config, errors: string[]): Promise<readonly Resolved[]> {
  const resolved: Resolved[] = [];
  for (const [name, configured] of Object.entries(config.listen)) {
    if (configured === undefined) continue;
    try {
      const { address } = isIP(configured.host)
        ? { address: configured.host }
        : await lookup(configured.host);
      resolved.push({ name, configured, address: withoutMapping(address) });
    } catch (error) {
      errors.push(`listen.${name}: ${configured.host} has no address (${(error as Error).message})`);
    }
  }
  if (resolved.length === 0 && errors.length === 0) errors.push('listen: every listener is switched off');
  return resolved;
}

function checkPorts(listeners: readonly Resolved[], errors: string[]): void {
  for (const [i, one] of listeners.entries()) {
    for (const other of listeners.slice(i + 1)) {
      const { port } = one.configured;
      if (port === 0 || port !== other.configured.port) continue;
      if (!overlap(one.address, other.address)) continue;
      errors.push(
        `listen.${one.name} and listen.${other.name} both want port ${port}; give one another port`,
      );
    }
  }
}

/** `::` takes the IPv4 addresses as well. */
function overlap(a: string, b: string): boolean {
  const takesAll = (address: string, other: string): boolean =>
    address === '::' || (address === '0.0.0.0' && isIP(other) === 4);
  return a === b || takesAll(a, b) || takesAll(b, a);
}

function checkLmtp(config: Config, listeners: readonly Resolved[], errors: string[]): void {
  const lmtp = listeners.find(({ name }) => name === 'lmtp');
  if (lmtp === undefined || config.lmtp.allowPublic || isPrivateAddress(lmtp.address)) return;
  const where = hostPort(lmtp.configured.host, lmtp.configured.port);
  errors.push(
    `listen.lmtp: ${where} is open to others, and LMTP asks for no password: whoever reaches it can deliver anything. Name a private address such as 127.0.0.1, or set lmtp.allow_public = true where a firewall guards the port`,
  );
}

function checkMetrics(listeners: readonly Resolved[], errors: string[]): void {
  const metrics = listeners.find(({ name }) => name === 'metrics');
  if (metrics === undefined || isLoopback(metrics.address)) return;
  const where = hostPort(metrics.configured.host, metrics.configured.port);
  errors.push(
    `listen.metrics: ${where} is open to others, and it asks for no password; name a loopback address such as 127.0.0.1:9187`,
  );
}

function checkData(data: string, errors: string[]): void {
  const owner = dataOwner(data);
  if (owner !== undefined) {
    if (!statSync(data).isDirectory()) errors.push(`data: ${data} is not a folder`);
    else if (isOurs(owner) && !isAllowed(data, constants.R_OK | constants.W_OK | constants.X_OK))
      errors.push(`data: ${currentUser()} may not read and write ${data}`);
    return;
  }
  let above = dirname(data);
  while (!existsSync(above) && above !== dirname(above)) above = dirname(above);
  if (!isAllowed(above, constants.W_OK | constants.X_OK))
    errors.push(`data: ${data} is not there, and ${currentUser()} may not make it in ${above}`);
}

function checkLogFile(file: string | undefined, errors: string[]): void {
  if (file === undefined) return;
  const isThere = existsSync(file);
  if (isThere && !statSync(file).isFile() && !isAllowed(file, constants.W_OK)) {
    errors.push(`log.file: ${file} cannot be written to`);
  } else if (!isAllowed(isThere ? file : dirname(file), constants.W_OK)) {
    errors.push(`log.file: ${currentUser()} may not write ${file}`);
  }
}

function checkCertificate(config: Config, errors: string[], warnings: string[]): void {
  const { certificate: certificatePath, key: keyPath } = config.tls;
  if (certificatePath === undefined && keyPath === undefined) return;
  if (certificatePath === undefined || keyPath === undefined) {
    const missing = certificatePath === undefined ? 'certificate' : 'key';
    errors.push(`tls.${missing} is missing; give tls.certificate and tls.key, or neither`);
  }
  const certificatePem = readFor('tls.certificate', certificatePath, config, errors);
  const keyPem = readFor('tls.key', keyPath, config, errors);
  const certificate = attempt(`tls.certificate: ${certificatePath}: no usable certificate`, errors, () =>
    certificatePem === undefined ? undefined : new X509Certificate(certificatePem),
  );
  const key = attempt(`tls.key: ${keyPath}: no usable private key`, errors, () =>
    keyPem === undefined ? undefined : createPrivateKey(keyPem),
  );
  if (certificate === undefined) return;
  if (key !== undefined && !certificate.checkPrivateKey(key)) {
    errors.push(`tls.key: ${keyPath} is not the key of ${certificatePath}`);
  } else if (key !== undefined) {
    attempt(`tls: ${certificatePath} with ${keyPath}: not usable`, errors, () =>
      createSecureContext({ cert: certificatePem, key: keyPem }),
    );
  }
  checkValidity(certificate, config.hostname, warnings);
}

function checkAcme(config: Config, errors: string[], warnings: string[]): void {
  const { acme, tls, listen, hostname } = config;
  if (!acme.enabled) return;
  if (tls.certificate !== undefined)
    errors.push('acme.enabled: tls.certificate names a certificate already; give one of the two');
  if (listen.http === undefined && listen.https === undefined && acme.dnsCommand === undefined)
    errors.push(
      'acme.enabled: the authority checks names at listen.http (port 80) or listen.https (port 443), or by acme.dns_command; give one of them',
    );
  if (!hostname.includes('.') || isIP(hostname) !== 0)
    errors.push(
      `acme.enabled: hostname is ${hostname}, for which no authority vouches; name this server as the DNS does`,
    );
  readFor('acme.ca_certificate', acme.caCertificate, config, errors);
  const ports = [listen.http?.port, listen.https?.port];
  if ((acme.externalKeyId === '') !== (acme.externalKey === undefined))
    errors.push('acme: give acme.external_key_id and acme.external_key, or neither');
  if (acme.dnsCommand !== undefined && !isAllowed(acme.dnsCommand, constants.X_OK))
    errors.push(`acme.dns_command: ${acme.dnsCommand} is no program that ${currentUser()} may run`);
  if (acme.dnsCommand === undefined && !ports.includes(80) && !ports.includes(443))
    warnings.push(
      'acme.enabled: neither listen.http is at port 80 nor listen.https at 443; see that a router or proxy leads there',
    );
}

function checkValidity(certificate: X509Certificate, hostname: string, warnings: string[]): void {
  const { validFromDate, validToDate, validFrom, validTo } = certificate;
  if (validToDate.getTime() < Date.now()) warnings.push(`tls.certificate: it ended on ${validTo}`);
  if (validFromDate.getTime() > Date.now()) warnings.push(`tls.certificate: it begins only on ${validFrom}`);
  const names = isIP(hostname) ? certificate.checkIP(hostname) : certificate.checkHost(hostname);
  if (names === undefined)
    warnings.push(`tls.certificate: it is not for the hostname ${hostname}, so clients will warn`);
}

function readFor(name: string, path: string | undefined, config: Config, errors: string[]) {
  if (path === undefined) return undefined;
  const bytes = attempt(`${name}: cannot be read`, errors, () => readFileSync(path));
  const owner = dataOwner(config.data);
  if (bytes !== undefined && owner !== undefined && isRoot() && !isOurs(owner) && !mayRead(owner.name, path))
    errors.push(`${name}: ${owner.name}, who owns ${config.data}, may not read ${path}`);
  return bytes;
}

/** Root may read everything; the question is whether the user of the server may. */
function mayRead(user: string, path: string): boolean {
  const { error, status } = spawnSync('runuser', ['-u', user, '--', 'test', '-r', path], { timeout: 5000 });
  return error !== undefined || status !== 1;
}

function checkProxies({ proxy, listen }: Config, errors: string[], warnings: string[]): void {
  const named = proxy.listeners.split(/[\s,]+/).filter((name) => name !== '');
  if (named.length > 0 && proxy.from.length === 0)
    errors.push('proxy.listeners: proxy.from is empty, so nobody is believed there; name the proxies');
  if (named.length === 0 && proxy.from.length > 0)
    warnings.push('proxy.from: proxy.listeners is empty, so these are clients like any other');
  for (const name of named)
    if (listen[name as keyof typeof listen] === undefined)
      warnings.push(`proxy.listeners: listen.${name} is switched off`);
}

/** Nobody means so little; a size without its unit is octets. */
const SMALL_QUOTA_BYTES = 1024 * 1024;

function checkQuota({ quota: { size } }: Config, warnings: string[]): void {
  if (size > 0 && size < SMALL_QUOTA_BYTES)
    warnings.push(
      `quota.size: ${formatSize(size)} for an account is less than one mail with a picture has; is a unit missing, as in "5GiB"?`,
    );
}

function checkReach(config: Config, listeners: readonly Resolved[], warnings: string[]): void {
  const isPublic = listeners.some(({ address }) => !isPrivateAddress(address));
  if (isPublic && config.hostname === 'localhost')
    warnings.push('hostname: it is "localhost" although others reach this server; name it as they do');
  if (isPublic && config.auth.plaintext === 'always')
    warnings.push('auth.plaintext: passwords without TLS are accepted from everywhere');
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function attempt<T>(what: string, errors: string[], run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    errors.push(`${what}: ${(error as Error).message}`);
    return undefined;
  }
}

/**
 * Getting to a server that takes our mail: its addresses one after the other, greeting, EHLO, and as much TLS as it takes. A server
 * that offers TLS and cannot do it is spoken to in the clear, when nothing says otherwise, in the same attempt.
 */
import type { Dns } from '../dns/answer.ts';
import { type AddressRules, addressesOf, type HostAddresses } from './addresses.ts';
import { HopFailure } from './client/channel.ts';
import { type HopReply, isPositive, replyText } from './client/reply.ts';
import { HopSession, type Timeouts } from './client/session.ts';
import { chainOf, fitsDane } from './dane.ts';
import type { RouteHost } from './routes.ts';
import type { Smarthost } from './smarthosts.ts';
import { faultOfCode, faultOfFailure, NO_STARTTLS, type OnTls, type TlsFault } from './tls-outcome.ts';
import type { TlsLevel } from './tls-policy.ts';

export interface HopOptions {
  readonly dns: Dns;
  readonly addresses: AddressRules;
  /** In EHLO. */
  readonly hostname: string;
  readonly timeouts: Timeouts;
  /** To be bound, by family. */
  readonly localAddress?: { readonly ipv4?: string; readonly ipv6?: string };
  readonly ca?: string;
}

/** Of one way to a server. */
export interface HopTerms {
  readonly level: TlsLevel;
  /** Its certificate is looked at as if it had to be valid, and only told of. */
  readonly wouldVerify: boolean;
  readonly onTls: OnTls;
  /** It is one that was named for this. */
  readonly smarthost: Smarthost | undefined;
}

/** Why nobody there could be given the message. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  readonly status: string;
  /** The server spoke: it is there. */
  readonly hasAnswered: boolean;
  /** It will be no other way later. */
  readonly isForEver: boolean;
  /** When it was for want of TLS. */
  readonly fault: TlsFault | undefined;

  constructor(
    status: string,
    message: string,
    more: Partial<Pick<Unreachable, 'hasAnswered' | 'isForEver' | 'fault'>> = {},
  ) {
    super(message);
    this.status = status;
    this.hasAnswered = more.hasAnswered ?? false;
    this.isForEver = more.isForEver ?? false;
    this.fault = more.fault;
  }
}

export class Hop {
  readonly host: RouteHost;
  readonly address: string;
  readonly session: HopSession;
  /** What it has proven. */
  readonly level: TlsLevel['kind'] | 'clear';

  constructor(host: RouteHost, address: string, session: HopSession, level: Hop['level']) {
    this.host = host;
    this.address = address;
    this.session = session;
    this.level = level;
  }

  /** For the log and the reports. */
  get words(): string {
    return this.host.name === this.address ? this.address : `${this.host.name} [${this.address}]`;
  }

  satisfies(level: TlsLevel): boolean {
    if (level.kind === 'opportunistic') return true;
    if (level.kind === 'encrypted') return this.session.isSecure;
    return this.level === level.kind;
  }
}

export function lookUp(host: RouteHost, { dns, addresses }: HopOptions): Promise<HostAddresses> {
  return addressesOf(dns, host.name, addresses);
}

/** Throws `Unreachable`: none of its addresses could be spoken to, as has to be. */
export async function openHop(
  host: RouteHost,
  { addresses, fault }: HostAddresses,
  terms: HopTerms,
  options: HopOptions,
): Promise<Hop> {
  let last = new Unreachable('4.4.4', fault?.text ?? `${host.name} has no address`);
  for (const address of addresses) {
    try {
      return await openAt(host, address, terms, options);
    } catch (error) {
      last = asUnreachable(error, host, address);
      if (last.hasAnswered) throw last;
    }
  }
  throw last;
}

function asUnreachable(error: unknown, { name }: RouteHost, address: string): Unreachable {
  if (error instanceof Unreachable) return error;
  if (!(error instanceof HopFailure)) throw error;
  const place = name === address ? address : `${name} [${address}]`;
  if (error.kind === 'tls') return new Unreachable('4.7.5', `${place}: TLS failed: ${error.message}`);
  return new Unreachable('4.4.1', `${place}: ${error.message}`);
}

async function openAt(host: RouteHost, address: string, terms: HopTerms, options: HopOptions): Promise<Hop> {
  const { level, onTls } = terms;
  try {
    const hop = await speak(host, address, terms, options, true);
    onTls(address, shownBy(hop, terms));
    return hop;
  } catch (error) {
    const fault = faultOfFailure(error) ?? (error instanceof Unreachable ? error.fault : undefined);
    if (fault !== undefined) onTls(address, fault);
    const isTls = error instanceof HopFailure && error.kind === 'tls';
    if (!isTls || level.kind !== 'opportunistic') throw error;
    return speak(host, address, terms, options, false);
  }
}

function shownBy({ session }: Hop, { wouldVerify }: HopTerms): TlsFault | undefined {
  const { tls } = session;
  if (tls === undefined) return NO_STARTTLS;
  if (!wouldVerify || tls.authorized) return undefined;
  return faultOfCode(String(tls.authorizationError));
}

async function speak(
  host: RouteHost,
  address: string,
  { level, smarthost }: HopTerms,
  options: HopOptions,
  usesTls: boolean,
): Promise<Hop> {
  const { timeouts, hostname } = options;
  const { signIn, isImplicitTls: isImplicit = false } = smarthost ?? {};
  const wish = { name: host.name, isVerified: level.kind === 'verified', ca: options.ca };
  const localAddress = address.includes(':') ? options.localAddress?.ipv6 : options.localAddress?.ipv4;
  const endpoint = { address, port: host.port, ...(localAddress === undefined ? {} : { localAddress }) };
  const session = await HopSession.open(endpoint, timeouts, isImplicit ? wish : undefined);
  try {
    require(session.greeting, session.greeting.code === 220, host, 'greeting');
    const hello = await session.hello(hostname);
    require(hello, isPositive(hello), host, 'EHLO');
    if (usesTls && !isImplicit && session.offer('STARTTLS') !== undefined) {
      const refusal = await session.startTls(wish);
      if (refusal === undefined) {
        const again = await session.hello(hostname);
        require(again, isPositive(again), host, 'EHLO');
      }
    }
    proveLevel(session, host, level);
    const refusal = signIn && session.isSecure ? await session.signIn(signIn) : undefined;
    if (refusal !== undefined) throw refused(refusal, host, 'signing in');
    if (signIn !== undefined && !session.isSecure)
      throw new Unreachable('4.7.0', `${host.name} has no TLS, and a password is not sent without`, {
        hasAnswered: true,
      });
    return new Hop(host, address, session, session.isSecure ? level.kind : 'clear');
  } catch (error) {
    session.close();
    throw error;
  }
}

/** Throws `Unreachable` when the server has not shown what it has to. */
function proveLevel(session: HopSession, host: RouteHost, level: TlsLevel): void {
  if (level.kind === 'opportunistic') return;
  const { tls } = session;
  if (tls === undefined)
    throw new Unreachable('4.7.4', `${host.name} offers no TLS, which ${level.because} asks for`, {
      fault: NO_STARTTLS,
    });
  if (level.kind !== 'dane') return;
  const chain = chainOf(tls.getPeerCertificate(true));
  if (!fitsDane(level.records, chain, [host.name], Date.now()))
    throw new Unreachable('4.7.5', `${host.name} has another certificate than ${level.because} says`, {
      fault: faultOfCode('DANE'),
    });
}

function require(reply: HopReply, isRight: boolean, host: RouteHost, to: string): void {
  if (!isRight) throw refused(reply, host, to);
}

/** 5xx at this point is about us and this server, not about the message: another one may take it. */
function refused(reply: HopReply, { name }: RouteHost, to: string): Unreachable {
  const isSlow = reply.code === 421 || /^4\.7\./.test(reply.status ?? '');
  const text = `${name} said to ${to}: ${replyText(reply)}`;
  return new Unreachable(isSlow ? '4.7.0' : '4.3.2', text, { hasAnswered: isSlow });
}

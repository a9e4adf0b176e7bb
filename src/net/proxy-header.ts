/**
 * What a proxy says of a connection before anything else is said on it: the PROXY protocol, versions 1 (a line of text) and 2 (octets), as its
 * specification has it (haproxy.org, doc/proxy-protocol.txt, §2). Pure.
 */
import { isIP } from 'node:net';
import { withoutMapping } from '../base/ip-address.ts';

/** Whose connection it is. */
export interface Origin {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  /** It takes so many octets; without an origin the proxy speaks for itself. */
  | { readonly kind: 'header'; readonly bytes: number; readonly origin?: Origin }
  | { readonly kind: 'none'; readonly why: string };

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V1 = Buffer.from('PROXY ');
/** §2.1: a line has no more, its end included. */
const MAX_LINE = 107;
const FIXED = 16;
/** §2.2: addresses, and whatever a proxy adds to them. */
const MAX_REST = 4096;
const LOCAL = 0x20;
const PROXY = 0x21;

export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (startsAs(octets, SIGNATURE)) return octets.length < FIXED ? INCOMPLETE : readBinary(octets);
  if (startsAs(octets, V1)) return readLine(octets);
  return none('it does not begin with a header of a proxy');
}

/** As far as there is any of it. */
function startsAs(octets: Buffer, beginning: Buffer): boolean {
  const length = Math.min(octets.length, beginning.length);
  return octets.compare(beginning, 0, length, 0, length) === 0;
}

function readLine(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, MAX_LINE).indexOf('\r\n');
  if (end < 0) return octets.length < MAX_LINE ? INCOMPLETE : none('its line does not end');
  const line = octets.toString('latin1', 0, end);
  const bytes = end + 2;
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'header', bytes };
  const [, family, source = '', target = '', port] =
    /^PROXY TCP([46]) ([0-9a-fA-F.:]{2,45}) ([0-9a-fA-F.:]{2,45}) (\d{1,5}) \d{1,5}$/.exec(line) ?? [];
  const isRight = [source, target].every((address) => isIP(address) === Number(family));
  if (!isRight || Number(port) > 65_535) return none('its line makes no sense');
  return { kind: 'header', bytes, origin: { address: withoutMapping(source), port: Number(port) } };
}

function readBinary(octets: Buffer): ProxyHeader {
  const [command = 0, family = 0] = octets.subarray(12, 14);
  const length = octets.readUInt16BE(14);
  if (command !== LOCAL && command !== PROXY) return none('its version or command is unknown');
  if (length > MAX_REST) return none('it is too long');
  const bytes = FIXED + length;
  if (octets.length < bytes) return INCOMPLETE;
  const rest = octets.subarray(FIXED, bytes);
  if (command === LOCAL) return { kind: 'header', bytes };
  // TCP over IPv4 and IPv6; of others the proxy's own address is as good as any (§2.2).
  if (family === 0x11 && rest.length >= 12)
    return {
      kind: 'header',
      bytes,
      origin: { address: rest.subarray(0, 4).join('.'), port: rest.readUInt16BE(8) },
    };
  if (family === 0x21 && rest.length >= 36) {
    const groups = rest.toString('hex', 0, 16).match(/.{4}/g) ?? [];
    return { kind: 'header', bytes, origin: { address: plainIpv6(groups), port: rest.readUInt16BE(32) } };
  }
  return family === 0x11 || family === 0x21 ? none('its addresses are cut off') : { kind: 'header', bytes };
}

/** As everything else here writes it. */
function plainIpv6(groups: readonly string[]): string {
  return withoutMapping(
    new URL(`http://[${groups.join(':')}]/`).hostname
      .slice(1, -1)
      .replace(/^::ffff:([0-9a-f]+):([0-9a-f]+)$/, (_, high: string, low: string) => {
        const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
        return `::ffff:${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
      }),
  );
}

const INCOMPLETE: ProxyHeader = Object.freeze({ kind: 'incomplete' });
const none = (why: string): ProxyHeader => ({ kind: 'none', why });

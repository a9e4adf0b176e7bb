/**
 * A file with a signature in it (CMS SignedData, RFC 5652 §5), by the key and the chain that TLS clients get: an Apple device then shows
 * "verified" and the name of this server beside a profile. Nothing else of CMS is here.
 */
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { Pair } from '../net/tls.ts';

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;
/** RFC 5754 §3.2, §3.3. */
const SIGNATURES: Readonly<Record<string, readonly [oid: string, parameters: Buffer]>> = {
  rsa: ['1.2.840.113549.1.1.11', Buffer.from([5, 0])],
  ec: ['1.2.840.10045.4.3.2', Buffer.alloc(0)],
};
const signAsync = promisify(sign);
const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const OCTETS = 0x04;
/** `[0]`, constructed. */
const FIRST = 0xa0;

/** DER. Undefined for a key that this has no algorithm for. Throws what is wrong with the pair. */
export async function signedData(
  content: Buffer,
  { certificate, key }: Pair,
  now: Date,
): Promise<Buffer | undefined> {
  const privateKey = createPrivateKey(key);
  const algorithm = SIGNATURES[privateKey.asymmetricKeyType ?? ''];
  if (algorithm === undefined) return undefined;
  const chain =
    certificate
      .match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)
      ?.map((pem) => new X509Certificate(pem).raw) ?? [];
  const digest = der(SEQUENCE, oid(OID.sha256));
  const attributes = [
    attribute(OID.contentType, oid(OID.data)),
    attribute(OID.signingTime, utcTime(now)),
    attribute(OID.messageDigest, der(OCTETS, createHash('sha256').update(content).digest())),
  ].sort(Buffer.compare);
  // They are signed as a SET, and stand there as [0] (§5.4).
  const signature = await signAsync('sha256', der(SET, ...attributes), privateKey);
  const signer = der(
    SEQUENCE,
    der(INTEGER, Buffer.from([1])),
    issuerAndSerial(chain[0] ?? Buffer.alloc(0)),
    digest,
    der(FIRST, ...attributes),
    der(SEQUENCE, oid(algorithm[0]), algorithm[1]),
    der(OCTETS, signature),
  );
  const data = der(
    SEQUENCE,
    der(INTEGER, Buffer.from([1])),
    der(SET, digest),
    der(SEQUENCE, oid(OID.data), der(FIRST, der(OCTETS, content))),
    der(FIRST, ...chain),
    der(SET, signer),
  );
  return der(SEQUENCE, oid(OID.signedData), der(FIRST, data));
}

function attribute(type: string, value: Buffer): Buffer {
  return der(SEQUENCE, oid(type), der(SET, value));
}

/** Out of the certificate as it stands: `[0] version, serialNumber, signature, issuer` (RFC 5280 §4.1). */
function issuerAndSerial(certificate: Buffer): Buffer {
  const parts = children(children(certificate)[0] ?? certificate);
  const [serial, , issuer] = parts[0]?.[0] === FIRST ? parts.slice(1) : parts;
  if (serial === undefined || issuer === undefined) throw new TypeError('no usable certificate');
  return der(SEQUENCE, issuer, serial);
}

/** The elements inside an element, each with its header. */
function children(octets: Buffer): Buffer[] {
  const found: Buffer[] = [];
  let { start: at } = extent(octets, 0);
  const { end } = extent(octets, 0);
  while (at < end) {
    const next = extent(octets, at).end;
    found.push(octets.subarray(at, next));
    at = next;
  }
  return found;
}

function extent(octets: Buffer, at: number): { start: number; end: number } {
  const first = octets[at + 1] ?? 0;
  const width = first < 0x80 ? 0 : first & 0x7f;
  const length = width === 0 ? first : octets.readUIntBE(at + 2, width);
  return { start: at + 2 + width, end: at + 2 + width + length };
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = Buffer.from(
    length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, content]);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const octets = [first * 40 + second, ...rest.flatMap(base128)];
  return der(0x06, Buffer.from(octets));
}

function base128(value: number): number[] {
  const groups = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    groups.unshift((rest & 0x7f) | 0x80);
  return groups;
}

/** `YYMMDDHHMMSSZ`, until 2049 (RFC 5652 §11.3). */
function utcTime(now: Date): Buffer {
  return der(0x17, Buffer.from(`${now.toISOString().replace(/\D/g, '').slice(2, 14)}Z`));
}

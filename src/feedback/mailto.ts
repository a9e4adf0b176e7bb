/** `mailto:` of one address and nothing else (RFC 6068 §2). */
const MAX_ADDRESS = 254;

/** The address, in ASCII; undefined for whatever else it is. */
export function plainMailto(uri: string): string | undefined {
  const [, encoded = ''] = /^mailto:([^?]+)/i.exec(uri) ?? [];
  let address: string;
  try {
    address = decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
  const isPlain = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(address);
  return isPlain && address.length <= MAX_ADDRESS ? address : undefined;
}

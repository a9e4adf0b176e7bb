/**
 * The two messages of a SCRAM client (RFC 5802 §7), pure. What is returned is complete and well formed, or undefined; the
 * parts that are hashed are kept as the octets that came, since both sides must hash the same.
 */
export type BindingFlag =
  | { readonly kind: 'none' | 'unused' }
  | { readonly kind: 'used'; readonly type: string };

export interface ClientFirst {
  readonly flag: BindingFlag;
  /** With both commas: what the client sends back in `c=`. */
  readonly gs2Header: string;
  readonly authzid: string | undefined;
  readonly username: string;
  readonly nonce: string;
  readonly bare: string;
}

export interface ClientFinal {
  /** The octets of `c=`. */
  readonly binding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  readonly withoutProof: string;
}

const FIRST =
  /^((?:(n)|(y)|p=([A-Za-z0-9.-]+)),(?:a=([^\0,]+))?,)(n=([^\0,]+),r=([\x21-\x2b\x2d-\x7e]+)((?:,[A-Za-z]=[^\0,]+)*))$/;
const FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^\0,]+)*),p=([A-Za-z0-9+/=]+)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An extension that must be understood (`m=`) is one that is not: it stands where the name would. */
export function parseClientFirst(bytes: Buffer): ClientFirst | undefined {
  const match = FIRST.exec(decode(bytes) ?? '');
  if (match === null) return undefined;
  const [, gs2Header = '', none, unused, type = '', authzid, bare = '', name = '', nonce = ''] = match;
  const username = saslName(name);
  const acting = authzid === undefined ? undefined : saslName(authzid);
  if (username === undefined || (authzid !== undefined && acting === undefined)) return undefined;
  const flag: BindingFlag =
    none === undefined && unused === undefined
      ? { kind: 'used', type }
      : { kind: none === undefined ? 'unused' : 'none' };
  return { flag, gs2Header, authzid: acting, username, nonce, bare };
}

export function parseClientFinal(bytes: Buffer): ClientFinal | undefined {
  const match = FINAL.exec(decode(bytes) ?? '');
  if (match === null) return undefined;
  const [, withoutProof = '', binding = '', nonce = '', proof = ''] = match;
  if (!BASE64.test(binding) || !BASE64.test(proof)) return undefined;
  return {
    binding: Buffer.from(binding, 'base64'),
    nonce,
    proof: Buffer.from(proof, 'base64'),
    withoutProof,
  };
}

/** `=2C` is a comma and `=3D` an equals sign; nothing else may follow one. */
function saslName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Our account with an authority (RFC 8555 §7.3): a key of our own, made once, and the address that the authority gave it. */
import { generateKeyPairSync } from 'node:crypto';
import { type AcmePaths, makeFolders, readIfThere, writeWhole } from './files.ts';
import { AcmeProblem, AcmeWire, type ExternalAccount, readKey } from './wire.ts';

export interface AccountOptions {
  readonly directory: string;
  readonly email: string;
  readonly ca?: string | undefined;
  readonly external?: ExternalAccount | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Kept {
  readonly directory: string;
  readonly key: string;
  /** Not known before the authority has answered. */
  readonly url?: string;
  readonly email?: string;
}

/** Makes the account, when there is none with this authority. Whoever asks has agreed to its terms. */
export async function openAccount(paths: AcmePaths, options: AccountOptions): Promise<AcmeWire> {
  const { directory, email, ca, external, signal } = options;
  const kept = await readKept(paths, directory);
  const { key } = kept;
  const wire = new AcmeWire({ directory, ca, key: readKey(key), signal });
  if (kept.url !== undefined && kept.email === email) {
    wire.account = kept.url;
    return wire;
  }
  const contact = email === '' ? {} : { contact: [`mailto:${email}`] };
  const { newAccount } = await wire.directory();
  const binding =
    external === undefined ? {} : { externalAccountBinding: wire.bindingTo(external, newAccount) };
  const { headers } = await wire.post(newAccount, { termsOfServiceAgreed: true, ...contact, ...binding });
  const { location } = headers;
  if (location === undefined) throw new AcmeProblem({ detail: 'the authority names no account' });
  wire.account = location;
  if (kept.url !== undefined) await wire.post(location, { contact: [], ...contact });
  await writeWhole(paths.account, `${JSON.stringify({ directory, key, url: location, email })}\n`);
  return wire;
}

/** An account that the authority does not know any more is made anew at the next try. */
export async function forgetAccount(paths: AcmePaths, directory: string): Promise<void> {
  const { key } = await readKept(paths, directory);
  await writeWhole(paths.account, `${JSON.stringify({ directory, key })}\n`);
}

/** The key is on disk before the authority hears of it. */
async function readKept(paths: AcmePaths, directory: string): Promise<Kept> {
  const text = await readIfThere(paths.account);
  const known = text === undefined ? undefined : (JSON.parse(text) as Kept);
  if (known !== undefined && known.directory === directory) return known;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const made = { directory, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
  await makeFolders(paths);
  await writeWhole(paths.account, `${JSON.stringify(made)}\n`);
  return made;
}

/** The address of our account with this authority, as CAA records have it (RFC 8657 §3); undefined before there is one. */
export async function accountUri(
  paths: Pick<AcmePaths, 'account'>,
  directory: string,
): Promise<string | undefined> {
  try {
    const known = JSON.parse((await readIfThere(paths.account)) ?? '{}') as Partial<Kept>;
    return known.directory === directory ? known.url : undefined;
  } catch {
    return undefined;
  }
}

/** The certificates of domains for the port of HTTPS: by the name that a client asks for, from the files as they are now. */
import { stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { LruMap } from '../base/lru.ts';
import { type AcmePaths, domainPath, readIfThere } from './files.ts';

interface Kept {
  readonly mtimeMs: number;
  readonly context: SecureContext;
}

const MAX_KEPT = 1000;
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/;

export class DomainCertificates {
  readonly #paths: Pick<AcmePaths, 'domains'>;
  readonly #kept = new LruMap<string, Kept>(MAX_KEPT);

  constructor(paths: Pick<AcmePaths, 'domains'>) {
    this.#paths = paths;
  }

  /** `domain` in ASCII. Undefined when there is none, or none that is usable: then the one of the host name is shown. */
  async find(domain: string): Promise<SecureContext | undefined> {
    if (!NAME.test(domain)) return undefined;
    const path = domainPath(this.#paths, domain);
    const mtimeMs = await stat(path).then(
      (found) => found.mtimeMs,
      () => undefined,
    );
    if (mtimeMs === undefined) return undefined;
    const kept = this.#kept.get(domain);
    if (kept?.mtimeMs === mtimeMs) return kept.context;
    const context = await read(path);
    if (context !== undefined) this.#kept.set(domain, { mtimeMs, context });
    return context;
  }
}

async function read(path: string): Promise<SecureContext | undefined> {
  try {
    const pem = await readIfThere(path);
    return pem === undefined
      ? undefined
      : createSecureContext({ cert: pem, key: pem, minVersion: 'TLSv1.2' });
  } catch {
    return undefined;
  }
}

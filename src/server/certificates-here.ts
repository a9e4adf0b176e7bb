/** The certificates that are shown here: the one of all ports, and those of domains for the port of HTTPS. */
import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { acmePaths, readIfThere } from '../acme/files.ts';
import type { TlsFiles } from '../net/tls.ts';
import type { CertificateFacts } from '../web/admin/services.ts';

const MOST_DOMAINS = 200;
const FILE = /\.pem$/;

/** The one of all ports first. A file that cannot be read as one is left out: the doctor says what is wrong with it. */
export async function certificatesHere(
  data: string,
  { pair }: Pick<TlsFiles, 'pair'>,
): Promise<readonly CertificateFacts[]> {
  const { domains } = acmePaths(data);
  const names = (await readdir(domains).catch(() => [])).filter((name) => FILE.test(name)).sort();
  const found = [factsOf(pair.certificate, true)];
  for (const name of names.slice(0, MOST_DOMAINS)) {
    const pem = await readIfThere(join(domains, name)).catch(() => undefined);
    if (pem !== undefined) found.push(factsOf(pem, false));
  }
  return found.filter((one) => one !== undefined);
}

function factsOf(pem: string, isForAll: boolean): CertificateFacts | undefined {
  try {
    const it = new X509Certificate(pem);
    return {
      names: namesOf(it),
      issuer: partOf(it.issuer, 'O') ?? partOf(it.issuer, 'CN') ?? '',
      fromMs: it.validFromDate.getTime(),
      untilMs: it.validToDate.getTime(),
      isSelfSigned: it.issuer === it.subject && it.verify(it.publicKey),
      isForAll,
    };
  } catch {
    return undefined;
  }
}

function namesOf({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const names = subjectAltName?.split(', ').map((name) => name.replace(/^DNS:|^IP Address:/, ''));
  return names ?? [partOf(subject, 'CN') ?? ''];
}

function partOf(name: string, key: string): string | undefined {
  return new RegExp(`^${key}=(.*)$`, 'm').exec(name)?.[1];
}

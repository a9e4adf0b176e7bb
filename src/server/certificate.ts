/** Which certificate the server uses: the one that was given, else one that it gets (`acme.enabled`), else one that it makes. */
import { readFile } from 'node:fs/promises';
import { acmePaths, makeFolders, readIfThere, writeWhole } from '../acme/files.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import { selfSignedFiles, selfSignedPaths } from '../net/self-signed.ts';
import type { CertificateFiles, Pair } from '../net/tls.ts';

export async function certificateFiles(config: Config, log: Log): Promise<CertificateFiles> {
  const { clientCa } = config.tls;
  const files = await pairFiles(config, log);
  return clientCa === undefined ? files : { ...files, clientAuthorityPath: clientCa };
}

async function pairFiles(config: Config, log: Log): Promise<CertificateFiles> {
  const { certificate, key } = config.tls;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new Error('tls.certificate and tls.key: give both or neither');
  }
  if (certificate !== undefined && key !== undefined) return { certificatePath: certificate, keyPath: key };
  const { madeAnew, ...files } = await selfSignedFiles(config.data, config.hostname);
  if (config.acme.enabled) return servedFile(config.data, files);
  if (madeAnew !== undefined) {
    log.warn(
      { hostname: config.hostname, why: madeAnew },
      'the self-made certificate was made anew; mail programs ask once more whether to trust it',
    );
  }
  return files;
}

/** One file, which is replaced when a certificate was issued. Until then the self-made one stands in. */
async function servedFile(data: string, made: CertificateFiles): Promise<CertificateFiles> {
  const paths = acmePaths(data);
  if ((await readIfThere(paths.served)) === undefined) {
    const [certificate, key] = await Promise.all([
      readFile(made.certificatePath, 'utf8'),
      readFile(made.keyPath, 'utf8'),
    ]);
    await makeFolders(paths);
    await writeWhole(paths.served, `${certificate}${key}`);
  }
  return { certificatePath: paths.served, keyPath: paths.served };
}

/** What TLS clients get, for a tool that may read it; undefined where there is none yet, or it is not for this user. */
export async function servedPair({ acme, data, tls }: Config): Promise<Pair | undefined> {
  const made = selfSignedPaths(data);
  const own = acme.enabled
    ? { certificatePath: acmePaths(data).served, keyPath: acmePaths(data).served }
    : made;
  try {
    const [certificate, key] = await Promise.all([
      readFile(tls.certificate ?? own.certificatePath, 'utf8'),
      readFile(tls.key ?? own.keyPath, 'utf8'),
    ]);
    return { certificate, key };
  } catch {
    return undefined;
  }
}

/** Which certificate the server uses: the one that was given, else one that it makes. */
import type { Log } from '../base/log.ts';
import type { Config } from '../config/options.ts';
import { selfSignedFiles } from '../net/self-signed.ts';
import type { CertificateFiles } from '../net/tls.ts';

export async function certificateFiles(config: Config, log: Log): Promise<CertificateFiles> {
  const { certificate, key } = config.tls;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new Error('tls.certificate and tls.key: give both or neither');
  }
  if (certificate !== undefined && key !== undefined) return { certificatePath: certificate, keyPath: key };
  const { madeAnew, ...files } = await selfSignedFiles(config.data, config.hostname);
  if (madeAnew !== undefined) {
    log.warn(
      { hostname: config.hostname, why: madeAnew },
      'the self-made certificate was made anew; mail programs ask once more whether to trust it',
    );
  }
  return files;
}

/** The certificate that mail programs get: for whom it is, until when, who vouches for it, and whether it is the one on the disk. */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Served } from '../probe.ts';
import type { CertificateFile, Check, PortSeen } from '../world.ts';

const DAY_MS = 86_400_000;
/** Renewals come a third of the lifetime before the end; two weeks before it somebody has to look. */
const WARNING_DAYS = 14;

export const certificate: Check = {
  name: 'certificate',
  async run(world) {
    const [ports, file] = [await world.ports(), await world.machine.certificateFile()];
    const { hostname } = world.config;
    const served = servedBy(ports);
    if (served.length === 0) return onDisk(file, hostname, world.nowMs);
    return served.flatMap(({ names, served: one }) => {
      const by = `served by ${names.join(', ')}`;
      return [judge(one, { hostname, by, nowMs: world.nowMs }), ...compare(one.certificate, file, names)];
    });
  },
};

/** By certificate, which ports serve it. */
function servedBy(ports: readonly PortSeen[]): readonly { names: string[]; served: Served }[] {
  const found = new Map<string, { names: string[]; served: Served }>();
  for (const { name, ways } of ports) {
    for (const { probed } of ways) {
      if (probed.kind !== 'speaks' || probed.served === undefined) continue;
      const { fingerprint256 } = probed.served.certificate;
      const entry = found.get(fingerprint256) ?? { names: [], served: probed.served };
      found.set(fingerprint256, entry);
      if (!entry.names.includes(name)) entry.names.push(name);
    }
  }
  return [...found.values()];
}

export interface Circumstances {
  readonly hostname: string;
  /** Where it was seen. */
  readonly by: string;
  readonly nowMs: number;
}

/** The worst of what can be said of it. */
export function judge(
  { certificate: it, distrust }: Served,
  { hostname, by, nowMs }: Circumstances,
): Outcome {
  const subject = hostname;
  const expected = `a certificate for ${hostname} that mail programs trust, with more than ${WARNING_DAYS} days left`;
  const found = { subject, expected };
  const days = Math.floor((it.validToDate.getTime() - nowMs) / DAY_MS);
  if (it.validFromDate.getTime() > nowMs)
    return fail({
      ...{ ...found, seen: `${by}, valid only from ${it.validFrom}` },
      remedy: 'set the clock of this machine right, or wait',
    });
  if (days < 0)
    return fail({
      ...found,
      seen: `${by}, ended on ${it.validTo}`,
      remedy: 'renew it; the server takes the new file up by itself',
    });
  if (!covers(it, hostname))
    return fail({
      ...{ ...found, seen: `${by}, is for ${namesOf(it)}` },
      remedy: `get one for ${hostname}, or set hostname to the name that mail programs use`,
    });
  if (isSelfSigned(it))
    return warn({
      ...{
        ...found,
        seen: `${by}, is self-signed: nobody but this server vouches for it, so every mail program asks its user once whether to trust it`,
      },
      remedy: `name one from a certificate authority, such as Let's Encrypt, with tls.certificate and tls.key; without, tell people its fingerprint: ${it.fingerprint256}`,
    });
  if (distrust !== undefined)
    return warn({
      ...found,
      seen: `${by}, ${DISTRUST[distrust]?.seen ?? distrust}`,
      remedy: DISTRUST[distrust]?.remedy ?? UNTRUSTED.remedy,
    });
  const seen = `${by}, from ${issuerOf(it)}, ${days} days left`;
  if (days < WARNING_DAYS)
    return warn({
      ...found,
      seen,
      remedy: 'see why it was not renewed (certbot renew --dry-run, or what you use)',
    });
  return ok({ ...found, seen });
}

const INCOMPLETE = {
  seen: 'comes without the certificates between it and a known authority; some mail programs find them, others refuse',
  remedy: 'let tls.certificate name the file with the whole chain (fullchain.pem)',
};
const UNTRUSTED = {
  seen: 'is from an authority that mail programs do not know by themselves',
  remedy: 'install the certificate of that authority on every device, or get one from a public authority',
};
const DISTRUST: Readonly<Record<string, { readonly seen: string; readonly remedy: string }>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: INCOMPLETE,
  UNABLE_TO_GET_ISSUER_CERT: INCOMPLETE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
};

function onDisk(file: CertificateFile, hostname: string, nowMs: number): Outcome[] {
  if ('certificate' in file)
    return [
      judge(
        { certificate: file.certificate, distrust: undefined },
        { hostname, nowMs, by: `${file.path}, served by no port yet` },
      ),
    ];
  return [
    unknown({
      ...{ subject: hostname, expected: 'a certificate', seen: `${file.path}: ${file.why}` },
      remedy: 'start the server, which makes one where none is named, and look again',
    }),
  ];
}

function compare(served: X509Certificate, file: CertificateFile, names: readonly string[]): Outcome[] {
  if (!('certificate' in file) || file.certificate.fingerprint256 === served.fingerprint256) return [];
  return [
    warn({
      subject: file.path,
      seen: `holds another certificate, until ${file.certificate.validTo}, than ${names.join(', ')} serve, until ${served.validTo}`,
      expected: 'the certificate in the file is served within half a minute',
      remedy: 'systemctl reload brevduva; the log of the server says why a new one is not taken up',
    }),
  ];
}

function covers(it: X509Certificate, hostname: string): boolean {
  return (isIP(hostname) === 0 ? it.checkHost(hostname) : it.checkIP(hostname)) !== undefined;
}

function isSelfSigned(it: X509Certificate): boolean {
  return it.issuer === it.subject && it.verify(it.publicKey);
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  const names = subjectAltName?.split(', ').map((name) => name.replace(/^DNS:|^IP Address:/, ''));
  return names?.join(', ') ?? subject.replaceAll('\n', ', ');
}

function issuerOf({ issuer }: X509Certificate): string {
  const part = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(issuer)?.[1];
  return (
    [part('O'), part('CN')].filter((text) => text !== undefined).join(' ') || 'an authority without a name'
  );
}

/** How the last tries ended, of each certificate, for the next start and for whoever wants to know. */
import { type AcmePaths, readIfThere, writeWhole } from './files.ts';

export interface CertificateState {
  /** In the certificate that is served. */
  readonly names: readonly string[];
  /** Left out, and why; tried again a day later. */
  readonly failed: Readonly<Record<string, { readonly why: string; readonly atMs: number }>>;
  /** Tries in a row that gave no certificate. */
  readonly failures: number;
  /** Of the last of them. */
  readonly why?: string;
  readonly nextMs: number;
  readonly renewedMs?: number;
}

/** By the id of the certificate: `HOST_ID`, and those of domains by their names. */
export type AcmeState = Readonly<Record<string, CertificateState>>;

/** The certificate for the host name, which all ports have. */
export const HOST_ID = 'host';
export const NOTHING_YET: CertificateState = Object.freeze({ names: [], failed: {}, failures: 0, nextMs: 0 });

/** What cannot be read is nothing yet: it costs a try. */
export async function readState(paths: Pick<AcmePaths, 'state'>): Promise<AcmeState> {
  try {
    const text = await readIfThere(paths.state);
    const { certificates = {} } = JSON.parse(text ?? '{}') as { certificates?: AcmeState };
    return Object.fromEntries(
      Object.entries(certificates).map(([id, one]) => [id, { ...NOTHING_YET, ...one }]),
    );
  } catch {
    return {};
  }
}

export function writeState(paths: AcmePaths, certificates: AcmeState): Promise<void> {
  return writeWhole(paths.state, `${JSON.stringify({ certificates }, undefined, 2)}\n`);
}

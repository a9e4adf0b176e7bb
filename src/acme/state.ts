/** How the last tries ended, for the next start and for whoever wants to know. */
import { type AcmePaths, readIfThere, writeWhole } from './files.ts';

export interface AcmeState {
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

export const NOTHING_YET: AcmeState = Object.freeze({ names: [], failed: {}, failures: 0, nextMs: 0 });

/** What cannot be read is nothing yet: it costs a try. */
export async function readState(paths: Pick<AcmePaths, 'state'>): Promise<AcmeState> {
  try {
    const text = await readIfThere(paths.state);
    return text === undefined ? NOTHING_YET : { ...NOTHING_YET, ...(JSON.parse(text) as Partial<AcmeState>) };
  } catch {
    return NOTHING_YET;
  }
}

export function writeState(paths: AcmePaths, state: AcmeState): Promise<void> {
  return writeWhole(paths.state, `${JSON.stringify(state, undefined, 2)}\n`);
}

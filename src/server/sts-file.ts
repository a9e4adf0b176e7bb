/**
 * Policies of MTA-STS, in a file: a server that forgot them at each start could be talked out of them then (RFC 8461 §10.2). A file that
 * cannot be read or written is a memory that is short.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { StsMemory, StsPolicy } from '../queue/mta-sts.ts';

type Policies = readonly (readonly [domain: string, policy: StsPolicy])[];

const WRITE_MS = 5000;

export class StsFile implements StsMemory {
  readonly #path: string;
  #waiting: Policies | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  load(): Policies {
    try {
      const read: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      return Array.isArray(read) ? read.filter(isPolicy) : [];
    } catch {
      return [];
    }
  }

  save(policies: Policies): void {
    this.#waiting = policies;
    this.#timer ??= setTimeout(() => this.#write(), WRITE_MS).unref();
  }

  close(): void {
    this.#write();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting === undefined) return;
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(this.#waiting), { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // They are in memory.
    }
    this.#waiting = undefined;
  }
}

function isPolicy(entry: unknown): entry is Policies[number] {
  if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
  const { id, mode, hosts, untilMs } = (entry[1] ?? {}) as Partial<StsPolicy>;
  return (
    typeof id === 'string' &&
    (mode === 'enforce' || mode === 'testing' || mode === 'none') &&
    Array.isArray(hosts) &&
    hosts.every((host) => typeof host === 'string') &&
    typeof untilMs === 'number'
  );
}

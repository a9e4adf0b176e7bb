/** What the administration in the browser needs: the same operations as the command line has, and who asks. */
import type { Admin, DomainSummary, HealthReport, ServerFacts } from '../../admin/admin.ts';
import type { WebServices } from '../services.ts';

/** Where the whole server is administered from, in whatever process the request came. */
export interface Office {
  readonly admin: Admin;
  readonly facts: ServerFacts;
  health(): Promise<HealthReport>;
}

/** What the doctor says of a domain. */
export interface DomainReport {
  readonly domain: DomainSummary;
  readonly findings: readonly DomainFinding[];
  /** All that can be published for it, as lines for its zone file. */
  readonly records: readonly string[];
}

export interface DomainFinding {
  readonly check: string;
  readonly subject: string;
  readonly verdict: 'ok' | 'warn' | 'fail' | 'unknown';
  readonly seen: string;
  readonly expected: string;
  readonly remedy?: string;
  /** Lines for the zone file. */
  readonly records?: readonly string[];
}

export interface CertificateFacts {
  readonly names: readonly string[];
  readonly issuer: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isSelfSigned: boolean;
  /** Whether all ports show it, or the one of HTTPS to whoever asks for its names. */
  readonly isForAll: boolean;
}

export interface Administration {
  /** Throws `unavailable` while whoever speaks for the server is gone. */
  office(): Promise<Office>;
  /** Whether this was thrown because the office went meanwhile: what it was asked is done or not. */
  isLost(error: unknown): boolean;
  /** Asks the DNS, which takes a moment. Throws `nonexistent`, and `throttled` when many want to know. */
  report(domain: string): Promise<DomainReport>;
  certificates(): Promise<readonly CertificateFacts[]>;
}

export interface AdminServices
  extends Pick<WebServices, 'authenticator' | 'sessions' | 'activity' | 'clock' | 'settings'> {
  readonly administration: Administration;
}

/**
 * What checks may ask: the configuration, this machine, the running server, its ports, the DNS, and nobody else. Who looks
 * fills it (the command line beside a server or without one; a server itself), so that a check does not know who that is.
 */
import type { X509Certificate } from 'node:crypto';
import type { AcmeState } from '../acme/state.ts';
import type { HealthReport, KeySummary, ListenerFacts, ServerFacts } from '../admin/admin.ts';
import type { Owner } from '../admin/data-owner.ts';
import type { Config } from '../config/options.ts';
import type { Dns } from '../dns/answer.ts';
import type { DomainOverview } from '../feedback/overview.ts';
import type { MtaStsPolicy } from '../setup/mta-sts.ts';
import type { Outcome } from './finding.ts';
import type { Probed } from './probe.ts';

export interface World {
  readonly config: Config;
  /** Of this program, which may be newer than the server that runs. */
  readonly version: string;
  readonly nowMs: number;
  readonly dns: Dns;
  /** The resolvers that `dns` asks, by address. */
  readonly resolvers: readonly string[];
  /** Of this machine's network interfaces. */
  readonly addresses: readonly string[];
  readonly server: ServerView;
  readonly domains: Domains;
  /** What answers on the ports of the server; looked at once. */
  ports(): Promise<readonly PortSeen[]>;
  /** A page of a domain here, over HTTP as anybody gets it. */
  web(url: string): Promise<WebSeen>;
  /** The policy that this server publishes for its domains. */
  readonly mtaSts: MtaStsPolicy;
  /** What is wrong with the configuration although every value is allowed. */
  doubts(): Promise<{ readonly errors: readonly string[]; readonly warnings: readonly string[] }>;
  readonly machine: Machine;
}

export type WebSeen =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly why: string };

export type ServerView =
  | {
      readonly kind: 'running';
      readonly facts: ServerFacts;
      readonly health: HealthReport;
      /** Undefined: a version that does not say. */
      readonly listeners: readonly ListenerFacts[] | undefined;
    }
  | { readonly kind: 'absent' }
  /** There may be one, and it cannot be asked. */
  | { readonly kind: 'hidden'; readonly why: string };

export type Domains =
  | {
      readonly kind: 'known';
      readonly names: readonly string[];
      /** By name in ASCII; undefined: nobody has asked. */
      readonly keys?: ReadonlyMap<string, readonly KeySummary[]>;
      /** By name in ASCII: what others have reported; undefined: nobody has asked. */
      readonly overviews?: ReadonlyMap<string, DomainOverview>;
    }
  | { readonly kind: 'hidden'; readonly why: string };

export interface PortSeen {
  /** As the configuration calls it: `imaps`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** By each way to it: an address that stands for all of them is reached by IPv4 and by IPv6. */
  readonly ways: readonly { readonly address: string; readonly probed: Probed }[];
}

export interface Machine {
  /** Throws what the system says. */
  disk(path: string): Promise<Disk>;
  /** The folder of the data; undefined where there is none. */
  dataFolder(): Promise<DataFolder | undefined>;
  /** The file of the log and the folder it is in. */
  logFile(
    path: string,
  ): Promise<{ readonly file: FileFacts | undefined; readonly folder: FileFacts | undefined }>;
  /** What new handshakes would get after a reload. */
  certificateFile(): Promise<CertificateFile>;
  /** Of the certificates that the server gets by itself; empty when nothing was tried yet. */
  acmeState(): Promise<AcmeState>;
  /** The account that they are got with, as a URI; undefined before there is one. */
  acmeAccount(): Promise<string | undefined>;
  /** The file of the data folder that was written last. */
  newestFile(): Promise<{ readonly path: string; readonly mtimeMs: number } | undefined>;
  /** Whether a time service of the system keeps the clock right; undefined when none can be asked. */
  isClockKept(): Promise<boolean | undefined>;
}

export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** 0 of 0 where the file system has no such bound. */
  readonly freeFiles: number;
  readonly totalFiles: number;
  /** When the file system is one that does not keep what was synced, or locks: `NFS`, `tmpfs`. */
  readonly doubtful: string | undefined;
}

export interface DataFolder {
  readonly owner: Owner;
  /** The user of this process may look into all of it. */
  readonly isSeen: boolean;
  /** What others can read or change; undefined when all is well. */
  readonly open:
    | { readonly named: readonly string[]; readonly more: number; readonly remedy: string }
    | undefined;
}

export interface FileFacts {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export type CertificateFile =
  | { readonly path: string; readonly certificate: X509Certificate }
  | { readonly path: string; readonly why: string };

export interface Check {
  readonly name: string;
  /** Says everything it finds in values; what it throws is a surprise and becomes `unknown`. */
  run(world: World): Promise<readonly Outcome[]>;
}

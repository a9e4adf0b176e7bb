/** What the server says to an administrator (`POST /web/admin/<what>`), as far as this page reads it. */

export interface AccountFacts {
  readonly address: string;
  readonly createdMs: number;
  readonly usedBytes: number;
  readonly usedMessages: number;
  /** What counts; absent: there is no limit. */
  readonly quotaBytes?: number;
  /** Who has said so. */
  readonly quotaFrom: { readonly bytes?: 'account' | 'domain' | 'default' };
  readonly isAdmin: boolean;
  readonly isClosed: boolean;
  /** The password alone does not let the person in. */
  readonly hasSecondStep: boolean;
  readonly retention: Readonly<Partial<Record<RetentionName, string>>>;
}

export type RetentionName = 'retention.trash' | 'retention.junk';

export interface AccountsPage {
  readonly accounts: readonly AccountFacts[];
  readonly total: number;
}

export interface AppPassword {
  readonly number: number;
  readonly name?: string;
  readonly services?: readonly string[];
  readonly createdMs: number;
  readonly lastUse?: { readonly atMs: number; readonly remote: string; readonly service: string };
}

export interface OneAccount extends AccountFacts {
  readonly appPasswords: readonly AppPassword[];
  readonly isSelf: boolean;
}

export interface ActivityEvent {
  readonly time: string;
  readonly account: string;
  readonly what: string;
  readonly [fact: string]: unknown;
}

export interface DomainFacts {
  readonly name: string;
  readonly createdMs?: number;
  readonly accounts: number;
  readonly aliases: number;
  readonly keys: readonly { readonly selector: string; readonly state: string }[];
  /** What all accounts in it may have together, and have. */
  readonly total?: {
    readonly bytes?: number;
    readonly messages?: number;
    readonly usedBytes: number;
    readonly usedMessages: number;
  };
}

export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

export interface Finding {
  readonly check: string;
  readonly subject: string;
  readonly verdict: Verdict;
  readonly seen: string;
  readonly expected: string;
  readonly remedy?: string;
  readonly records?: readonly string[];
}

export interface DomainReport {
  readonly domain: DomainFacts;
  readonly findings: readonly Finding[];
  /** All that can be published. */
  readonly records: readonly string[];
}

export interface AliasFacts {
  readonly address: string;
  readonly targets: readonly string[];
}

export interface QueuedRecipient {
  readonly address: string;
  readonly state: string;
  readonly attempts: number;
  readonly nextMs: number;
  readonly lastHost?: string;
  readonly lastReply?: string;
}

export interface QueuedMessage {
  readonly id: string;
  readonly account: string;
  readonly sender: string;
  /** `sent`: by its owner. */
  readonly kind: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly holdUntilMs?: number;
  readonly recipients: readonly QueuedRecipient[];
}

export interface QueuePage {
  readonly state: {
    readonly messages: number;
    readonly held: number;
    readonly oldestMs?: number;
    readonly isPaused: boolean;
  };
  readonly messages: readonly QueuedMessage[];
  readonly isMore: boolean;
}

export interface QueueEvent {
  readonly atMs: number;
  readonly address: string;
  readonly event: string;
  readonly detail: string;
}

export interface Connection {
  readonly id: string;
  readonly service: string;
  readonly listener: string;
  readonly remote: string;
  readonly sinceMs: number;
  readonly tls?: string;
  readonly account?: string;
  readonly client?: string;
}

export interface ServerState {
  readonly version: string;
  readonly startedMs: number;
  readonly health: {
    readonly state: string;
    readonly checks: readonly { readonly name: string; readonly state: string; readonly detail: string }[];
  };
  readonly certificates: readonly {
    readonly names: readonly string[];
    readonly issuer: string;
    readonly untilMs: number;
    readonly isSelfSigned: boolean;
    readonly isForAll: boolean;
  }[];
}

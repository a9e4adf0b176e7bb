/** What is spoken on each listener, by its name in the configuration, and when TLS comes. Whoever tells or asks others reads it here. */
export type Protocol = 'imap' | 'pop3' | 'managesieve' | 'submission' | 'smtp' | 'lmtp' | 'http' | 'metrics';

export interface Spoken {
  readonly protocol: Protocol;
  /** From the first octet (RFC 8314 §3), after a word of the client, or never. */
  readonly tls: 'first' | 'upgrade' | 'none';
}

export const SPOKEN: Readonly<Record<string, Spoken>> = Object.freeze({
  imap: { protocol: 'imap', tls: 'upgrade' },
  imaps: { protocol: 'imap', tls: 'first' },
  pop3: { protocol: 'pop3', tls: 'upgrade' },
  pop3s: { protocol: 'pop3', tls: 'first' },
  managesieve: { protocol: 'managesieve', tls: 'upgrade' },
  submission: { protocol: 'submission', tls: 'upgrade' },
  submissions: { protocol: 'submission', tls: 'first' },
  lmtp: { protocol: 'lmtp', tls: 'none' },
  smtp: { protocol: 'smtp', tls: 'upgrade' },
  http: { protocol: 'http', tls: 'none' },
  https: { protocol: 'http', tls: 'first' },
  metrics: { protocol: 'metrics', tls: 'none' },
});

/** An address as a listener says it (`hostPort`), without brackets; undefined when it is none. */
export function parseHostPort(address: string): { readonly host: string; readonly port: number } | undefined {
  const [, v6, v4, port] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(address) ?? [];
  return port === undefined ? undefined : { host: v6 ?? v4 ?? '', port: Number(port) };
}

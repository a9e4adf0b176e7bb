/** TLS-Required (RFC 8689 §3): its author would rather have a message arrive than travel over TLS. Pure. */
import type { HeaderBlock } from './header.ts';

/** Whoever says so twice has said nothing. */
export function saysTlsIsOptional(header: HeaderBlock): boolean {
  const fields = header.all('tls-required');
  return fields.length === 1 && /^\s*no\s*$/i.test(fields[0]?.toString('latin1') ?? '');
}

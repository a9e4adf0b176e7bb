/**
 * What ties an exchange to the TLS connection it runs on (RFC 5056): octets that both ends compute, and that differ when
 * somebody in the middle has a connection of his own with each of them.
 */
export const BINDING_TYPES = ['tls-exporter', 'tls-server-end-point'] as const;
export type BindingType = (typeof BINDING_TYPES)[number];

/** Undefined for a type that this connection does not have. */
export type ChannelBindings = (type: BindingType) => Buffer | undefined;

export function isBindingType(name: string): name is BindingType {
  return (BINDING_TYPES as readonly string[]).includes(name);
}

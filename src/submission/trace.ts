/** The Received field of mail that somebody has sent. Where he was when he did is his own matter (RFC 8601 aside), unless it is wanted. */

import { priorityClause, protocolName, type ReceivedBy, receivedField } from '../delivery/trace.ts';
import { formatRfc5322 } from '../mail/date.ts';
import type { Connection } from '../net/connection.ts';
import type { Hello } from '../smtp/role.ts';

export interface Submitted {
  readonly hello: Hello;
  readonly isUtf8: boolean;
  readonly hidesClient: boolean;
}

/** With its CRLF. RFC 3848: the A says that he has signed in. */
export function submittedField(
  { isSecure, remoteAddress, tlsVersion }: Pick<Connection, 'isSecure' | 'remoteAddress' | 'tlsVersion'>,
  by: ReceivedBy,
  { hello, isUtf8, hidesClient }: Submitted,
): Buffer {
  const protocol = `${protocolName('ESMTP', { isSecure, isUtf8 })}A`;
  if (!hidesClient) return receivedField({ helo: hello.name, remoteAddress, protocol, tlsVersion }, by);
  const tls = tlsVersion === undefined ? '' : ` (${tlsVersion})`;
  const at = formatRfc5322(Math.floor(by.nowMs / 1000));
  const id = `${by.id}${priorityClause(by)}`;
  return Buffer.from(`Received: by ${by.hostname} with ${protocol}${tls} id ${id};\r\n\t${at}\r\n`);
}

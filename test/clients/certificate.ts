/** The certificate that a server shows, for programs that trust exactly this one, as a person does who was asked. */
import { once } from 'node:events';
import { connect, type PeerCertificate } from 'node:tls';

async function shownAt(port: number): Promise<PeerCertificate> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

/** PEM. */
export async function certificateOf(port: number): Promise<string> {
  const { raw } = await shownAt(port);
  return `-----BEGIN CERTIFICATE-----\n${raw.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
}

/** SHA-256 in hexadecimal digits. */
export async function fingerprintOf(port: number): Promise<string> {
  return (await shownAt(port)).fingerprint256.replaceAll(':', '').toLowerCase();
}

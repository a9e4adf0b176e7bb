/** SMTP as a load generator speaks it: commands together where the server takes them so. */
import { LineClient } from '../line-client.ts';

export interface Letter {
  readonly from: string;
  readonly to: string;
  readonly octets: Buffer;
}

export async function openSmtp(port: number, signIn = ''): Promise<LineClient> {
  const client = await LineClient.open(port);
  await client.line(/^220 .*\r\n$/m);
  await said(client, 'EHLO bench.example.org', '250');
  if (signIn !== '') await said(client, signIn, '235');
  return client;
}

export async function said(client: LineClient, line: string, code: string): Promise<void> {
  client.write(`${line}\r\n`);
  const answer = await client.line(/^\d\d\d .*\r\n$/m);
  if (!answer.includes(`${code} `)) throw new Error(`${line}: ${answer.trim()}`);
}

/** Up to where the message begins. */
export async function beginData(client: LineClient, { from, to }: Omit<Letter, 'octets'>): Promise<void> {
  client.write(`MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`);
  const answer = await client.line(/^(?:354|[45]\d\d) .*\r\n$/m);
  if (!/^354/m.test(answer)) throw new Error(`refused: ${answer.trim()}`);
}

export async function endData(client: LineClient): Promise<void> {
  client.write('\r\n.\r\n');
  const answer = await client.line(/^\d\d\d .*\r\n$/m);
  if (!answer.startsWith('250')) throw new Error(`refused: ${answer.trim()}`);
}

export async function send(client: LineClient, letter: Letter): Promise<void> {
  await beginData(client, letter);
  client.write(letter.octets);
  await endData(client);
}

const FROM = Buffer.from('\r\nFrom: ');

/** The same message, written by somebody else. */
export function writtenBy(address: string, mail: Buffer): Buffer {
  const from = mail.indexOf(FROM) + FROM.length;
  const end = mail.indexOf('\r\n', from);
  return Buffer.concat([mail.subarray(0, from), Buffer.from(`<${address}>`), mail.subarray(end)]);
}

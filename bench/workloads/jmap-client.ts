/** JMAP as a load generator speaks it: HTTP/1.1 over connections that stay, nothing parsed that need not be. */
import { Agent, request } from 'node:http';
import { LineClient } from '../line-client.ts';
import type { Running } from '../peers/peer.ts';

const USING = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];

/** Of whatever shape, as JSON is. */
export type Answer = ReturnType<typeof JSON.parse>;
export type MethodCall = readonly [name: string, args: object, id: string];

export class JmapClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #options: { readonly host: string; readonly port: number; readonly authorization: string };
  accountId = '';

  private constructor(server: Running, user: number) {
    const authorization = basic(server, user);
    this.#options = { host: '127.0.0.1', port: server.ports.http ?? 0, authorization };
  }

  static async open(server: Running, user: number): Promise<JmapClient> {
    const client = new JmapClient(server, user);
    const session = await client.#ask('GET', '/.well-known/jmap');
    client.accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    return client;
  }

  /** What all of the calls answer, by their ids. */
  async call(methodCalls: readonly MethodCall[]): Promise<Readonly<Record<string, Answer>>> {
    const mine = methodCalls.map(([name, args, id]) => [name, { accountId: this.accountId, ...args }, id]);
    return this.#results({ using: USING, methodCalls: mine });
  }

  async echo(): Promise<void> {
    await this.#results({ using: USING, methodCalls: [['Core/echo', { hello: true }, '0']] });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #results(body: object): Promise<Readonly<Record<string, Answer>>> {
    const { methodResponses } = await this.#ask('POST', '/jmap/api', JSON.stringify(body));
    const failed = methodResponses.find(([name]: [string]) => name === 'error');
    if (failed !== undefined) throw new Error(`JMAP: ${JSON.stringify(failed)}`);
    return Object.fromEntries(
      methodResponses.map(([, result, id]: [string, Answer, string]) => [id, result]),
    );
  }

  #ask(method: string, path: string, body = ''): Promise<Answer> {
    const { host, port, authorization } = this.#options;
    const headers = {
      authorization,
      ...(body !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const asked = request({ host, port, method, path, headers, agent: this.#agent }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(Buffer.concat(pieces).toString('utf8')));
          else reject(new Error(`${path}: ${response.statusCode}`));
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }
}

/** An event stream that waits (RFC 8620 §7.3), past its head. */
export async function openStream(server: Running, user: number): Promise<LineClient> {
  const client = await LineClient.open(server.ports.http ?? 0);
  const begun = client.line(/\r\n\r\n/);
  client.write(
    `GET /jmap/events?types=*&closeafter=no&ping=300 HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${basic(server, user)}\r\n\r\n`,
  );
  await begun;
  return client;
}

function basic(server: Running, user: number): string {
  return `Basic ${Buffer.from(`${server.user(user)}:${server.password}`).toString('base64')}`;
}

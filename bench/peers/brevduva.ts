/** Our own server, started as a person starts it, on a temporary data folder. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LISTENERS } from '../../test/kit/listeners.ts';
import { joinPackage } from '../../tools/joined.ts';
import { runOver } from '../scripts.ts';
import type { MailSink } from '../sink.ts';
import {
  type Carried,
  type Compacted,
  DOMAIN,
  FAR_DOMAIN,
  type Filtered,
  type MailService,
  type Peer,
  type Ports,
  type Running,
} from './peer.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** The program of a clone runs its sources, whose names a profile shows. */
const SOURCES = join(ROOT, 'bin', 'brevduva.mjs');
const PACKAGE = join(ROOT, '.cache', 'package');
let installed: Promise<string> | undefined;

/** As the server says it. */
interface Packed {
  readonly blobs: number;
  readonly mailBytes: number;
}

export interface Kind {
  readonly flags?: 'synced' | 'delayed';
  /** For Node.js, to profile it. */
  readonly nodeFlags?: readonly string[];
  /** As many as it takes on this machine by itself when absent. */
  readonly workers?: number;
  /** Where it may run, as `taskset` has it: `0-3`. */
  readonly cores?: string;
  /** Takes mail from the world and sends. */
  readonly mail?: MailKind;
}

export interface MailKind {
  readonly sink: MailSink;
  /** A DNS server on loopback. */
  readonly dnsPort: number;
}

/** What it is when it has its place. */
interface Placed extends Kind {
  /** The command. */
  readonly program: string;
  readonly domain: string;
  readonly far?: Running;
}

/** Several servers run at once. */
const FREE_PORTS = LISTENERS.map((name) => `${name} = "127.0.0.1:0"`).join('\n');

/** For workers to be shared out among them. */
const SHARDS_OF_MANY = 8;

export const brevduva = (kind: Kind = {}): Peer => ({
  name: nameOf(kind),
  missing: () => undefined,
  async start(folder, users) {
    installed ??= install();
    const program = kind.nodeFlags?.length ? SOURCES : await installed;
    const near = { ...kind, program, domain: DOMAIN };
    if (kind.mail === undefined) return startAt(folder, users, near);
    const far = await startAt(join(folder, 'far'), users, { ...near, domain: FAR_DOMAIN });
    return startAt(join(folder, 'near'), users, { ...near, far });
  },
});

/** As npm would, of this tree: the program joined, without what only a clone has. Gives the command. */
async function install(): Promise<string> {
  for (const name of ['bin', 'package.json'])
    cpSync(join(ROOT, name), join(PACKAGE, name), { recursive: true });
  await joinPackage(join(PACKAGE, 'dist'));
  const web = [join(ROOT, 'web', 'build.mjs'), '--out', join(PACKAGE, 'dist', 'web')];
  await promisify(execFile)(process.execPath, web);
  return join(PACKAGE, 'bin', 'brevduva.mjs');
}

async function startAt(folder: string, users: number, kind: Placed): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'brevduva.toml');
  writeFileSync(config, configuration(folder, kind));
  writeFileSync(join(folder, 'users.csv'), userTable(users, kind.domain));
  const table = join(folder, 'users.csv');
  execFileSync(process.execPath, [kind.program, 'account', 'import', table, '--config', config], {
    stdio: 'ignore',
  });
  const server = new Server(folder, config, kind);
  await server.start();
  return server;
}

function nameOf({ flags, workers }: Kind): string {
  if (workers !== undefined) return `brevduva, ${workers} ${workers === 1 ? 'worker' : 'workers'}`;
  return flags === 'delayed' ? 'brevduva, flags delayed' : 'brevduva';
}

/** Whose password is stored as a server keeps it; the others have a digest that costs nothing to make, until they sign in. */
const SIGNING_IN = 21;

function userTable(users: number, domain: string): string {
  const digest = createHash('sha256').update('secret').digest('base64');
  const password = (n: number): string => (n < SIGNING_IN ? 'secret' : `{SHA256}${digest}`);
  return Array.from({ length: users }, (_, n) => `user${n}@${domain},${password(n)},\n`).join('');
}

class Server implements Running {
  readonly name: string;
  readonly password = 'secret';
  readonly mailFolder: string;
  readonly #folder: string;
  readonly #config: string;
  readonly #kind: Placed;
  readonly mail?: MailService;
  #child: ChildProcess | undefined;
  ports: Ports = { imap: 0, imaps: 0, lmtp: 0, pop3: 0, pop3s: 0 };

  constructor(folder: string, config: string, kind: Placed) {
    this.name = nameOf(kind);
    this.#folder = folder;
    this.#config = config;
    this.#kind = kind;
    this.mailFolder = join(folder, 'data');
    if (kind.mail === undefined) return;
    const signIn = (n: number): string =>
      `AUTH PLAIN ${Buffer.from(`\0${this.user(n)}\0${this.password}`).toString('base64')}`;
    const setSending = async (isOn: boolean): Promise<void> => {
      await this.#ask('PATCH', '/v1/queue', { isPaused: !isOn });
    };
    this.mail = { far: kind.far, sink: kind.mail.sink, signIn, setSending };
  }

  get pids(): readonly number[] {
    return [this.#child?.pid as number];
  }

  user(n: number): string {
    return `user${n}@${this.#kind.domain}`;
  }

  recipient(n: number): string {
    return this.user(n);
  }

  async start(): Promise<void> {
    const { cores = '0', nodeFlags = [], program } = this.#kind;
    const serve = [program, 'serve', '--config', this.#config];
    const command = ['-c', cores, process.execPath, ...nodeFlags, ...serve];
    this.#child = spawn('taskset', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.ports = await readyPorts(this.#child);
  }

  async stop(): Promise<void> {
    const child = this.#child as ChildProcess;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.#kind.far?.remove?.();
  }

  async setScript(user: number, text: string | undefined): Promise<void> {
    const scripts = `/v1/accounts/${this.user(user)}/scripts`;
    const base64 = Buffer.from(text ?? 'keep;').toString('base64');
    await this.#ask('PUT', `${scripts}/own/bench`, { text: base64 });
    await this.#ask('PATCH', scripts, { active: text === undefined ? '' : 'bench' });
  }

  async filter(_user: number, text: string, messages: readonly Buffer[]): Promise<Filtered> {
    return runOver(text, messages);
  }

  async compact(): Promise<Compacted> {
    const { blobs, mailBytes } = (await this.#ask('POST', '/v1/compact', {})) as Packed;
    return { messages: blobs, bytes: mailBytes };
  }

  async backUp(): Promise<Carried> {
    return this.#run('backup', join(this.#folder, 'set'));
  }

  async restore(): Promise<Carried> {
    const to = join(this.#folder, 'restored');
    return this.#run('restore', join(this.#folder, 'set'), '--data', to).finally(() =>
      rmSync(to, { recursive: true, force: true }),
    );
  }

  async #run(...args: readonly string[]): Promise<Carried> {
    const all = [this.#kind.program, ...args, '--json', '--config', this.#config];
    const { stdout } = await promisify(execFile)(process.execPath, all);
    return JSON.parse(stdout) as Carried;
  }

  #ask(method: string, path: string, body: object): Promise<unknown> {
    return ask(join(this.mailFolder, 'control.sock'), { method, path, body });
  }

  longestBlockMs(): Promise<number | undefined> {
    return longestBlockMs(join(this.mailFolder, 'control.sock'));
  }
}

function configuration(folder: string, kind: Placed): string {
  const { flags = 'synced', workers, mail, domain } = kind;
  const many = workers !== undefined && workers > 1;
  return `${workers === undefined ? '' : `workers = ${workers}`}
hostname = "localhost"
data = ${JSON.stringify(join(folder, 'data'))}
[listen]
${FREE_PORTS}
${mail === undefined ? '' : 'smtp = "127.0.0.1:0"'}
[auth]
default_domain = "${domain}"
[store]
flags = "${flags}"
${many ? `shards = ${SHARDS_OF_MANY}` : ''}
[log]
level = "warn"
[limits]
connections_per_account = 20000
${mail === undefined ? '' : mailOptions(folder, mail, kind.far)}
`;
}

/** Everybody may send as much as he likes, which none of the peers counts. */
function mailOptions(folder: string, { sink, dnsPort }: MailKind, far: Running | undefined): string {
  const routes = join(folder, 'routes.toml');
  const route = (to: string, port: number | undefined): string =>
    `[[route]]\n${to}via = "127.0.0.1:${port}"\ntls = "opportunistic"\n`;
  const toFar = far === undefined ? '' : route(`to = "${FAR_DOMAIN}"\n`, far.ports.smtp);
  writeFileSync(routes, `${toFar}${route('', sink.port)}`, { mode: 0o600 });
  return `outgoing_per_account = 1000000
[mx]
greeting_delay = "0"
[dns]
servers = "127.0.0.1:${dnsPort}"
[queue]
allow_private = true
routes = ${JSON.stringify(routes)}
[submission]
messages_per_hour = 0
recipients_per_hour = 0
messages_per_day = 0
recipients_per_day = 0
`;
}

/** The `ready` line names every address. */
async function readyPorts(child: ChildProcess): Promise<Ports> {
  let text = '';
  for await (const chunk of child.stdout as NodeJS.ReadableStream) {
    text += String(chunk);
    const line = /^ready .*$/m.exec(text)?.[0];
    if (line === undefined) continue;
    const port = (name: string): number => Number(new RegExp(`\\b${name}=\\S*:(\\d+)`).exec(line)?.[1] ?? 0);
    (child.stdout as NodeJS.ReadableStream).resume();
    const [imap, imaps, lmtp] = [port('imap'), port('imaps'), port('lmtp')];
    const [smtp, submission] = [port('smtp'), port('submission')];
    const pop = { pop3: port('pop3'), pop3s: port('pop3s') };
    return { imap, imaps, lmtp, ...pop, smtp, submission, http: port('http') };
  }
  throw new Error(`the server ended before it was ready: ${text}`);
}

function ask(
  socketPath: string,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: object },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(JSON.parse(text))
          : reject(new Error(`${path}: ${response.statusCode}`)),
      );
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}

function longestBlockMs(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/v1/event-loop' }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => {
        resolve((JSON.parse(body) as { longestBlockMs?: number }).longestBlockMs);
      });
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

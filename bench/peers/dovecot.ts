/**
 * Dovecot as Debian packages it, with mdbox, its fastest format. Tuned only where its
 * defaults would refuse the load: connection limits, login processes that serve more than one client.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePorts } from '../ports.ts';
import type { Filtered, Peer, Ports, Running } from './peer.ts';

const BINARY = '/usr/sbin/dovecot';
/** Pigeonhole, of the package dovecot-sieve. */
const SIEVE = '/usr/lib/dovecot/modules/lib90_sieve_plugin.so';

export interface Ways {
  /** `optimized` is its default and syncs mail, but no change of flags; `always` syncs both. */
  readonly fsync?: 'optimized' | 'always';
  /** As `taskset` has them. */
  readonly cores?: string;
  /** Each message by itself, by its plugin. */
  readonly isCompressed?: boolean;
}

export const dovecot = ({ fsync = 'optimized', cores = '0', isCompressed = false }: Ways = {}): Peer => ({
  name: isCompressed ? 'dovecot, zstd' : fsync === 'optimized' ? 'dovecot' : 'dovecot, flags synced',
  missing() {
    if (!existsSync(BINARY) || !existsSync(SIEVE))
      return 'not installed (apt-get install dovecot-imapd dovecot-lmtpd dovecot-pop3d dovecot-sieve)';
    return process.getuid?.() === 0 ? undefined : 'needs root';
  },
  async start(folder) {
    for (const name of ['mail', 'home', 'run', 'state']) mkdirSync(join(folder, name), { recursive: true });
    execFileSync('chown', ['-R', 'mail:mail', join(folder, 'mail'), join(folder, 'home')]);
    execFileSync(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout ${folder}/key.pem -out ${folder}/cert.pem`.split(
        ' ',
      ),
      { stdio: 'ignore' },
    );
    chmodSync(folder, 0o755);
    const config = join(folder, 'dovecot.conf');
    for (let attempt = 0; ; attempt++) {
      const [imap = 0, imaps = 0, lmtp = 0, pop3 = 0, pop3s = 0] = await freePorts(5);
      const ports = { imap, imaps, lmtp, pop3, pop3s };
      writeFileSync(config, configuration(folder, ports, fsync, isCompressed));
      const server = new Server(folder, config, ports, { name: this.name, cores });
      try {
        await server.start();
        return server;
      } catch (error) {
        // Somebody else has taken one of the ports meanwhile.
        if (attempt === 3) throw error;
      }
    }
  },
});

class Server implements Running {
  readonly name: string;
  readonly password = 'secret';
  readonly ports: Ports;
  readonly mailFolder: string;
  readonly #folder: string;
  readonly #config: string;
  readonly #cores: string;
  #child: ChildProcess | undefined;
  pids: readonly number[] = [];

  constructor(
    folder: string,
    config: string,
    ports: Ports,
    { name, cores }: { readonly name: string; readonly cores: string },
  ) {
    this.name = name;
    this.#cores = cores;
    this.ports = ports;
    this.#folder = folder;
    this.#config = config;
    this.mailFolder = join(folder, 'mail');
  }

  user(n: number): string {
    return `user${n}`;
  }

  recipient(n: number): string {
    return `user${n}`;
  }

  async start(): Promise<void> {
    this.#child = spawn('taskset', ['-c', this.#cores, BINARY, '-F', '-c', this.#config], {
      stdio: 'ignore',
    });
    const child = this.#child;
    const isAlive = (): boolean => child.exitCode === null;
    await accepting(this.ports.imap, isAlive);
    await accepting(this.ports.lmtp, isAlive);
    // taskset has become Dovecot.
    this.pids = [child.pid as number];
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  async setScript(user: number, text: string | undefined): Promise<void> {
    const home = join(this.#folder, 'home', this.user(user));
    mkdirSync(home, { recursive: true });
    const script = join(home, '.dovecot.sieve');
    if (text === undefined) rmSync(script, { force: true });
    else writeFileSync(script, text);
    execFileSync('chown', ['-R', 'mail:mail', home]);
  }

  /** Pigeonhole's own tool, for all of the mailbox; what it takes with a script that says nothing is taken off. */
  async filter(user: number, text: string, messages: readonly Buffer[]): Promise<Filtered> {
    const cpuMs = this.#filterMs(user, text) - this.#filterMs(user, 'keep;\r\n');
    return { runs: messages.length, cpuMs };
  }

  #filterMs(user: number, text: string): number {
    const script = join(this.#folder, 'home', 'bench.sieve');
    writeFileSync(script, text);
    execFileSync('sievec', ['-c', this.#config, script]);
    const tool = ['sieve-filter', '-c', this.#config, '-u', this.user(user), script, 'INBOX'];
    // The second line of `times` is of all that the shell has waited for.
    const command = `"$@" > ${this.#folder}/filtered 2>&1 || exit 1; times`;
    const said = execFileSync('bash', ['-c', command, 'bash', ...tool], { encoding: 'utf8' });
    const [, children = ''] = said.split('\n');
    const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
    return parts.reduce(
      (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000,
      0,
    );
  }

  async longestBlockMs(): Promise<undefined> {}
}

async function accepting(port: number, isAlive: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1000 && isAlive(); attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ host: '127.0.0.1', port });
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isUp && isAlive()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('dovecot does not accept connections');
}

function configuration(folder: string, ports: Ports, fsync: string, isCompressed: boolean): string {
  return `
protocols = imap lmtp pop3
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = no
mail_location = mdbox:${folder}/mail/%n
first_valid_uid = 1
mail_fsync = ${fsync}
mail_plugins = zlib
${isCompressed ? 'plugin {\n  zlib_save = zstd\n}' : ''}
mail_uid = mail
mail_gid = mail
mail_max_userip_connections = 20000
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=mail gid=mail home=${folder}/home/%n allow_all_users=yes
}
namespace inbox {
  inbox = yes
}
default_client_limit = 20000
default_process_limit = 20000
default_vsz_limit = 2G
service imap-login {
  service_count = 0
  process_min_avail = 1
  client_limit = 10000
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
}
service pop3-login {
  service_count = 0
  process_min_avail = 1
  client_limit = 10000
  inet_listener pop3 {
    port = ${ports.pop3}
  }
  inet_listener pop3s {
    port = ${ports.pop3s}
    ssl = yes
  }
}
service imap {
  process_limit = 5000
}
service pop3 {
  process_limit = 5000
}
service lmtp {
  inet_listener lmtp {
    port = ${ports.lmtp}
  }
}
protocol imap {
  mail_plugins = $mail_plugins imap_zlib
}
protocol lmtp {
  mail_plugins = $mail_plugins sieve
}
service anvil {
  client_limit = 30000
}
service auth {
  client_limit = 30000
}
`;
}

/**
 * A command that root runs on the data of another user: the store is opened by a process of that user, which answers on
 * the control socket as a server does until the command is over. Root itself touches nothing in the data folder.
 *
 * The two speak over the channel that Node.js gives to a process it forks: the configuration one way, `ready` or what
 * went wrong the other. A command that is killed closes the channel, and the process of the owner ends.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Admin } from '../admin/admin.ts';
import type { Owner } from '../admin/data-owner.ts';
import { controlSocketPath } from '../admin/socket-path.ts';
import type { Config } from '../config/options.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Opening } from './local-system.ts';

/** What the owner's process is started with; no verb for people. */
export const PROXY_VERB = 'as-owner';
const GRACE_MS = 6000;

interface Question {
  readonly config: Config;
  readonly how: Opening;
}

type Answer = { readonly ready: true } | { readonly failed: string };

export async function openAsOwner(config: Config, owner: Owner, how: Opening): Promise<Admin> {
  const { uid, gid, name } = owner;
  const child = fork(process.argv[1] as string, [PROXY_VERB], {
    uid,
    gid,
    cwd: '/',
    execArgv: [],
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, NODE_DISABLE_COMPILE_CACHE: '1' },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const answer = await firstAnswer(child, { config, how }, name);
  if ('failed' in answer) throw new Error(answer.failed);
  const { ControlClient } = await import('../admin/control-client.ts');
  const client = await ControlClient.connect(controlSocketPath(config.data));
  if (client === undefined) throw new Error(`the process of ${name} does not answer`);
  const close = client.close.bind(client);
  client.close = async () => {
    await close();
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
  };
  return client;
}

async function firstAnswer(child: ChildProcess, question: Question, name: string): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const hint = `${name} must be able to read the program, which is ${process.argv[1]}`;
  child.once('message', (message) => resolve(message as Answer));
  child.once('error', (error) => resolve({ failed: `cannot work as ${name}: ${error.message}; ${hint}` }));
  child.once('exit', () => resolve({ failed: `the process of ${name} ended before it was ready; ${hint}` }));
  child.send({ ...question }, () => {});
  return promise;
}

/** In the process of the owner. */
export async function serveAsOwner(version: string): Promise<ExitCode> {
  const gone = once(process, 'disconnect');
  const [{ config, how }] = (await once(process, 'message')) as [Question];
  const answer = (message: Answer): void => void process.send?.(message);
  const closing: (() => Promise<void>)[] = [];
  try {
    const { silentLog } = await import('../base/log.ts');
    const { ControlServer } = await import('../admin/control-server.ts');
    const { openLocalSystem } = await import('./local-system.ts');
    const system = await openLocalSystem(config, how);
    closing.push(() => system.close());
    const facts = { pid: process.pid, version, startedMs: Date.now() };
    const control = await ControlServer.open({
      data: config.data,
      admin: system.admin,
      facts,
      log: silentLog,
    });
    closing.push(() => control.close(GRACE_MS));
    answer({ ready: true });
    await gone;
    return EXIT.ok;
  } catch (error) {
    answer({ failed: error instanceof Error ? error.message : String(error) });
    return EXIT.failed;
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

/**
 * The command line without a process for each command, which takes longer to load than most take to run: a process that has
 * loaded it runs one after the other. What is about the process itself (signals, owners, environment) starts its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { entry } from './entry.ts';

export interface CommandQuestion {
  readonly args: readonly string[];
  readonly input: string;
}

export interface CommandAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const HOST = entry('test/kit/command-host.ts');
/** Those that have nothing to do; two commands at once have one each. */
const idle: ChildProcess[] = [];

export async function runInHost(
  question: CommandQuestion,
  env: Readonly<Record<string, string | undefined>>,
): Promise<CommandAnswer> {
  const host = idle.pop() ?? start(env);
  host.ref();
  host.channel?.ref();
  const answer = await ask(host, question);
  if (host.connected) idle.push(host);
  // It ends with the tests that it is for.
  host.channel?.unref();
  host.unref();
  return answer;
}

function start(env: Readonly<Record<string, string | undefined>>): ChildProcess {
  return fork(HOST, { env: { ...env }, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

function ask(host: ChildProcess, question: CommandQuestion): Promise<CommandAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandAnswer>();
  const ended = (): void => reject(new Error(`the process of ${question.args.join(' ')} ended`));
  host.once('exit', ended);
  host.once('message', (answer) => {
    host.off('exit', ended);
    resolve(answer as CommandAnswer);
  });
  host.send(question);
  return promise;
}

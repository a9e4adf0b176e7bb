/** `brevduva who`: who is connected to the running server, from where, how and since when. */

import type { Command } from 'commander';
import { humanSize } from '../base/bytes.ts';
import type { ConnectionFacts } from '../net/guest.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type CommonOptions, configOf, withCommonOptions } from './options.ts';
import { runningServer } from './running-server.ts';
import { note, print, shortDuration, table } from './terminal.ts';

interface WhoOptions extends CommonOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

const HEAD = [
  'ACCOUNT',
  'SERVICE',
  'ADDRESS',
  'TLS',
  'HOW',
  'FOR',
  'IDLE',
  'SENT',
  'SESSION',
  'CLIENT',
] as const;

export function who(parent: Command, done: (code: ExitCode) => void): void {
  const command = parent
    .command('who')
    .description('list who is signed in to the running server')
    .option('--all', 'also connections that are not signed in, and deliveries')
    .option('--json', 'one JSON object a line, for scripts');
  withCommonOptions(command).action(async (options: WhoOptions) => {
    const { config } = configOf(options);
    const server = await runningServer(config);
    if (server === undefined) {
      note(`brevduva: no server runs on ${config.data}`);
      return done(EXIT.failed);
    }
    const found = await server.listConnections().finally(() => server.close());
    const shown = options.all === true ? found : found.filter(({ account }) => account !== undefined);
    if (options.json === true) for (const one of shown) print(JSON.stringify(one));
    else if (shown.length > 0) show(shown);
    else note(options.all === true ? 'nobody is connected' : 'nobody is signed in');
    const others = found.length - shown.length;
    if (options.json !== true && others > 0) note(`${others} more not signed in; --all shows them`);
  });
}

function show(connections: readonly ConnectionFacts[]): void {
  const nowMs = Date.now();
  const rows = connections.map((one) => [
    one.account ?? '-',
    one.listener,
    one.remote,
    one.tls ?? 'none',
    one.mechanism ?? '-',
    shortDuration(nowMs - one.sinceMs),
    shortDuration(one.idleMs),
    humanSize(one.bytesOut),
    one.id,
    one.client ?? '-',
  ]);
  for (const line of table([HEAD, ...rows])) print(line);
}

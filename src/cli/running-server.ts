/** The server that runs on a data folder, for commands that ask it about itself and open nothing when it is not there. */
import { existsSync } from 'node:fs';
import { ControlClient } from '../admin/control-client.ts';
import { controlSocketPath } from '../admin/socket-path.ts';
import type { Config } from '../config/options.ts';

/** Undefined when none answers. */
export async function runningServer({ data }: Config): Promise<ControlClient | undefined> {
  return existsSync(data) ? ControlClient.connect(controlSocketPath(data)) : undefined;
}

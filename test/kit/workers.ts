/** Which worker of a server a process is, and which one a connection came to; from /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** None, when it is gone. */
export function workerIn(pid: number): number {
  let environment: readonly string[] = [];
  try {
    environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return Number.NaN;
  }
  return Number(environment.find((one) => one.startsWith('BREVDUVA_WORKER='))?.split('=')[1]);
}

/** The worker at the other end of a connection from `clientPort` to `serverPort` of loopback, if it has been accepted. */
export function doorOf(
  clientPort: number,
  serverPort: number,
  workerPids: readonly number[],
): number | undefined {
  const inode = inodeOf(serverPort, clientPort);
  const pid = workerPids.find((one) => inode !== undefined && hasSocket(one, inode));
  return pid === undefined ? undefined : workerIn(pid);
}

function inodeOf(localPort: number, remotePort: number): string | undefined {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local = '', remote = '', , , , , , , inode] = line.trim().split(/\s+/);
    if (local.endsWith(hex(localPort)) && remote.endsWith(hex(remotePort))) return inode;
  }
  return undefined;
}

function hasSocket(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(pid, fd) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return '';
  }
}

/**
 * Whether the server can do its work, as one answer with its reasons: for `brevduva health`, and so for whatever restarts
 * or rings somebody. `failing`: mail is not taken or cannot be read. `warning`: it will be, unless somebody looks.
 */
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthCheck, HealthReport } from '../admin/admin.ts';
import { formatSize } from '../config/option.ts';
import { asAccountId } from '../mailbox/model/model.ts';
import type { Directory } from '../mailbox/port/store.ts';
import type { TlsFiles } from '../net/tls.ts';
import { PauseFile } from './pause-file.ts';

export interface HealthSources {
  readonly data: string;
  readonly directory: Pick<Directory, 'get'>;
  readonly tls: Pick<TlsFiles, 'certificate'>;
}

const STORE_MS = 5000;
/** Below it large messages do not fit, and the journals of the store soon will not. */
const FAILING_FREE_BYTES = 64 * 1024 * 1024;
const WARNING_FREE_BYTES = 1024 * 1024 * 1024;
const WARNING_FREE_SHARE = 0.05;
const WARNING_CERTIFICATE_DAYS = 10;
const DAY_MS = 86_400_000;

export async function healthOf(sources: HealthSources): Promise<HealthReport> {
  const checks = [
    await checkStore(sources.directory),
    await checkDisk(sources.data),
    checkCertificate(sources.tls),
    ...checkSending(sources.data),
  ];
  const worst = (['failing', 'warning'] as const).find((state) =>
    checks.some((check) => check.state === state),
  );
  return { state: worst ?? 'ok', checks };
}

/** Answers when the store does; for the watchdog of a service manager, which restarts what does not. */
export async function storeAnswers(directory: Pick<Directory, 'get'>): Promise<boolean> {
  const stop = new AbortController();
  const asked = directory.get(asAccountId(0)).then(
    () => true,
    () => false,
  );
  const late = sleep(STORE_MS, false, { signal: stop.signal, ref: false }).catch(() => false);
  const answer = await Promise.race([asked, late]);
  stop.abort();
  return answer;
}

async function checkStore(directory: Pick<Directory, 'get'>): Promise<HealthCheck> {
  return (await storeAnswers(directory))
    ? { name: 'store', state: 'ok', detail: 'answers' }
    : { name: 'store', state: 'failing', detail: 'the accounts cannot be read' };
}

async function checkDisk(data: string): Promise<HealthCheck> {
  try {
    const { bavail, blocks, bsize } = await statfs(data);
    const free = bavail * bsize;
    const isLow = free < WARNING_FREE_BYTES || bavail < blocks * WARNING_FREE_SHARE;
    const state = free < FAILING_FREE_BYTES ? 'failing' : isLow ? 'warning' : 'ok';
    const mebibytes = Math.floor(free / 1024 ** 2) * 1024 ** 2;
    return { name: 'disk', state, detail: `${formatSize(mebibytes)} free` };
  } catch (error) {
    return { name: 'disk', state: 'failing', detail: (error as Error).message };
  }
}

/** Only told while it is so: somebody wanted it, and may have forgotten. */
function checkSending(data: string): readonly HealthCheck[] {
  if (!new PauseFile(data).isThere) return [];
  return [{ name: 'queue', state: 'warning', detail: 'sending is paused; "brevduva queue resume" goes on' }];
}

function checkCertificate({ certificate }: Pick<TlsFiles, 'certificate'>): HealthCheck {
  const days = Math.floor((certificate.validToDate.getTime() - Date.now()) / DAY_MS);
  const state = days < 0 ? 'failing' : days < WARNING_CERTIFICATE_DAYS ? 'warning' : 'ok';
  const left = days === 0 ? 'ends today' : days === 1 ? '1 day left' : `${days} days left`;
  return { name: 'certificate', state, detail: days < 0 ? 'has ended' : left };
}

/**
 * Files on their way to the server (RFC 8620 §6.1): how far each is, and how it is stopped or begun again. A large one goes in slices, which the
 * server joins (RFC 9404 §4.1): whoever loses the network loses a slice. Before it goes it is asked whether there is room for it.
 */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export interface Uploaded {
  readonly blobId: string;
  readonly type: string;
  readonly size: number;
}

export type UploadState = 'running' | 'failed' | 'tooLarge' | 'full' | 'noRoom';

export type Upload = {
  readonly key: number;
  readonly name: string;
  readonly size: number;
  readonly progress: ReadonlySignal<number>;
  readonly state: ReadonlySignal<UploadState>;
  stop(): void;
  again(): void;
};

export interface UploadParts {
  readonly url: string;
  /** The server's own (`maxSizeUpload`), so that nobody waits for what is refused in the end. */
  readonly maxSize: number;
  /** Gives octets to the server; `onProgress` in 0 to 1. Resolves with the status and the body. */
  readonly post: (
    url: string,
    file: Blob & { readonly type: string },
    parts: { readonly onProgress: (part: number) => void; readonly signal: AbortSignal },
  ) => Promise<{ readonly status: number; readonly body: string }>;
  /** One blob of several; undefined when one of them is not there any more, or there is no room. */
  readonly join: (blobIds: readonly string[], type: string) => Promise<Uploaded | undefined>;
  /** Octets that the account has left; undefined: as many as one likes, or nobody knows. */
  readonly room: () => Promise<number | undefined>;
  /** When there is a network again; gives what ends the waiting. */
  readonly onOnline: (run: () => void) => () => void;
}

/** Too much of the account's room, or of uploads at once. */
const FULL = [413, 429, 507];
/** In one request: some seconds on a slow line. */
export const SLICE_BYTES = 5_000_000;
/** In a mail it is base64, in lines (RFC 2045 §6.8). */
const IN_MAIL = 78 / 57;

interface Sending {
  readonly progress: { value: number };
  readonly signal: AbortSignal;
  /** Slices that have come, in their order. */
  readonly there: string[];
}

export class Uploads {
  readonly #parts: UploadParts;
  readonly #deafen: () => void;
  readonly #running = signal<readonly Upload[]>([]);
  #next = 1;

  constructor(parts: UploadParts) {
    this.#parts = parts;
    this.#deafen = parts.onOnline(() => {
      for (const one of this.#running.peek()) if (one.state.peek() === 'failed') one.again();
    });
  }

  get running(): ReadonlySignal<readonly Upload[]> {
    return this.#running;
  }

  get maxSize(): number {
    return this.#parts.maxSize;
  }

  /** The page for writing is left. */
  close(): void {
    this.#deafen();
  }

  add(file: File, onDone: (uploaded: Uploaded) => void): void {
    const progress = signal(0);
    const state = signal<UploadState>('running');
    const aborter = new AbortController();
    const there: string[] = [];
    const leave = (): void => {
      this.#running.value = this.#running.peek().filter((one) => one !== upload);
    };
    const begin = (): void => {
      state.value = 'running';
      void this.#send(file, { progress, there, signal: aborter.signal }).then((result) => {
        if (aborter.signal.aborted) return;
        if (typeof result === 'string') state.value = result;
        else {
          leave();
          onDone(result);
        }
      });
    };
    const upload: Upload = {
      ...{ key: this.#next++, name: file.name, size: file.size, progress, state, again: begin },
      stop: () => {
        aborter.abort();
        leave();
      },
    };
    this.#running.value = [...this.#running.peek(), upload];
    if (file.size > this.#parts.maxSize) state.value = 'tooLarge';
    else begin();
  }

  async #send(file: File, sending: Sending): Promise<Uploaded | Exclude<UploadState, 'running'>> {
    const { progress, signal: stopped, there } = sending;
    try {
      const room = await this.#parts.room().catch(() => undefined);
      if (stopped.aborted) return 'failed';
      if (room !== undefined && file.size * IN_MAIL > room) return 'noRoom';
      if (file.size <= SLICE_BYTES) return await this.#post(file, file, { sending, from: 0 });
      while (there.length * SLICE_BYTES < file.size) {
        const from = there.length * SLICE_BYTES;
        const sent = await this.#post(file, file.slice(from, from + SLICE_BYTES), { sending, from });
        if (typeof sent === 'string') return sent;
        there.push(sent.blobId);
      }
      progress.value = 1;
      const joined = await this.#parts.join(there, file.type);
      if (joined !== undefined) return { ...joined, type: file.type || joined.type };
      there.length = 0;
      return 'failed';
    } catch {
      return 'failed';
    }
  }

  async #post(
    file: File,
    slice: Blob,
    { sending, from }: { readonly sending: Sending; readonly from: number },
  ): Promise<Uploaded | 'failed' | 'full'> {
    const onProgress = (part: number): void => {
      sending.progress.value = file.size === 0 ? part : (from + part * slice.size) / file.size;
    };
    onProgress(0);
    const { post, url } = this.#parts;
    const { status, body } = await post(url, slice, { onProgress, signal: sending.signal });
    if (FULL.includes(status)) return 'full';
    if (status < 200 || status > 299) return 'failed';
    const { blobId, type, size } = JSON.parse(body) as Uploaded;
    return { blobId, type: file.type || type, size };
  }
}

/** By the browser's older way, the only one that says how far it is. */
export function postFile(...[url, file, { onProgress, signal: stopped }]: Parameters<UploadParts['post']>) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const request = new XMLHttpRequest();
  request.open('POST', url);
  request.setRequestHeader('content-type', file.type || 'application/octet-stream');
  request.setRequestHeader('x-requested-by', 'brevduva');
  request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
  request.onload = () => resolve({ status: request.status, body: request.responseText });
  request.onerror = () => reject(new TypeError('no network'));
  request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
  stopped.addEventListener('abort', () => request.abort(), { once: true });
  request.send(file);
  return promise;
}

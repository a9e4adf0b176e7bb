/** Files on their way to the server (RFC 8620 §6.1): how far each is, and how it is stopped or begun again. */
import { type ReadonlySignal, signal } from '@preact/signals-core';

export interface Uploaded {
  readonly blobId: string;
  readonly type: string;
  readonly size: number;
}

export type Upload = {
  readonly key: number;
  readonly name: string;
  readonly size: number;
  readonly progress: ReadonlySignal<number>;
  readonly state: ReadonlySignal<'running' | 'failed' | 'tooLarge' | 'full'>;
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
}

/** Too much of the account's room, or of uploads at once. */
const FULL = [413, 429, 507];

export class Uploads {
  readonly #parts: UploadParts;
  readonly #running = signal<readonly Upload[]>([]);
  #next = 1;

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  get running(): ReadonlySignal<readonly Upload[]> {
    return this.#running;
  }

  add(file: File, onDone: (uploaded: Uploaded) => void): void {
    const progress = signal(0);
    const state = signal<'running' | 'failed' | 'tooLarge' | 'full'>('running');
    const aborter = new AbortController();
    const leave = (): void => {
      this.#running.value = this.#running.peek().filter((one) => one !== upload);
    };
    const begin = (): void => {
      state.value = 'running';
      progress.value = 0;
      void this.#send(file, { progress, signal: aborter.signal }).then((result) => {
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

  async #send(
    file: File,
    { progress, signal: stopped }: { progress: { value: number }; signal: AbortSignal },
  ): Promise<Uploaded | 'failed' | 'tooLarge' | 'full'> {
    const { post, url } = this.#parts;
    const onProgress = (part: number): void => {
      progress.value = part;
    };
    try {
      const { status, body } = await post(url, file, { onProgress, signal: stopped });
      if (FULL.includes(status)) return 'full';
      if (status < 200 || status > 299) return 'failed';
      const { blobId, type, size } = JSON.parse(body) as Uploaded;
      return { blobId, type: file.type || type, size };
    } catch {
      return 'failed';
    }
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

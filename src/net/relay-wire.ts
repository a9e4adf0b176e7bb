/**
 * What goes over a relay before anything else: a preamble that says what the connection is for, and the answer to it.
 *
 *     preamble   4 octets length, then so many of JSON: { "v": 1, "kind": "session", ... }
 *     answer     one octet: 0 taken; 1 refused, then 4 octets length and JSON: { "code", "message", "isReply" }
 *
 * Both sides are processes of ours, on sockets that nobody else can open; the bounds answer a process that is broken.
 */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const RELAY_VERSION = 1;
const LENGTH_BYTES = 4;
const MAX_JSON_BYTES = 8 * 1024;
const TAKEN = 0;
const REFUSED = 1;

export interface Refused {
  readonly code: string;
  readonly message: string;
  readonly isReply: boolean;
}

/** Throws when it is too long: nothing that a client says may be in it without a bound. */
export function preambleOf(kind: string, body: object): Buffer {
  return framed({ v: RELAY_VERSION, kind, ...body });
}

/** Undefined when the other side went away, or said something else, or nothing for `timeoutMs`. The socket is paused. */
export async function readPreamble(
  socket: Socket,
  timeoutMs: number,
): Promise<(Record<string, unknown> & { readonly kind: string }) | undefined> {
  const stop = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
  const body = await Promise.race([readFramed(socket).catch(() => undefined), late]);
  stop.abort();
  if (body?.v !== RELAY_VERSION || typeof body.kind !== 'string') return undefined;
  return body as Record<string, unknown> & { readonly kind: string };
}

export function answerTaken(socket: Socket): void {
  socket.write(Buffer.from([TAKEN]));
}

export function answerRefused(socket: Socket, why: Refused): void {
  socket.end(Buffer.concat([Buffer.from([REFUSED]), framed(why)]));
}

/** Undefined when it was taken. Throws when the other side went away. */
export async function readAnswer(socket: Socket): Promise<Refused | undefined> {
  const [answer] = await readExactly(socket, 1);
  if (answer === TAKEN) return undefined;
  return (await readFramed(socket)) as unknown as Refused;
}

function framed(body: object): Buffer {
  const json = Buffer.from(JSON.stringify(body));
  if (json.length > MAX_JSON_BYTES) throw new Error(`a preamble of ${json.length} octets is too long`);
  const head = Buffer.alloc(LENGTH_BYTES);
  head.writeUInt32BE(json.length);
  return Buffer.concat([head, json]);
}

async function readFramed(socket: Socket): Promise<Record<string, unknown>> {
  const length = (await readExactly(socket, LENGTH_BYTES)).readUInt32BE();
  if (length > MAX_JSON_BYTES) throw new Error(`a preamble of ${length} octets is too long`);
  return JSON.parse((await readExactly(socket, length)).toString('utf8')) as Record<string, unknown>;
}

/** What comes behind stays in the socket. */
async function readExactly(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes !== null && bytes.length === count) return bytes;
    if (bytes !== null || socket.readableEnded || socket.destroyed) throw new Error('the relay was cut');
    await untilChanged(socket);
  }
}

const CHANGES = ['readable', 'end', 'close', 'error'] as const;

/** There may be more to read, or there will never be. The socket lives long; no listener of ours stays with it. */
async function untilChanged(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const change of CHANGES) socket.on(change, resolve);
  await promise;
  for (const change of CHANGES) socket.off(change, resolve);
}

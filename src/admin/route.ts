/** One resource of the control socket: what it is asked with, and how it answers. */
import type { z } from 'zod';
import type { Admin, ServerFacts, Watch } from './admin.ts';
import type { EventLoopWatch } from './event-loop.ts';

export interface Call {
  readonly admin: Admin;
  readonly facts: ServerFacts;
  readonly watch: Watch | undefined;
  readonly eventLoop: EventLoopWatch;
  readonly bytes: AsyncIterable<Uint8Array>;
  json(): Promise<unknown>;
}

export type Answer =
  | { readonly json: unknown; readonly status?: number }
  | { readonly stream: AsyncIterable<Uint8Array | string>; readonly type: string };

export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  run(call: Call, address: string, name: string, more: string): Promise<Answer>;
}

export function on(method: string, path: string, run: Route['run']): Route {
  return { method, path: new RegExp(`^${path}$`), run };
}

/** Throws BadRequest. */
export function valid<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BadRequest(`${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'invalid'}`);
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined: absent and undefined differ for exact optional properties. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined)) as Defined<T>;
}

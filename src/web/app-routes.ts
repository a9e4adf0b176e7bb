/**
 * The page of the webmail and its files. The page is the same at every place of the app, which reads the address itself; it is asked
 * for anew each time and answered "not changed" by its tag. Files have names that follow from their content and are kept.
 */
import { createHash } from 'node:crypto';
import { type HttpReply, type HttpRequest, type Route, text } from '../http/exchange.ts';
import type { AppBuild } from './app-build.ts';
import type { BuildFile } from './build-files.ts';
import { frameDocument, printDocument } from './frame.ts';
import { APP_HEADERS, FILE_HEADERS, WORKER_HEADERS } from './policy.ts';

/** Places of the app, which its router knows (`web/shell/places.ts`). */
const PLACES = [
  '/',
  '/m/*',
  '/search',
  '/settings',
  '/settings/*',
  '/admin',
  '/admin/*',
  '/write',
  '/write/*',
  '/sign-in',
  '/leave',
];
const ASSETS = '/assets/';
const WORKER = '/service-worker.js';
const MAKING = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Brevduva</title><p>One moment: the webmail is being made.`;
const ABSENT = 'The webmail could not be made on this server; its log says why. Mail programs work.\n';

export function appRoutes(build: AppBuild): readonly Route[] {
  const page = (request: HttpRequest): HttpReply => pageReply(build, request);
  return [
    ...PLACES.map((path): Route => ({ method: 'GET', path, answer: page })),
    { method: 'GET', path: '/frame', answer: frameDocument },
    { method: 'GET', path: '/print', answer: printDocument },
    { method: 'GET', path: WORKER, answer: (request) => workerReply(build, request) },
    { method: 'GET', path: `${ASSETS}*`, answer: (request) => fileReply(build, request) },
  ];
}

function pageReply(build: AppBuild, request: HttpRequest): HttpReply {
  const { now } = build;
  if (now.state === 'making') {
    const headers = { ...APP_HEADERS, 'content-type': 'text/html; charset=utf-8', refresh: '1' };
    return { status: 503, headers: { ...headers, 'retry-after': '1' }, body: MAKING };
  }
  if (now.state === 'absent') return text(503, ABSENT);
  return askedAnew(now.builds.page, request, APP_HEADERS);
}

/** The one of the current build, wherever the page that asks is from. */
function workerReply({ now }: AppBuild, request: HttpRequest): HttpReply {
  const worker = now.state === 'there' ? now.builds.files.get(WORKER.slice(1)) : undefined;
  if (worker === undefined) return text(now.state === 'making' ? 503 : 404, 'There is nothing here.\n');
  return askedAnew(worker, request, WORKER_HEADERS);
}

function askedAnew(file: BuildFile, request: HttpRequest, rest: Readonly<Record<string, string>>): HttpReply {
  const etag = tagOf(file.octets);
  const headers = { ...rest, 'cache-control': 'no-cache', etag, vary: 'accept-encoding' };
  if (isNamed(request.headers['if-none-match'], etag)) return { status: 304, headers };
  return octetsOf(file, request, headers);
}

function fileReply(build: AppBuild, request: HttpRequest): HttpReply {
  const { now } = build;
  const file = now.state === 'there' ? now.builds.files.get(request.path.slice(1)) : undefined;
  if (file === undefined) return text(404, 'There is nothing here.\n');
  const kept = { 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' };
  return octetsOf(file, request, { ...FILE_HEADERS, ...kept });
}

/** Compressed as far as the client takes it (RFC 9110 §12.5.3). */
function octetsOf(
  { type, octets, brotli, gzip }: BuildFile,
  request: HttpRequest,
  rest: Readonly<Record<string, string>>,
): HttpReply {
  const headers = { ...rest, 'content-type': type };
  const takes = takenBy(request.headers['accept-encoding']);
  if (brotli !== undefined && takes('br'))
    return { status: 200, headers: { ...headers, 'content-encoding': 'br' }, body: brotli };
  if (gzip !== undefined && takes('gzip'))
    return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: gzip };
  return { status: 200, headers, body: octets };
}

/** A coding counts unless it is refused with q=0. */
function takenBy(field = ''): (coding: string) => boolean {
  const taken = field
    .toLowerCase()
    .split(',')
    .map((one) => one.trim().split(/\s*;\s*/))
    .filter(([, weight]) => weight === undefined || Number(weight.replace(/^q=/, '')) > 0)
    .map(([coding]) => coding);
  return (coding) => taken.includes(coding);
}

/** Strong: the octets of a page follow from its build. */
function tagOf(octets: Buffer): string {
  return `"${createHash('sha256').update(octets).digest('base64url').slice(0, 22)}"`;
}

/** If-None-Match (RFC 9110 §13.1.2); compared weakly. */
function isNamed(field: string | undefined, tag: string): boolean {
  return (field ?? '').split(',').some((one) => [tag, `W/${tag}`, '*'].includes(one.trim()));
}

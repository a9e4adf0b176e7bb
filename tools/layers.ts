import { posix } from 'node:path';
import { isTest, readSources, report, type SourceFile } from './sources.ts';

/**
 * Arrows point inward: which folder of `src/` may import which, and no cycle anywhere, type imports included. A protocol
 * knows the domain and never the store; the domain knows no protocol and no database; nothing imports `main.ts`.
 */
const PROTOCOL = ['identity', 'mailbox', 'mail', 'sasl', 'net', 'config', 'base'];
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  config: ['base'],
  mail: ['base'],
  sieve: ['mail', 'base'],
  sasl: ['base'],
  net: ['base'],
  dns: ['base'],
  'message-auth': ['dns', 'mail', 'base'],
  mailbox: ['mail', 'base'],
  spam: ['mailbox', 'dns', 'mail', 'net', 'base'],
  identity: ['mailbox', 'mail', 'sasl', 'net', 'base'],
  store: ['mailbox', 'mail', 'base'],
  rules: ['sieve', 'mailbox', 'mail', 'base'],
  transfer: ['mailbox', 'mail', 'base'],
  backup: ['store', 'mailbox', 'base'],
  admin: ['feedback', 'transfer', 'rules', 'sieve', 'identity', 'mailbox', 'mail', 'net', 'base'],
  doctor: [
    'spam',
    'feedback',
    'acme',
    'setup',
    'message-auth',
    'admin',
    'identity',
    'net',
    'dns',
    'config',
    'base',
  ],
  http: ['identity', 'mailbox', 'sasl', 'net', 'base'],
  setup: ['http', 'net', 'base'],
  'apple-push': ['http', 'identity', 'mailbox', 'net', 'base'],
  acme: ['http', 'base'],
  web: ['admin', 'http', ...PROTOCOL],
  jmap: ['http', 'smtp', 'submission', 'rules', 'sieve', ...PROTOCOL],
  feedback: ['setup', 'dns', 'mail', 'base'],
  imap: PROTOCOL,
  pop3: PROTOCOL,
  managesieve: ['rules', 'sieve', ...PROTOCOL],
  smtp: PROTOCOL,
  delivery: ['smtp', 'feedback', ...PROTOCOL],
  lmtp: ['spam', 'delivery', 'smtp', 'feedback', ...PROTOCOL],
  queue: ['delivery', 'message-auth', 'smtp', 'feedback', 'dns', ...PROTOCOL],
  mx: ['spam', 'delivery', 'message-auth', 'smtp', 'feedback', 'dns', ...PROTOCOL],
  submission: ['delivery', 'smtp', 'message-auth', ...PROTOCOL],
};
/** Inside the domain: which room knows which. What lies at its door, `domain.ts` and `accounts.ts`, is the waist. */
const WAIST = 'the waist';
const BELOW_WAIST = ['change', 'state', 'text-index', 'port', 'model'];
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  port: ['model'],
  'text-index': ['port', 'model'],
  state: ['port', 'model'],
  change: ['state', 'port', 'model'],
  [WAIST]: BELOW_WAIST,
  reading: [WAIST, 'state', 'port', 'model'],
  query: ['search', 'reading', WAIST, 'state', 'port', 'model'],
  search: ['reading', WAIST, 'state', 'text-index', 'port', 'model'],
  operations: ['reading', WAIST, ...BELOW_WAIST],
  upkeep: ['operations', 'reading', WAIST, ...BELOW_WAIST],
};
/** They know everything, because they put the parts together. */
const ROOTS = ['main.ts', 'server', 'cli'];
/** State as those have it who may change it; everybody else has the read-only form of the same name. */
const WRITABLE = /\bWritable(?:Account|Mailbox|MessageList|ChangeLog)\b/;
const WRITERS = /^src\/mailbox\/(?:state|change)\/|^src\/mailbox\/accounts\.ts$/;
/** A protocol asks operations and readings, whose errors are the domain's. */
const PROTOCOLS = /^src\/(?:imap|jmap|pop3|smtp|delivery|lmtp|mx)\//;
const STORE = /\bdomain\.store\b/;
/** Bytes to words and back: no session, no socket, of the domain only the types. */
const WIRE = /^src\/(\w+)\/wire\//;

const IMPORT =
  /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;

export function checkLayers(files: readonly SourceFile[]): string[] {
  const graph = new Map<string, string[]>();
  const problems: string[] = [];
  for (const file of files) {
    if (isTest(file.path)) continue;
    const targets: string[] = [];
    for (const match of file.text.matchAll(IMPORT)) {
      const target = posix.join(posix.dirname(file.path), match[2] ?? match[3] ?? match[4] ?? '');
      targets.push(target);
      const fault = arrowFault(file.path, target, match[1] !== undefined);
      if (fault) problems.push(`${file.path} imports ${target}: ${fault}`);
    }
    graph.set(file.path, targets);
    if (WRITABLE.test(file.text) && !WRITERS.test(file.path))
      problems.push(
        `${file.path}: what is ${WRITABLE.exec(file.text)?.[0]} is changed by a change, and by nobody else`,
      );
  }
  for (const { path, text } of files) {
    if (PROTOCOLS.test(path) && !isTest(path) && STORE.test(text))
      problems.push(`${path}: a protocol does not ask the store; there is an operation or a reading for it`);
  }
  return [...problems, ...cycles(graph)];
}

function arrowFault(from: string, to: string, isTypeOnly: boolean): string | undefined {
  if (!to.startsWith('src/')) return 'src/ imports only src/';
  if (isTest(to)) return 'only tests import tests';
  if (to === 'src/main.ts') return 'nothing imports main.ts';
  const [source, target] = [layerOf(from), layerOf(to)];
  if (WIRE.test(from) && !to.startsWith(posix.dirname(from))) {
    if (to.startsWith('src/mailbox/model/') && isTypeOnly) return undefined;
    return ['mail', 'base'].includes(target)
      ? undefined
      : 'wire/ knows only mail, base and the types of the model';
  }
  if (source === 'mailbox' && target === 'mailbox') return roomFault(roomOf(from), roomOf(to));
  if (source === 'store' && isInOtherStore(from, to)) return 'a store knows no other store';
  if (source === target || ROOTS.includes(source)) return undefined;
  const allowed = ARROWS[source];
  if (!allowed) return `${source} is no known layer; add it to tools/layers.ts`;
  return allowed.includes(target)
    ? undefined
    : `${source} may import only ${allowed.join(', ') || 'nothing'}`;
}

function roomFault(source: string, target: string): string | undefined {
  const allowed = ROOMS[source];
  if (!allowed) return `${source} is no known room of the domain; add it to tools/layers.ts`;
  if (source === target || allowed.includes(target)) return undefined;
  return `${source} may import of the domain only ${allowed.join(', ') || 'nothing'}`;
}

/** The contract of all stores and the rows for its tests lie above them. */
function isInOtherStore(from: string, to: string): boolean {
  const [, layer, store, ...rest] = to.split('/');
  return layer === 'store' && rest.length > 0 && store !== 'contract' && store !== from.split('/')[2];
}

function roomOf(path: string): string {
  const parts = path.split('/');
  return parts.length === 3 ? WAIST : (parts[2] ?? '');
}

function layerOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Depth first; a file met again while its own imports are still being followed closes a cycle. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      found.push(`cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`);
      return;
    }
    state.set(file, 'open');
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

if (import.meta.main) report(checkLayers(readSources(['src'])));

/** Mail leaves: how fast it is taken, how soon somebody else has it, how fast a queue gets empty, and what a full one costs a start. */
import { message, smallMessage } from '../corpus.ts';
import type { MailService, Running } from '../peers/peer.ts';
import { cpuMs, memoryKb } from '../process-tree.ts';
import { openInbox } from './imap-session.ts';
import { openSmtp, send, writtenBy } from './smtp-client.ts';
import { FIRST_WRITER, NOTIFIED_USER, type Outcome, timed, type Workload, WRITERS } from './workload.ts';

const CONNECTIONS = 16;
/** Servers take so many over one connection, and no more. */
const MESSAGES_OF_ONE = 900;
/** The sink counts a moment later than the server hears of it. */
const SETTLED_MS = 300;

interface Submitting {
  readonly total: number;
  readonly make: (n: number) => Buffer;
}

async function submit(server: Running, { total, make }: Submitting): Promise<Outcome> {
  const latencies: number[] = [];
  let bytes = 0;
  let next = 0;
  const write = async (w: number): Promise<void> => {
    const user = FIRST_WRITER + (w % WRITERS);
    const from = server.recipient(user);
    const open = () => openSmtp(server.ports.submission as number, serviceOf(server).signIn(user));
    let client = await open();
    for (let sent = 0; next < total; sent++) {
      if (sent > 0 && sent % MESSAGES_OF_ONE === 0) {
        client.end();
        client = await open();
      }
      const n = next++;
      const octets = writtenBy(from, make(n));
      bytes += octets.length;
      await timed(latencies, () => send(client, { from, to: `reader${n}@example.org`, octets }));
    }
    client.end();
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, w) => write(w)));
  return { operations: total, bytes, latenciesMs: latencies, wallMs: performance.now() - start };
}

/** Into a queue that stands still. */
async function taken(server: Running, submitting: Submitting): Promise<Outcome> {
  const { sink, setSending } = serviceOf(server);
  const before = sink.count;
  await setSending(false);
  const cpuBefore = cpuMs(server.pids);
  const outcome = await submit(server, submitting);
  const cpu = cpuMs(server.pids) - cpuBefore;
  await setSending(true);
  await sink.until(before + submitting.total);
  return { ...outcome, cpuMs: cpu };
}

async function drained(server: Running, submitting: Submitting): Promise<Outcome> {
  const { sink, setSending } = serviceOf(server);
  const { total } = submitting;
  const before = sink.count;
  await setSending(false);
  const { bytes = 0 } = await submit(server, submitting);
  const kbBefore = memoryKb(server.pids);
  let mostKb = kbBefore;
  const timer = setInterval(() => {
    mostKb = Math.max(mostKb, memoryKb(server.pids));
  }, 250);
  const cpuBefore = cpuMs(server.pids);
  const start = performance.now();
  await setSending(true);
  await sink.until(before + total);
  const wallMs = performance.now() - start;
  await pause(SETTLED_MS);
  clearInterval(timer);
  const cpu = cpuMs(server.pids) - cpuBefore;
  return { operations: total, bytes, wallMs, cpuMs: cpu, memoryMb: (mostKb - kbBefore) / 1024 };
}

/** A start with a queue that is full; the memory is what it has more than after one with an empty queue. */
async function started(server: Running, submitting: Submitting): Promise<Outcome> {
  const { sink, setSending } = serviceOf(server);
  const { total } = submitting;
  const emptyKb = await standingKb(server);
  const before = sink.count;
  await setSending(false);
  await submit(server, submitting);
  const outcome = await restarted(server);
  const memoryMb = ((await standingKb(server)) - emptyKb) / 1024;
  await setSending(true);
  await sink.until(before + total);
  return { ...outcome, memoryMb };
}

async function restarted(server: Running): Promise<Outcome> {
  await server.stop();
  const latencies: number[] = [];
  await timed(latencies, () => server.start());
  const cpu = cpuMs(server.pids);
  return { operations: 1, latenciesMs: latencies, isRatedByLatency: true, cpuMs: cpu };
}

/** After a start, when what is begun then is done. */
async function standingKb(server: Running): Promise<number> {
  await restarted(server);
  await pause(STANDING_MS);
  return memoryKb(server.pids);
}

const STANDING_MS = 5000;

/** From MAIL to the line that somebody in IDLE hears, who has his mail on `to`. */
async function heard(server: Running, to: Running, total: number): Promise<Outcome> {
  const latencies: number[] = [];
  const watcher = await openInbox(to, NOTIFIED_USER);
  watcher.write('i IDLE\r\n');
  await watcher.line(/^\+/m);
  const client = await openSmtp(server.ports.submission as number, serviceOf(server).signIn(FIRST_WRITER));
  const from = server.recipient(FIRST_WRITER);
  const pids = [...new Set([...server.pids, ...to.pids])];
  const cpuBefore = cpuMs(pids);
  for (let n = 0; n < total; n++) {
    const octets = writtenBy(from, message(n));
    const news = watcher.line(/EXISTS/);
    await timed(latencies, () =>
      Promise.all([send(client, { from, to: to.recipient(NOTIFIED_USER), octets }), news]),
    );
    await pause(150);
  }
  const cpu = cpuMs(pids) - cpuBefore;
  client.end();
  watcher.end();
  return { operations: total, latenciesMs: latencies, isRatedByLatency: true, cpuMs: cpu };
}

function serviceOf({ mail }: Running): MailService {
  if (mail === undefined) throw new Error('a row about mail needs a server that sends');
  return mail;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const sending: readonly Workload[] = [
  {
    name: 'mail.submit.16',
    what: 'mail that people send, taken and queued, 16 connections',
    unit: 'msg',
    run: (server, scale) => taken(server, { total: scale.times(2000), make: message }),
  },
  {
    name: 'mail.submit.small.16',
    what: 'the same, messages of 1.2 KB',
    unit: 'msg',
    run: (server, scale) => taken(server, { total: scale.times(6000), make: smallMessage }),
  },
  {
    name: 'mail.idle.one',
    what: 'mail from submission until an idling client of the same server hears of it',
    unit: 'msg',
    run: (server, scale) => heard(server, server, scale.times(100)),
  },
  {
    name: 'mail.idle.two',
    what: 'the same, of another server',
    unit: 'msg',
    run: (server, scale) => heard(server, serviceOf(server).far ?? server, scale.times(100)),
  },
  {
    name: 'mail.drain',
    what: 'a queue gets empty, to one server',
    unit: 'msg',
    run: (server, scale) => drained(server, { total: scale.times(5000), make: message }),
  },
  {
    name: 'mail.drain.small',
    what: 'the same, messages of 1.2 KB',
    unit: 'msg',
    isOnce: true,
    run: (server, scale) => drained(server, { total: scale.big, make: smallMessage }),
  },
  {
    name: 'mail.start',
    what: 'a start with that queue, until it is ready',
    unit: 'start',
    isOnce: true,
    // Postfix looks into its queue when it has time.
    isOursAlone: true,
    run: (server, scale) => started(server, { total: scale.big, make: smallMessage }),
  },
  {
    name: 'mail.start.empty',
    what: 'a start with an empty queue',
    unit: 'start',
    isOnce: true,
    isOursAlone: true,
    run: restarted,
  },
];

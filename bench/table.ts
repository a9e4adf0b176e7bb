/** The table: one row a workload, medians of the repetitions, ratios of Dovecot's figures and ours. */
import type { Limit } from './limits.ts';
import type { IdleMemory } from './workloads/idle.ts';
import type { Outcome, Workload } from './workloads/workload.ts';

export interface Measured extends Outcome {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly longestBlockMs: number | undefined;
  /** Of somebody else's NOOPs meanwhile. */
  readonly bystanderMs: readonly number[];
}

export interface Room {
  readonly server: string;
  readonly what: string;
  readonly value: string;
}

/** Who is compared with whom; a change of flags once for each promise, and once as both come out of the box. */
const PAIRS: readonly { readonly title: string; readonly ours: string; readonly theirs: string }[] = [
  { title: '', ours: 'brevduva', theirs: 'dovecot' },
  { title: ', both synced', ours: 'brevduva', theirs: 'dovecot, flags synced' },
  { title: ', both delayed', ours: 'brevduva, flags delayed', theirs: 'dovecot' },
];

export interface Figures {
  readonly perSecond: number;
  readonly mbPerSecond: number | undefined;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly cpuPerOperationMs: number;
  readonly blockMs: number | undefined;
  readonly memoryMb: number | undefined;
  readonly bystanderP99: number | undefined;
}

export function printTable(
  workloads: readonly Workload[],
  results: ReadonlyMap<string, ReadonlyMap<string, readonly Measured[]>>,
): void {
  console.log(
    '| workload | what | ours /s | theirs /s | **rate** | ours p50 / p99 ms | theirs p50 / p99 ms | ours CPU ms | theirs CPU ms | **CPU** | our longest block ms | NOOP of another p99 ms, ours / theirs |',
  );
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|');
  for (const { name, what } of workloads) {
    const row = results.get(name);
    for (const { title, ours, theirs } of PAIRS) {
      const mine = figures(row?.get(ours) ?? []);
      const other = figures(row?.get(theirs) ?? []);
      const isPlain = title === '';
      // The plain pair is there in every row, also when the other server is not installed.
      if (mine !== undefined && (isPlain || other !== undefined)) printRow(name + title, what, mine, other);
    }
  }
}

function printRow(name: string, what: string, mine: Figures, other: Figures | undefined): void {
  console.log(
    `| ${name} | ${what} | ${rate(mine)} | ${rate(other)} | ${times(mine.perSecond, other?.perSecond)} | ${latency(mine)} | ${latency(other)} | ${cpu(mine)} | ${cpu(other)} | ${times(other?.cpuPerOperationMs, mine.cpuPerOperationMs)} | ${mine.blockMs?.toFixed(0) ?? '–'} | ${bystander(mine)} / ${bystander(other)} |`,
  );
}

export function printLimits(limits: readonly Limit[]): void {
  console.log('\n| what the machine allows | rows | |\n|---|---|---:|');
  for (const { what, rows, value } of limits) console.log(`| ${what} | ${rows} | ${value} |`);
}

export function printRooms(rows: readonly Room[]): void {
  console.log('\n| room | server | |\n|---|---|---:|');
  for (const { what, server, value } of rows) console.log(`| ${what} | ${server} | ${value} |`);
}

export function printIdle(rows: readonly { readonly server: string; readonly memory: IdleMemory }[]): void {
  console.log(
    '\n| connections that wait | what | server | KB each (PSS of the process tree, files left out) |\n|---|---|---|---:|',
  );
  for (const { server, memory } of rows) {
    const { name, what, connections, kbPerConnection } = memory;
    console.log(`| ${name}, ${connections} | ${what} | ${server} | ${kbPerConnection.toFixed(1)} |`);
  }
}

export function figures(all: readonly Measured[]): Figures | undefined {
  if (all.length === 0) return undefined;
  const latencies = all.flatMap((one) => one.latenciesMs ?? []).sort((a, b) => a - b);
  const blocks = all.map((one) => one.longestBlockMs).filter((ms) => ms !== undefined);
  const seconds = (one: Measured): number =>
    one.isRatedByLatency === true ? sum(one.latenciesMs ?? []) / 1000 : one.wallMs / 1000;
  const memories = all.map((one) => one.memoryMb).filter((mb) => mb !== undefined);
  const others = all.flatMap((one) => one.bystanderMs).sort((a, b) => a - b);
  return {
    perSecond: median(all.map((one) => one.operations / seconds(one))),
    mbPerSecond: all.some((one) => one.bytes === undefined)
      ? undefined
      : median(all.map((one) => (one.bytes as number) / 1e6 / seconds(one))),
    p50: latencies[Math.floor(latencies.length * 0.5)],
    p99: latencies[Math.floor(latencies.length * 0.99)],
    cpuPerOperationMs: median(all.map((one) => one.cpuMs / one.operations)),
    blockMs: blocks.length === 0 ? undefined : Math.max(...blocks),
    memoryMb: memories.length === 0 ? undefined : median(memories),
    bystanderP99: others[Math.floor(others.length * 0.99)],
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

export function rate(one: Figures | undefined): string {
  if (one === undefined) return '–';
  const text =
    one.perSecond >= 100 ? Math.round(one.perSecond).toLocaleString('en') : one.perSecond.toFixed(1);
  return one.mbPerSecond === undefined ? text : `${text} (${one.mbPerSecond.toFixed(0)} MB/s)`;
}

export function latency(one: Figures | undefined): string {
  return one?.p50 === undefined ? '–' : `${short(one.p50)} / ${short(one.p99 as number)}`;
}

export function memory(one: Figures | undefined): string {
  return one?.memoryMb === undefined ? '–' : short(one.memoryMb);
}

export function bystander(one: Figures | undefined): string {
  return one?.bystanderP99 === undefined ? '–' : short(one.bystanderP99);
}

export function cpu(one: Figures | undefined): string {
  return one === undefined ? '–' : short(one.cpuPerOperationMs);
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toPrecision(2);
}

export function times(a: number | undefined, b: number | undefined): string {
  return a === undefined || b === undefined || b === 0 ? '–' : `${(a / b).toFixed(2)}x`;
}

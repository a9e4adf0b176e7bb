/** The table of mail that comes and goes: our server beside Postfix and Dovecot, which do the same together. */
import { cpu, figures, latency, type Measured, memory, rate, times } from './table.ts';
import type { Workload } from './workloads/workload.ts';

export function printMail(
  workloads: readonly Workload[],
  results: ReadonlyMap<string, ReadonlyMap<string, readonly Measured[]>>,
): void {
  console.log(
    '| workload | what | ours /s | theirs /s | **rate** | ours p50 / p99 ms | theirs p50 / p99 ms | ours CPU ms | theirs CPU ms | **CPU** | memory MB, ours / theirs |',
  );
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|');
  for (const { name, what } of workloads) {
    const row = results.get(name);
    const [mine, other] = ['brevduva', 'postfix'].map((server) => figures(row?.get(server) ?? []));
    if (mine === undefined && other === undefined) continue;
    console.log(
      `| ${name} | ${what} | ${rate(mine)} | ${rate(other)} | ${times(mine?.perSecond, other?.perSecond)} | ${latency(mine)} | ${latency(other)} | ${cpu(mine)} | ${cpu(other)} | ${times(other?.cpuPerOperationMs, mine?.cpuPerOperationMs)} | ${memory(mine)} / ${memory(other)} |`,
    );
  }
}

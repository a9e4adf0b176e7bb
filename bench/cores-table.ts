/** The table of what several workers do: the same row on one, on several, and on Dovecot, all on all cores. */
import { bystander, cpu, figures, type Measured, rate, times } from './table.ts';
import type { Workload } from './workloads/workload.ts';

/** `servers`: one worker, several, Dovecot. */
export function printCores(
  workloads: readonly Workload[],
  results: ReadonlyMap<string, ReadonlyMap<string, readonly Measured[]>>,
  servers: readonly string[],
): void {
  const [one = '', many = '', theirs = ''] = servers;
  console.log(
    `| workload | what | ${one} /s | ${many} /s | **scaling** | ${theirs} /s | **rate** of several | CPU ms | NOOP of another p99 ms |`,
  );
  console.log('|---|---|---:|---:|---:|---:|---:|---:|---:|');
  for (const { name, what } of workloads) {
    const row = results.get(name);
    const all = servers.map((server) => figures(row?.get(server) ?? []));
    const [a, b, c] = all;
    console.log(
      `| ${name} | ${what} | ${rate(a)} | ${rate(b)} | ${times(b?.perSecond, a?.perSecond)} | ${rate(c)} | ${times(b?.perSecond, c?.perSecond)} | ${all.map(cpu).join(' / ')} | ${all.map(bystander).join(' / ')} |`,
    );
  }
}

/** Whether a server runs, of which version, and what it says of its own health. */
import type { HealthCheck } from '../../admin/admin.ts';
import { fail, type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, ServerView, World } from '../world.ts';

const expected = 'a server that runs and is well';
const subject = 'process';

export const server: Check = {
  name: 'server',
  async run(world) {
    const { server: view } = world;
    if (view.kind === 'absent')
      return [
        warn({
          ...{ subject, expected, seen: `no server runs on ${world.config.data}` },
          remedy: 'start it: systemctl start brevduva, or brevduva serve; the ports can be judged then',
        }),
      ];
    if (view.kind === 'hidden')
      return [
        unknown({ subject, expected, seen: view.why, remedy: 'run the doctor as root, or as that user' }),
      ];
    return [version(view, world), ...view.health.checks.map(health)];
  },
};

function version(
  { facts }: Extract<ServerView, { kind: 'running' }>,
  { version: ours, nowMs }: World,
): Outcome {
  const minutes = Math.max(0, Math.round((nowMs - facts.startedMs) / 60_000));
  const age =
    minutes < 120
      ? `${minutes} min`
      : minutes < 2880
        ? `${Math.round(minutes / 60)} h`
        : `${Math.round(minutes / 1440)} d`;
  const seen = `version ${facts.version} runs as process ${facts.pid} for ${age}`;
  if (facts.version === ours) return ok({ subject, expected, seen });
  return warn({
    ...{ subject, expected: `version ${ours}, which is installed`, seen },
    remedy: 'restart it: systemctl restart brevduva',
  });
}

function health({ name, state, detail }: HealthCheck): Outcome {
  const found = { subject: name, seen: detail, expected };
  if (state === 'ok') return ok(found);
  const remedy = REMEDIES[name] ?? 'look into the log of the server';
  return state === 'failing' ? fail({ ...found, remedy }) : warn({ ...found, remedy });
}

const REMEDIES: Readonly<Record<string, string>> = {
  store: 'look into the log of the server; restart it when it stays so',
  disk: 'make room on the disk of the data folder',
  queue: 'brevduva queue resume, once the reason for which it was paused is gone',
  certificate: 'renew the certificate; the server takes a new file up by itself',
};

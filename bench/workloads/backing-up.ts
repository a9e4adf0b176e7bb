/** A backup beside the server into a folder, the same once more when nothing is new, and a data folder out of it. */
import type { Running } from '../peers/peer.ts';
import type { Outcome, Workload } from './workload.ts';

interface Step {
  readonly name: string;
  readonly what: string;
  run(server: Running): ReturnType<NonNullable<Running['backUp']>> | undefined;
}

const STEPS: readonly Step[] = [
  { name: 'backup.full', what: 'everything into an empty folder', run: (server) => server.backUp?.() },
  { name: 'backup.again', what: 'the same once more, nothing is new', run: (server) => server.backUp?.() },
  {
    name: 'backup.restore',
    what: 'a data folder out of it, without the check',
    run: (server) => server.restore?.(),
  },
];

export const backingUp: readonly Workload[] = STEPS.map(({ name, what, run }) => ({
  name,
  what: `${what}, real sizes`,
  unit: 'file',
  needs: 'corpus',
  isOnce: true,
  isOursAlone: true,
  async run(server): Promise<Outcome> {
    const { files = 0, bytes = 0, seconds = 0 } = (await run(server)) ?? {};
    return { operations: files, bytes, wallMs: seconds * 1000 };
  },
}));

/** The numbers of mail that is to leave. */
import type { Queue } from '../queue/queue.ts';
import type { Family } from './metric-family.ts';

export type QueueNumbers = Pick<Queue, 'measure' | 'tries' | 'connections' | 'destinations'>;

/** Undefined until mail is sent. */
type Source = () => QueueNumbers | undefined;

const NOTHING = { messages: 0, due: 0, held: 0, oldestMs: undefined };

export function queueGauges(queue: Source): Family[] {
  const counts = async () => (await queue()?.measure()) ?? NOTHING;
  return [
    {
      name: 'brevduva_queue_messages',
      help: 'Messages that are to leave.',
      read: async () => [{ value: (await counts()).messages }],
    },
    {
      name: 'brevduva_queue_recipients',
      help: 'Recipients of them whose time has come, and those that are held.',
      labels: ['state'],
      read: async () => {
        const { due, held } = await counts();
        return [
          { labels: { state: 'due' }, value: due },
          { labels: { state: 'held' }, value: held },
        ];
      },
    },
    {
      name: 'brevduva_queue_oldest_seconds',
      help: 'How long the oldest message has been there; 0 when there is none.',
      read: async () => {
        const { oldestMs } = await counts();
        return [{ value: oldestMs === undefined ? 0 : Math.max(0, Date.now() - oldestMs) / 1000 }];
      },
    },
    {
      name: 'brevduva_queue_connections',
      help: 'Attempts to deliver that are under way.',
      read: () => [{ value: queue()?.connections ?? 0 }],
    },
    {
      name: 'brevduva_queue_destinations_down',
      help: 'Places that cannot be reached at this moment.',
      read: () => [{ value: (queue()?.destinations() ?? []).filter(({ isDown }) => isDown).length }],
    },
  ];
}

export function queueCounters(queue: Source): Family[] {
  return [
    {
      name: 'brevduva_queue_tries_total',
      help: 'What became of recipients, each time that they were tried.',
      labels: ['outcome'],
      read: () =>
        Object.entries(queue()?.tries ?? {}).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
  ];
}

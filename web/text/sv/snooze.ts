import { pluralOf } from '../plural.ts';

const plural = pluralOf('sv');

export const snooze = {
  title: 'Tillbaka när?',
  put: 'Skjut upp',
  back: 'Tillbaka igen',
  backMany: (count: number) => `Tillbaka igen: ${count}`,
  done: (count: number, time: string) =>
    plural(count, { one: `Kommer tillbaka ${time}`, other: `# konversationer kommer tillbaka ${time}` }),
  offline: 'Det finns ingen anslutning. Det första brevet som skjuts upp behöver en.',
  failed: 'Det gick inte att skjuta upp: servern säger nej. Allt är där det var.',
  until: (time: string) => `Kommer tillbaka till Inkorgen ${time}.`,
  untilMoved: 'Ligger här tills det flyttas: ingen har sagt när det ska komma tillbaka.',
  change: 'En annan tid',
};

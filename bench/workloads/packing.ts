/** Older mail in less room: how long that takes, what it takes then, and the same downloads before and after. */
import type { Running } from '../peers/peer.ts';
import { oneByOne } from './bodies.ts';
import { fetchAll, META } from './listing.ts';
import { CORPUS_USER, type Outcome, type Scale, TEXT_USER, type Workload } from './workload.ts';

async function packAll(server: Running): Promise<Outcome> {
  const { messages = 0, bytes = 0 } = (await server.compact?.()) ?? {};
  return { operations: messages, bytes };
}

interface Packed {
  readonly needs: 'corpus' | 'text';
  readonly user: number;
  /** Of the mail. */
  readonly kind: string;
}

const KINDS: readonly Packed[] = [
  { needs: 'corpus', user: CORPUS_USER, kind: 'real sizes' },
  { needs: 'text', user: TEXT_USER, kind: 'without attachments' },
];

type Run = (server: Running, scale: Scale) => Promise<Outcome>;

/** What is read, as it came or packed. */
function reading({ needs, user, kind }: Packed, prefix: string, state: string): readonly Workload[] {
  const all =
    (items: string): Run =>
    (server, scale) =>
      fetchAll(server, user, scale[needs], items);
  const each: Run = (server, scale) => oneByOne(server, scale, 'BODY.PEEK[]', { user, count: scale[needs] });
  const rows: readonly (readonly [string, string, Run])[] = [
    ['list', `UID FETCH 1:* (${META})`, all(META)],
    ['body', 'UID FETCH 1:* (BODY.PEEK[])', all('BODY.PEEK[]')],
    ['body.each', 'one FETCH a message', each],
  ];
  return rows.map(([name, what, run]) => ({
    name: `${prefix}.${needs}.${name}`,
    what: `${what}, ${kind}, ${state}`,
    unit: 'msg',
    needs,
    isOursAlone: true,
    run,
  }));
}

/** With everything else that is there: what is on the disk is told of all that was filled, of one kind where no row needs the other. */
const packings: readonly Workload[] = KINDS.map(({ needs, kind }) => ({
  name: `pack.${needs}`,
  what: `all mail packed, at once, ${kind}`,
  unit: 'msg',
  needs,
  isOnce: true,
  isPacking: true,
  isOursAlone: true,
  run: packAll,
}));

export const packing: readonly Workload[] = [
  ...KINDS.flatMap((one) => reading(one, 'unpacked', 'as it came')),
  ...packings,
  ...KINDS.flatMap((one) => reading(one, 'packed', 'packed')),
];

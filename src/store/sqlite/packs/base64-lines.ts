/**
 * Base64 in lines, sixteen letters at a time. What V8 has for it makes a string without line ends, which then has to be copied twice;
 * this is a function of WebAssembly, put together here instruction by instruction (WebAssembly Core 3.0 §5).
 *
 *     lines(from, to, count, lineBytes, perLine, ending, endingBytes)
 *
 * reads `perLine` octets at `from` for each of `count` lines and writes `lineBytes` letters and the ending of each at `to`. It may touch
 * up to sixteen octets behind what it reads and writes.
 */

/** What is read and what is written lie one behind the other in one page; both stay in the nearest cache. */
const AREA_BYTES = 24 * 1024;
const SLACK_BYTES = 16;
/** Of text, line ends among it, in one call. */
export const MOST_AT_ONCE_BYTES = AREA_BYTES - SLACK_BYTES;

export interface LineEncoder {
  /** What is encoded goes here. */
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  /** `count` full lines of `lineBytes` letters, each with its end, from `input` to `output`. */
  encode(count: number, lineBytes: number, isCrlf: boolean): void;
}

type Lines = (...values: readonly number[]) => void;

const CRLF = 0x0a0d;
const LF = 0x0a;

let made: { readonly encoder: LineEncoder | undefined } | undefined;

/** One for all: nobody waits while it works. Undefined where Node.js was told to do without WebAssembly, or the processor has no vectors. */
export function lineEncoder(): LineEncoder | undefined {
  made ??= { encoder: make() };
  return made.encoder;
}

function make(): LineEncoder | undefined {
  let exported: WebAssembly.Instance['exports'];
  try {
    exported = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes())).exports;
  } catch {
    return undefined;
  }
  const { buffer } = exported.memory as WebAssembly.Memory;
  const lines = exported.lines as Lines;
  new Uint8Array(buffer).set(Object.values(VECTORS).flat(), VECTORS_AT);
  return {
    input: new Uint8Array(buffer, 0, AREA_BYTES),
    output: new Uint8Array(buffer, AREA_BYTES, AREA_BYTES),
    encode: (count, lineBytes, isCrlf) =>
      lines(0, AREA_BYTES, count, lineBytes, (lineBytes / 4) * 3, isCrlf ? CRLF : LF, isCrlf ? 2 : 1),
  };
}

const VECTORS_AT = 2 * AREA_BYTES;
const VECTOR_BYTES = 16;
const times = (count: number, ...octets: readonly number[]): number[] =>
  Array.from({ length: count }, () => octets).flat();
/** From six bits to their letter, by what `letters` makes of them. */
const distance = (letter: string, six: number): number => (letter.charCodeAt(0) - six) & 0xff;

/** They are read from memory into locals: those that stand in an instruction are made anew each time. */
const VECTORS = {
  /** Of three octets abc the two halves ba and cb of a word: each has two sixes in the middle of its sixteen bits. */
  spread: [1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10],
  /** The first and the third six, one bit below where they are, and what brings them down by nine and by five bits. */
  odd: times(4, 0x00, 0x7e, 0xe0, 0x07),
  down: times(4, 0x40, 0x00, 0x00, 0x04),
  /** What brings the second and the fourth into the upper octet, where they are then alone. */
  up: times(4, 0x10, 0x00, 0x00, 0x01),
  even: times(8, 0x00, 0x3f),
  fiftyOne: times(16, 51),
  twentySix: times(16, 26),
  thirteen: times(16, 13),
  /** 0 for a to z, 1 to 10 for digits, then + and /, 13 for A to Z. */
  distances: [
    distance('a', 26),
    ...times(10, distance('0', 52)),
    ...[distance('+', 62), distance('/', 63), distance('A', 0), 0, 0],
  ],
} satisfies Readonly<Record<string, readonly number[]>>;

const I32 = 0x7f;
const V128 = 0x7b;
/** Parameters, then locals: `at` is where it reads in the line, `stop` where its letters end. */
const INTEGERS = [
  'from',
  'to',
  'count',
  'lineBytes',
  'perLine',
  'ending',
  'endingBytes',
  'at',
  'stop',
] as const;
const PARAMETERS = 7;
const NAMES = [...INTEGERS, 'sixes', 'range', ...(Object.keys(VECTORS) as (keyof typeof VECTORS)[])] as const;
type Local = (typeof NAMES)[number];

const get = (name: Local): number[] => [0x20, NAMES.indexOf(name)];
const set = (name: Local): number[] => [0x21, NAMES.indexOf(name)];
const i32 = (value: number): number[] => [0x41, ...signed(value)];
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const END = [0x0b];
const BRANCH = 0x0c;
const BRANCH_IF = 0x0d;
const STORE_16 = [0x3b, 0, 0];
const IS_ZERO = [0x45];
const IS_LESS = [0x49];
const ADD = [0x6a];

const vector = (code: number, ...more: readonly number[]): number[] => [0xfd, ...unsigned(code), ...more];
const LOAD = vector(0, 0, 0);
const STORE = vector(11, 0, 0);
const IS_LESS_8 = vector(37);
const AND = vector(78);
const OR = vector(80);
const ADD_8 = vector(110);
const SUBTRACT_TO_ZERO_8 = vector(115);
const SHIFT_RIGHT_16 = vector(141);
const MULTIPLY_16 = vector(149);
/** Of those that may differ between processors: not for what is given to them here. */
const CHOOSE_8 = vector(256);
/** Multiplies, and divides by 2^15. */
const SCALE_16 = vector(273);

/** What is on the stack has twelve octets; `sixes` has their sixteen sixes, each in an octet. */
const SIXES = [
  ...[...get('spread'), ...CHOOSE_8, ...set('sixes')],
  ...[...get('sixes'), ...i32(1), ...SHIFT_RIGHT_16, ...get('odd'), ...AND, ...get('down'), ...SCALE_16],
  ...[...get('sixes'), ...get('up'), ...MULTIPLY_16, ...get('even'), ...AND],
  ...[...OR, ...set('sixes')],
];

/** Their letters. */
const LETTERS = [
  ...[...get('sixes'), ...get('fiftyOne'), ...SUBTRACT_TO_ZERO_8],
  ...[...get('sixes'), ...get('twentySix'), ...IS_LESS_8, ...get('thirteen'), ...AND],
  ...[...OR, ...set('range')],
  ...[...get('distances'), ...get('range'), ...CHOOSE_8, ...get('sixes'), ...ADD_8],
];

const raise = (name: Local, by: readonly number[]): number[] => [...get(name), ...by, ...ADD, ...set(name)];

const CODE = [
  ...Object.keys(VECTORS).flatMap((name, i) => [
    ...i32(VECTORS_AT + VECTOR_BYTES * i),
    ...LOAD,
    ...set(name as keyof typeof VECTORS),
  ]),
  ...BLOCK,
  ...LOOP,
  ...[...get('count'), ...IS_ZERO, BRANCH_IF, 1],
  ...[...get('to'), ...get('lineBytes'), ...ADD, ...set('stop')],
  ...[...get('from'), ...set('at')],
  ...LOOP,
  ...[...get('to'), ...get('at'), ...LOAD, ...SIXES, ...LETTERS, ...STORE],
  ...[...raise('at', i32(12)), ...raise('to', i32(16))],
  ...[...get('to'), ...get('stop'), ...IS_LESS, BRANCH_IF, 0],
  ...END,
  ...[...get('stop'), ...get('ending'), ...STORE_16],
  ...[...get('stop'), ...get('endingBytes'), ...ADD, ...set('to')],
  ...[...raise('from', get('perLine')), ...raise('count', i32(-1)), BRANCH, 0],
  ...END,
  ...END,
  ...END,
];

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const parameters = times(PARAMETERS, I32);
  const locals = [
    [INTEGERS.length - PARAMETERS, I32],
    [NAMES.length - INTEGERS.length, V128],
  ];
  return Uint8Array.from([
    ...[...Buffer.from('\0asm', 'latin1'), 1, 0, 0, 0],
    ...section(1, counted([[0x60, ...sized(parameters), 0]])),
    ...section(3, counted([[0]])),
    ...section(5, counted([[0, 1]])),
    ...section(7, counted([named('memory', 2), named('lines', 0)])),
    ...section(10, counted([sized([...counted(locals), ...CODE])])),
  ]);
}

const sized = (content: readonly number[]): number[] => [...unsigned(content.length), ...content];
const counted = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];
const named = (name: string, kind: number): number[] => [...sized([...Buffer.from(name, 'latin1')]), kind, 0];

/** LEB128 (§5.2.2). */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

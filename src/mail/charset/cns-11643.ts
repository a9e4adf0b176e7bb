/**
 * CNS 11643, planes 1 and 2, by way of Big5, whose levels 1 and 2 have the same characters in nearly the same order: the
 * tables list where the order differs.
 *
 * Promises: for two octets of 7 bits the two octets of Big5, or undefined where Big5 has none.
 */

/** Stretches of equal distance: first cell (94 to a row), number of cells, distance to the cell of Big5 (157 to a row). */
type Stretches = readonly (readonly [first: number, count: number, distance: number])[];

const PLANE_1: Stretches = [
  ...([
    [0, 5, 0],
    [6, 15, 0],
    [21, 2, 2],
    [24, 1, -2],
    [29, 44, 0],
    [73, 1, 1],
    [74, 1, -1],
    [75, 22, 0],
  ] as const),
  ...([
    [98, 1, 0],
    [100, 27, 0],
    [127, 1, 1],
    [128, 1, -1],
    [129, 19, 0],
    [148, 1, 1],
    [149, 1, -1],
  ] as const),
  ...([
    [150, 4, 0],
    [155, 1, -134],
    [156, 78, 0],
    [282, 29, -48],
    [312, 1, -48],
    [314, 142, -48],
  ] as const),
  ...([
    [470, 30, 5402],
    [571, 1, 5334],
    [578, 1, 5330],
    [583, 1, 5326],
    [3290, 17, -2819],
  ] as const),
  ...([
    [3307, 1, -3044],
    [3308, 86, -2819],
    [3394, 1, -3129],
    [3395, 1307, -2819],
    [4702, 424, -2818],
  ] as const),
  ...([
    [5126, 1, -3243],
    [5127, 1876, -2819],
    [7003, 1, -2432],
    [7004, 387, -2820],
    [7391, 525, -2819],
  ] as const),
  ...([
    [7916, 1, -2630],
    [7917, 105, -2820],
    [8023, 83, -2820],
    [8106, 84, -2819],
    [8190, 1, -2673],
  ] as const),
  ...([
    [8191, 54, -2820],
    [8245, 1, -2819],
    [8246, 1, -2821],
    [8247, 90, -2820],
    [8337, 354, -2819],
  ] as const),
];

const PLANE_2: Stretches = [
  ...([
    [0, 10, 6280],
    [10, 33, 6281],
    [43, 1, 6329],
    [44, 48, 6280],
    [92, 46, 6281],
    [138, 1, 6448],
  ] as const),
  ...([
    [139, 167, 6280],
    [306, 1840, 6281],
    [2146, 1, 6928],
    [2147, 108, 6281],
    [2255, 537, 6282],
  ] as const),
  ...([
    [2792, 1, 5635],
    [2793, 100, 6282],
    [2893, 1, 5643],
    [2894, 399, 6281],
    [3293, 1637, 6282],
  ] as const),
  ...([
    [4930, 1, 6831],
    [4931, 146, 6281],
    [5077, 1, 6822],
    [5078, 287, 6280],
    [5365, 1, 7143],
  ] as const),
  ...([
    [5366, 116, 6279],
    [5482, 137, 6280],
    [5619, 104, 6281],
    [5723, 1, 6702],
    [5724, 222, 6280],
  ] as const),
  ...([
    [5946, 198, 6281],
    [6144, 82, 6282],
    [6226, 86, 6283],
    [6312, 1, 5914],
    [6313, 8, 6282],
  ] as const),
  ...([
    [6321, 153, 6283],
    [6474, 56, 6284],
    [6530, 1, 6584],
    [6531, 113, 6283],
    [6644, 1, 5959],
  ] as const),
  ...([
    [6645, 142, 6282],
    [6787, 1, 5970],
    [6788, 45, 6281],
    [6833, 71, 6282],
    [6904, 1, 6476],
  ] as const),
  ...([
    [6905, 194, 6281],
    [7099, 490, 6282],
    [7589, 1, 6325],
    [7590, 43, 6281],
    [7633, 1, 6282],
  ] as const),
  ...([
    [7634, 11, 6283],
    [7645, 1, 6271],
    [7646, 4, 6282],
  ] as const),
];

const CELLS_PER_ROW = 94;
const BIG5_CELLS_PER_ROW = 157;
/** Cells of a row of Big5 below the gap in its second octet. */
const BIG5_LOW_CELLS = 63;

export function big5FromCns(
  plane: 1 | 2,
  first: number,
  second: number,
): readonly [number, number] | undefined {
  const cell = (first - 0x21) * CELLS_PER_ROW + (second - 0x21);
  const stretches = plane === 1 ? PLANE_1 : PLANE_2;
  const found = stretches.find(([start, count]) => cell >= start && cell < start + count);
  if (found === undefined) return undefined;
  const big5 = cell + found[2];
  const column = big5 % BIG5_CELLS_PER_ROW;
  return [
    0xa1 + Math.floor(big5 / BIG5_CELLS_PER_ROW),
    column < BIG5_LOW_CELLS ? 0x40 + column : 0xa1 + column - BIG5_LOW_CELLS,
  ];
}

/**
 * How slow the machine is at this moment. Limits in milliseconds of processor were measured on a machine of our own; on another one, or
 * beside neighbours that take its caches, the same work takes more of them.
 */
const ROUNDS = 7;
const ENTRIES = 40_000;
/** What one round took where the limits were measured, with a second core at work. */
const USUAL_MS = 22;
/** Beyond this the limits would say nothing any more. */
const MOST = 4;

/** 1 as where the limits were measured, or faster; 2 where everything takes twice as long. Takes a quarter of a second. */
export function slowness(): number {
  const rounds = Array.from({ length: ROUNDS }, roundMs).sort((a, b) => a - b);
  const middle = rounds[Math.floor(ROUNDS / 2)] as number;
  return Math.min(MOST, Math.max(1, middle / USUAL_MS));
}

/** Numbers, strings, small objects, a map and a sort: what a large answer is made of. */
function roundMs(): number {
  const before = process.threadCpuUsage();
  const entries = new Map<string, { readonly number: number }>();
  for (let i = 0, number = 12_345; i < ENTRIES; i++) {
    number = (Math.imul(number, 1_103_515_245) + 12_345) & 0x7fffffff;
    entries.set(`key ${number}`, { number });
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const { user, system } = process.threadCpuUsage(before);
  // What nobody looks at may not be done at all.
  return sorted.length > ENTRIES ? 0 : (user + system) / 1000;
}

/**
 * How long the random tests run: as often as each says, times `BREVDUVA_TEST_FUZZ` (100 for a night). A failure prints the
 * seed that repeats it.
 */
export function runs(usual: number): number {
  const times = Number(process.env.BREVDUVA_TEST_FUZZ ?? 1);
  return Number.isFinite(times) && times > 0 ? Math.ceil(usual * times) : usual;
}

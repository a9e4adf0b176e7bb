/** How long mail stays, as accounts keep it (`90d`, `0` for ever) and as people choose it. */

/** Null: as the server has it. 0: for ever. */
export const RETENTION_DAYS: readonly (number | null)[] = [null, 7, 30, 90, 365, 0];
const UNITS: Readonly<Record<string, number>> = { d: 1, w: 7, h: 1 / 24 };

/** What cannot be read counts as not said, as it does at the server. */
export function daysOf(kept: string | undefined): number | null {
  const [, count = '', unit = ''] = /^(\d+)([dwh]?)$/.exec(kept ?? '') ?? [];
  if (count === '') return null;
  const days = Number(count) * (UNITS[unit] ?? 0);
  return Number(count) === 0 ? 0 : days > 0 ? Math.max(1, Math.round(days)) : null;
}

/** The times that mail is most often left for: this evening, tomorrow morning, Monday morning. Pure. */
export interface LaterTime {
  readonly name: 'evening' | 'tomorrow' | 'monday';
  readonly at: Date;
}

const MORNING = 8;
const EVENING = 18;
const MONDAY = 1;

/** In local time; only those that are still to come, each once. */
export function laterTimes(now: Date): readonly LaterTime[] {
  const at = (days: number, hours: number): Date =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hours);
  const toMonday = (MONDAY - now.getDay() + 7) % 7 || 7;
  const evening = now.getHours() < EVENING - 1 ? [{ name: 'evening' as const, at: at(0, EVENING) }] : [];
  const monday = toMonday > 1 ? [{ name: 'monday' as const, at: at(toMonday, MORNING) }] : [];
  return [...evening, { name: 'tomorrow', at: at(1, MORNING) }, ...monday];
}

/** As a field of a form has it (HTML, local date and time). */
export function fieldTime(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

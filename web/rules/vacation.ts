/** Who is away (RFC 8621 §8): days as a person means them, which is from the first minute of one to the last of another, where one is. */
import { type JmapClient, Refused } from '../sync/jmap-client.ts';

export interface VacationResponse {
  readonly isEnabled: boolean;
  readonly fromDate: string | null;
  readonly toDate: string | null;
  readonly subject: string | null;
  readonly textBody: string | null;
  readonly htmlBody: string | null;
}

/** As the form has it: days as `2026-07-01`, empty for none. */
export interface Away {
  readonly isOn: boolean;
  readonly firstDay: string;
  readonly lastDay: string;
  readonly subject: string;
  readonly text: string;
}

export async function loadVacation(client: JmapClient): Promise<VacationResponse | undefined> {
  const { list } = await client.call<{ readonly list: readonly VacationResponse[] }>('VacationResponse/get', {
    ids: ['singleton'],
  }).result;
  return list[0];
}

export async function saveVacation(client: JmapClient, away: Away): Promise<void> {
  const answer = await client.call<{
    readonly notUpdated?: Readonly<Record<string, { readonly type: string }>> | null;
  }>('VacationResponse/set', { update: { singleton: patchOf(away) } }).result;
  const fault = answer.notUpdated?.singleton;
  if (fault !== undefined) throw new Refused(fault.type);
}

export function awayOf({ isEnabled, fromDate, toDate, subject, textBody }: VacationResponse): Away {
  return {
    ...{ isOn: isEnabled, subject: subject ?? '', text: textBody ?? '' },
    firstDay: fromDate === null ? '' : dayOf(new Date(fromDate)),
    // It ends with the first minute of the day behind.
    lastDay: toDate === null ? '' : dayOf(new Date(Date.parse(toDate) - 1)),
  };
}

export function patchOf({ isOn, firstDay, lastDay, subject, text }: Away): VacationResponse {
  const words = (value: string): string | null => (value.trim() === '' ? null : value.trim());
  return {
    ...{
      isEnabled: isOn,
      subject: words(subject.replace(/\s+/g, ' ')),
      textBody: words(text),
      htmlBody: null,
    },
    fromDate: firstDay === '' ? null : utc(startOf(firstDay)),
    toDate: lastDay === '' ? null : utc(startOf(lastDay, 1)),
  };
}

export type AwayState = 'off' | 'on' | 'until' | 'from' | 'over';

export function stateOf({ isEnabled, fromDate, toDate }: VacationResponse, now: Date): AwayState {
  if (!isEnabled) return 'off';
  if (toDate !== null && Date.parse(toDate) <= now.getTime()) return 'over';
  if (fromDate !== null && Date.parse(fromDate) > now.getTime()) return 'from';
  return toDate === null ? 'on' : 'until';
}

function startOf(day: string, later = 0): Date {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later);
}

function dayOf(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** RFC 8620 §1.4: without fractions of nothing. */
function utc(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

/** A moment as Date says it (RFC 5322 §3.3), as the clock of whoever writes shows it: `Fri, 21 Nov 1997 09:55:06 -0600`. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Undefined for what the calendar of mail does not have: years before 1900 and after 9999, zones of more than a day. */
export function dateText(seconds: number, zoneMinutes: number): string | undefined {
  const local = new Date((seconds + zoneMinutes * 60) * 1000);
  const year = local.getUTCFullYear();
  if (!(year >= 1900 && year <= 9999) || Math.abs(zoneMinutes) >= 24 * 60) return undefined;
  const day = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${year}`;
  const clock = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
  const zone = Math.abs(zoneMinutes);
  return `${day} ${clock} ${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(zone / 60))}${two(zone % 60)}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

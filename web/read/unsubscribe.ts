/** Leaving a list by one click (RFC 8058): the server asks, so the list learns nothing of the reader's browser. */
import type { FullEmail } from './full-email.ts';

/** Whether the list takes it; whether it may is judged again by the server, from the mail itself. */
export function canLeaveList(email: FullEmail): boolean {
  const says = email['header:List-Unsubscribe-Post:asText'] ?? '';
  const urls = email['header:List-Unsubscribe:asURLs'] ?? [];
  return /^\s*List-Unsubscribe\s*=\s*One-Click\s*$/i.test(says) && urls.some((url) => /^https:/i.test(url));
}

export async function leaveList(email: string, ask: typeof fetch): Promise<boolean> {
  try {
    const response = await ask('/web/unsubscribe', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, credentials: 'same-origin' },
      body: JSON.stringify({ email }),
    });
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * The document that mail is shown in: empty, and with a policy that lets nothing in it run, nothing in it be fetched but from
 * ourselves, and nothing in it lead anywhere. It is one of three walls between a mail and its reader; the others are the sanitiser
 * (`web/read/clean.ts`) and the sandbox of the frame (`web/read/mail-frame.tsx`). Each holds without the others: the policy is a header of
 * this answer, because a `meta` can be weaker and a `srcdoc` would have the policy of the page around it.
 */
import type { HttpReply } from '../http/exchange.ts';

/** Links open in tabs of their own, which are under no sandbox. Never scripts together with the page's origin. */
const SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';

export const FRAME_POLICY = [
  "default-src 'none'",
  "script-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'self'",
  `sandbox ${SANDBOX}`,
].join('; ');

const PAGE = '<!doctype html><html><head><meta charset="utf-8"><title></title></head><body></body></html>\n';

export function frameDocument(): HttpReply {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': FRAME_POLICY,
      'x-dns-prefetch-control': 'off',
      'x-frame-options': 'SAMEORIGIN',
      'cross-origin-resource-policy': 'same-origin',
      // It is always the same, and every mail wants one.
      'cache-control': 'private, max-age=3600',
    },
    body: PAGE,
  };
}

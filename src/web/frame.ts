/**
 * The document that mail is shown in: empty, and with a policy that lets nothing in it run, nothing in it be fetched but from
 * ourselves, and nothing in it lead anywhere. It is one of three walls between a mail and its reader; the others are the sanitiser
 * (`web/read/clean.ts`) and the sandbox of the frame (`web/read/mail-frame.tsx`). Each holds without the others: the policy is a header of
 * this answer, because a `meta` can be weaker and a `srcdoc` would have the policy of the page around it.
 */
import type { HttpReply } from '../http/exchange.ts';

/** Links open in tabs of their own, which are under no sandbox. Never scripts together with the page's origin. */
const SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';

const NOTHING_RUNS = [
  "default-src 'none'",
  "script-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "form-action 'none'",
  "base-uri 'none'",
];
export const FRAME_POLICY = [...NOTHING_RUNS, "frame-ancestors 'self'", `sandbox ${SANDBOX}`].join('; ');
/** A window of its own, which may show the browser's window for printing. */
const PRINT_POLICY = [...NOTHING_RUNS, "frame-ancestors 'none'", `sandbox ${SANDBOX} allow-modals`].join(
  '; ',
);

const PAGE = '<!doctype html><html><head><meta charset="utf-8"><title></title></head><body></body></html>\n';

export function frameDocument(): HttpReply {
  return documentWith({ 'content-security-policy': FRAME_POLICY, 'x-frame-options': 'SAMEORIGIN' });
}

/** The same, for paper: opened by the app as a window that it can fill, so of its own group of windows. */
export function printDocument(): HttpReply {
  return documentWith({
    'content-security-policy': PRINT_POLICY,
    'cross-origin-opener-policy': 'same-origin',
  });
}

function documentWith(headers: Readonly<Record<string, string>>): HttpReply {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      ...headers,
      'x-dns-prefetch-control': 'off',
      'cross-origin-resource-policy': 'same-origin',
      // It is always the same, and every mail wants one.
      'cache-control': 'private, max-age=3600',
    },
    body: PAGE,
  };
}

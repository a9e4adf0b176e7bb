/**
 * What a browser may do with a page of ours, said in headers: nothing that is not named. A header is the wall that holds when
 * everything else has failed, so it allows no script but our own files and no connection but to ourselves.
 */

/** Of the app's page and of nothing else (CSP Level 3, Trusted Types). `style-src-attr`: measured positions in lists. */
const APP_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types dompurify brevduva-worker',
].join('; ');

/** Everything that a page could ask of a device and this one does not. */
const NO_PERMISSIONS = [
  ...['accelerometer', 'autoplay', 'camera', 'display-capture', 'encrypted-media', 'fullscreen', 'gamepad'],
  ...[
    'geolocation',
    'gyroscope',
    'hid',
    'idle-detection',
    'local-fonts',
    'magnetometer',
    'microphone',
    'midi',
  ],
  ...['payment', 'picture-in-picture', 'screen-wake-lock', 'serial', 'usb'],
  ...['window-management', 'xr-spatial-tracking'],
]
  .map((name) => `${name}=()`)
  .join(', ');

const ISOLATED: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': NO_PERMISSIONS,
};

/** Of the document that the app is. */
export const APP_HEADERS: Readonly<Record<string, string>> = {
  ...ISOLATED,
  'content-security-policy': APP_POLICY,
};

/** Of scripts, styles and pictures of the app, which are no documents: opened as one they may do nothing. */
export const FILE_HEADERS: Readonly<Record<string, string>> = {
  ...ISOLATED,
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
};

/** Of the service worker, which runs under this policy and under none of a page: it asks ourselves, and makes no script of texts. */
export const WORKER_HEADERS: Readonly<Record<string, string>> = {
  ...ISOLATED,
  'content-security-policy':
    "default-src 'none'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
};

/** The style sheet that stands before those of a mail in its frame: what a mail looks like that says nothing about it. */

/** Colours of tokens.css; a frame is a document of its own and knows none of them. */
const LIGHT = { sheet: '#ffffff', ink: '#1e2328', dove: '#2f5d80', line: '#e4e1da', hint: '#545b63' };
export const DARK_SHEET = 'rgb(27, 31, 35)';

export const FRAME_STYLE = `
html{color-scheme:light;background:${LIGHT.sheet};color:${LIGHT.ink};font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-y:hidden;-webkit-text-size-adjust:100%;text-size-adjust:100%}
html,body{height:auto!important;min-height:0!important;max-height:none!important}
body{margin:0;overflow-wrap:anywhere;display:flow-root!important;position:static!important}
a{color:${LIGHT.dove}}
img{max-width:100%}
pre{white-space:pre-wrap}
blockquote{margin:8px 0;padding-inline-start:12px;border-inline-start:2px solid ${LIGHT.line}}
.brevduva-fold>summary{display:inline-block;list-style:none;cursor:pointer;padding:2px 10px;margin:8px 0;border-radius:99px;border:1px solid ${LIGHT.line};color:${LIGHT.hint};font-size:14px}
.brevduva-fold>summary::-webkit-details-marker{display:none}
@media print{.brevduva-fold>summary{display:none}.brevduva-fold::details-content{content-visibility:visible;display:block}}
html.dark{background:${DARK_SHEET}!important}
`;

/** The mail says itself how it looks in the dark. */
export function declaresDark(html: string): boolean {
  return /prefers-color-scheme\s*:\s*dark|name\s*=\s*["']?(?:supported-)?color-schemes?["']?[^>]*\bdark\b/i.test(
    html,
  );
}

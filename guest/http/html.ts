/** Text that is safe between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * One style for all pages of the server: system fonts, light or dark as the browser prefers, no other
 * resources, no script.
 */
const STYLE = `:root{color-scheme:light dark;--text:#1f2328;--quiet:#59636e;--line:#d1d9e0;--link:#0757ba;--ground:#fff;--band:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--quiet:#9aa4af;--line:#3d444d;--link:#6cb2ff;--ground:#0d1117;--band:#161b22}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.35rem;margin:0 0 1rem;overflow-wrap:anywhere}
a{color:var(--link);text-decoration:none}a:hover,a:focus{text-decoration:underline}
table{width:100%;border-collapse:collapse;border:1px solid var(--line)}
th,td{text-align:left;padding:.4rem .75rem;border-top:1px solid var(--line);overflow-wrap:anywhere;vertical-align:top}
thead th{background:var(--band);border-top:0;font-weight:600}
.size{text-align:right;white-space:nowrap;color:var(--quiet)}
tbody tr:hover{background:var(--band)}
.facts th{width:11rem;font-weight:600}
code,pre{font:.9em/1.5 ui-monospace,monospace}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
footer,p.quiet{color:var(--quiet);font-size:.875rem}footer{margin-top:1rem}`;

/** A page. `body` is HTML, `title` is text. */
export function page(title: string, body: string): Buffer {
  return Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>
${STYLE}
</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`);
}

/** The policy of such a page: it may use its own style and nothing else. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Bytes for a person, in powers of 1000. */
export function quantity(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  if (unit === 0) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

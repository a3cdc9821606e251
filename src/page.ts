// A page that people read: plain HTML without scripts, everything in it escaped.

/** A text as it may stand in HTML, also in attributes. Control characters and those that turn the direction of text are shown as their numbers. */
export function escaped(text: unknown): string {
  return String(text)
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
}

/** A table; cells are texts and are escaped here. */
export function table(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = (tag: 'th' | 'td', values: readonly unknown[]): string => values.map((value) => `<${tag}>${escaped(value ?? '')}</${tag}>`).join('')
  return `<table><thead><tr>${cells('th', titles)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n')}</tbody></table>`
}

/** A whole page. `body` is HTML. Its policy lets nothing be loaded or run. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;margin:1em 0}
th,td{border:1px solid #bbb;padding:.25em .6em;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#eee}pre{background:#f4f4f4;padding:1em;overflow:auto}code{overflow-wrap:anywhere}
</style></head><body>
<h1>${escaped(title)}</h1>
${body}
</body></html>
`
}

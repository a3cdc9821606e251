// What the SDK says to do, for callers over HTTP, who give parameters.
import { PARAMETERS } from './options.js'

const NAMES: ReadonlySet<string> = new Set(Object.values(PARAMETERS).flat())
/** Flags of the command line that are the value of a parameter. */
const VALUES: { readonly [flag: string]: string } = { 'metadata-only': 'metadata-only=true', 'no-explicit': 'label=false', 'no-watermark': 'watermark=false' }
/** Where a parameter cannot do what the option and the flag can. */
const OWN: { readonly [remedy: string]: string } = {
  'Give the output\'s path as `to`, or mark the text as Markdown or HTML.': 'Mark it as Markdown or HTML: with the content type text/markdown or text/html, or the parameter file=NAME.md.',
}

/** `metadataOnly (--metadata-only)` as the parameter `metadata-only=true`; what only flags of the server can change is said to be its keeper's. */
export function remedyOverHttp(remedy: string): string {
  const known = OWN[remedy]
  if (known !== undefined) return known
  const said = remedy.replace(/[\w.]+(?:: '?\w+'?)? \((--[a-z][^)]*)\)/g, (_, flags: string) => {
    const parts = flags.split(/[,;] (?=--)/).map(parameter)
    const possible = parts.filter((part) => !part.includes('--'))
    return (possible.length === 0 ? parts : possible).join(', ')
  })
  return said.includes('--') ? `For whoever runs this server: ${said}` : said
}

/** `--label-position start` as `label-position=start`, `--waiver REF` as `waiver`; other flags as they are. */
function parameter(flag: string): string {
  return flag.replaceAll(' --', '&--').replace(/--([a-z-]+)(?: ([a-z]+)| [A-Z]+)?/g, (whole, name: string, value: string | undefined) =>
    VALUES[name] ?? (!NAMES.has(name) ? whole : value === undefined ? name : `${name}=${value}`))
}

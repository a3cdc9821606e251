// Elements without markup in texts: what a file says is never read as HTML.

type Child = Node | string | undefined

/** An element; `undefined` attributes are left out, `on` has its listeners, and nothing becomes markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: { [name: string]: string | boolean | undefined; } = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    if (value === true) element.setAttribute(name, '')
    else if (value !== undefined && value !== false) element.setAttribute(name, value)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** A drawing of 24 x 24 units in the colour of the text around it; the words beside it say what it means. */
export function icon(...paths: string[]): SVGSVGElement {
  const SVG = 'http://www.w3.org/2000/svg'
  const drawing = document.createElementNS(SVG, 'svg')
  drawing.setAttribute('viewBox', '0 0 24 24')
  drawing.setAttribute('aria-hidden', 'true')
  drawing.append(...paths.map((line) => {
    const path = document.createElementNS(SVG, 'path')
    path.setAttribute('d', line)
    return path
  }))
  return drawing
}

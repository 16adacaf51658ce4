import { html } from 'hono/html'
import { LONGEST_NOTE } from '../../limits.ts'
import type { Call } from './env.ts'

/** Content of a page: text is escaped, html is not. */
export type Content = ReturnType<typeof html> | string | number | false | null | undefined | Content[]

const HREFS = { Overview: '/ops', Deliveries: '/ops/deliveries', Actions: '/ops/actions' }

/** Returns a whole page. @param says the result of an action */
export function frame(
  c: Call,
  title: string,
  content: Content,
  says?: Content,
  status: 200 | 400 | 401 | 404 | 503 = 200,
) {
  const operator = c.get('operator')
  const path = c.req.path
  return c.html(
    html`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${title} · Ledgerhook</title><link rel="stylesheet" href="/ops/uplot.css"><link rel="stylesheet" href="/ops/page.css"><script src="/ops/uplot.js" defer></script><script src="/ops/page.js" defer></script><a class="skip" href="#main">Skip to the content</a><header><b>Ledgerhook</b>${
      operator &&
      html`<nav aria-label="Pages">${Object.entries(HREFS).map(
        ([name, href]) => html`<a href="${href}"${path === href && html` aria-current="page"`}>${name}</a> `,
      )}</nav><form action="/ops/find" role="search"><input name="id" required aria-label="User, payment, event or reference" placeholder="User, payment, event, reference"><button>Find</button></form><form method="post" action="/ops/sign-out"><button>Sign out (${operator})</button></form>`
    }</header><main id="main"><h1>${title}</h1>${says && html`<p role="status">${says}</p>`}${content}</main></html>`,
    status,
  )
}

/**
 * Returns a table with a caption. In a narrow window each row is a list: every cell has its heading with it. The table
 * of a plot scrolls instead.
 */
export const table = (caption: string, heads: string[], rows: Content[][], plot?: string): Content =>
  rows.length > 0
    ? html`<div class="wide" tabindex="0" role="region" aria-label="${caption}"><table${plot && html` data-plot="${plot}"`}><caption>${caption}</caption><thead><tr>${heads.map((head) => html`<th scope="col">${head}`)}<tbody>${rows.map((row) => html`<tr>${row.map((cell, at) => html`<td${!plot && heads[at] && html` data-head="${heads[at]}"`}>${cell}`)}`)}</table></div>`
    : html`<p>${caption}: none`

/** Returns a list of names with values. */
export const list = (values: Record<string, Content>): Content =>
  html`<dl>${Object.entries(values).map(([name, value]) => value !== null && value !== undefined && value !== false && html`<dt>${name}<dd>${value}`)}</dl>`

/** Returns a moment in UTC, to the second. */
export function moment(at: string | number | null | undefined): Content {
  if (at === null || at === undefined) return null
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`
}

/** Returns a link to all that is known of an id. */
export const found = (id: string | null): Content =>
  id && html`<a href="/ops/find?id=${encodeURIComponent(id)}">${id}</a>`

/** Returns a text field with its label. */
export const field = (label: string, name: string, value: Content = '', attributes: Content = ''): Content =>
  html`<label>${label} <input name="${name}" value="${value}" ${attributes}></label>`

export const required = html`required`

/**
 * Returns the field of the note that an action is recorded with. A browser refuses a note that is too long, and does not
 * cut it.
 */
const note = (label: string, attributes: Content): Content =>
  field(
    label,
    'note',
    '',
    html`${attributes} pattern=".{0,${LONGEST_NOTE}}" title="At most ${LONGEST_NOTE} characters"`,
  )
export const noteField = (label = 'Note (required)'): Content => note(label, required)
export const optionalNote = (): Content => note('Note (optional)', '')

export const hidden = (name: string, value: string): Content =>
  html`<input type="hidden" name="${name}" value="${value}">`

/** Returns a choice, which may be empty. */
export const select = (label: string, name: string, options: string[], chosen: string): Content =>
  html`<label>${label} <select name="${name}"><option value="">any</option>${options.map((one) => html`<option${one === chosen && html` selected`}>${one}</option>`)}</select></label>`

/** Returns an explanation of the actions that their buttons do not give: above all that settling is final. */
export const whatActionsDo = () =>
  html`<p><b>Look again</b> decides as if it had just come. <b>Settle</b> closes it for good: nothing credits, grants or takes credits for it any more.`

/** Returns a form with a button for an action, and the fields that the action takes. */
export const act = (action: string, button: string, content: Content): Content =>
  html`<form method="post" action="${action}">${content} <button>${button}</button></form>`

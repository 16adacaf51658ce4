import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { html, raw } from 'hono/html'
import { projectDir } from '../cli/shared/project.ts'
import { type Content, hidden } from '../src/ops/page/html.ts'
import type { Answer } from './http-messages.ts'

export interface WebPage {
  title: string
  content: Content
  /** The result of the last action. */
  said?: string | null
  status?: number
}

/** Keeps buttons in sight if a row is wider than the window. */
const ROWS = `.wide form { margin: 0 }
.wide td { vertical-align: baseline }
@media (max-width: 40rem) {
  .wide thead { display: none }
  .wide table, .wide caption, .wide tbody, .wide tr, .wide td { display: block; min-width: 0; max-width: none }
  .wide table, .wide td:has(> time) { width: auto; max-width: none }
  .wide td { border: 0; padding: 0.15rem 0 }
  .wide tr { padding: 0.5rem 0; border-bottom: 1px solid var(--line) }
}`

/** Returns a page of a stand-in. It looks like the operators' page, and needs no script. */
export async function webPage(
  standIn: string,
  { title, content, said, status = 200 }: WebPage,
): Promise<Answer> {
  const style = readFileSync(join(projectDir, 'assets/ops/page.css'), 'utf8')
  const body = await html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<title>${title}, ${standIn}</title><style>${raw(style + ROWS)}</style></head>
<body><a class="skip" href="#main">Skip to the content</a>
<header><a href="/">${standIn}</a> <span>A stand-in on this machine: nothing here is real.</span></header>
<main id="main"><h1>${title}</h1>${said ? html`<p role="status">${said}</p>` : ''}${content}</main></body>
</html>
`
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: String(body) }
}

/** Redirects a browser to another page, which it requests with GET. */
export const seeOther = (url: string): Answer => ({
  status: 303,
  headers: { Location: url, 'Content-Type': 'text/plain' },
  body: '',
})

/**
 * Returns buttons for the actions on an object. Each posts to `/do/<kind>/<id>/<action>`, which leads back to this page
 * if it is named, and else to the page that lists everything.
 */
export const buttons = (kind: string, id: string, actions: Record<string, string>, back?: string): Content =>
  html`<form method="post">${back && hidden('back', back)}${Object.entries(actions).map(
    ([action, label]) =>
      html`<button formaction="/do/${kind}/${encodeURIComponent(id)}/${action}" aria-label="${label}: ${id}">${label}</button> `,
  )}</form>`

/** A page that shows the result of an action, other than the one that lists everything. */
const OWN_PAGE = /^\/(app|pay|portal)\/[^/]/

/** Redirects to the page that shows the result of an action: by default the one that lists everything. */
export function backSaying(text: string, back?: string | null): Answer {
  const page = new URL('http://stand-in.local')
  const named = URL.parse(back ?? '/', page)
  const to = named?.origin === page.origin && OWN_PAGE.test(named.pathname) ? named : page
  to.searchParams.set('said', text)
  return seeOther(to.pathname + to.search)
}

export interface Delivered {
  type: string
  /** Null: there was no response. */
  status: number | null
  answer: unknown
}

/** Returns the Worker's response to each event that reports an action: its status, its outcome and the reason. */
export function saidOf(action: string, deliveries: Delivered[]): string {
  return `${action}: ${deliveries.map(deliveredLine).join(', ') || 'done, and no webhook reports it'}`
}

export const deliveredLine = ({ type, status, answer }: Delivered): string =>
  [type, status ?? 'not delivered', ...verdictOf(answer)].join(' ')

function verdictOf(answer: unknown): string[] {
  if (typeof answer !== 'object' || answer === null) return []
  const { outcome, reason, error } = answer as Record<string, string | null | undefined>
  return [outcome ?? error, reason && `/ ${reason}`].filter((word): word is string => Boolean(word))
}

import { momentOf } from '../values.ts'

/** What a field of a query takes. `read` returns the value that its text stands for, or null if it is none. */
export interface Form {
  read(text: string): string | null
  wrong: string
}

export const anything: Form = { read: (text) => text, wrong: '' }

/** One of a list: another value would find nothing, without an error. */
export const oneOf = (values: string[]): Form => ({
  read: (text) => (values.includes(text) ? text : null),
  wrong: `is one of ${values.join(', ')}`,
})

/** Where a page begins: the number of an entry or an action. */
export const position: Form = {
  read: (text) => (/^\d{1,15}$/.test(text) ? text : null),
  wrong: 'is no `next` of a page',
}

/** A moment in UTC, unless it has an offset, whose `+` arrives as a space if it was not encoded. */
export const moment: Form = {
  read: (text) => momentOf(text.replace(' ', '+')),
  wrong: 'takes a moment in ISO 8601, such as 2026-12-01T00:00:00Z',
}

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

const MOMENT = /^((?!0000)\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?(Z|[+ -](0\d|1[0-5]):[0-5]\d)?$/

/** A moment in UTC, unless it has an offset, whose `+` arrives as a space if it was not encoded. */
export const moment: Form = {
  read(text) {
    const [, day, time = 'T00:00', , , offset = 'Z'] = MOMENT.exec(text) ?? []
    // JavaScript takes the 30th of February for a day of March, Postgres for none.
    if (day === undefined || !isDay(day)) return null
    const iso = `${day}${time}${offset.replace(' ', '+')}`
    return Number.isNaN(Date.parse(iso)) ? null : iso
  },
  wrong: 'takes a moment in ISO 8601, such as 2026-12-01T00:00:00Z',
}

function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}

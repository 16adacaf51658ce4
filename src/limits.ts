/** The most characters of a note, which stays in an append-only table. */
export const LONGEST_NOTE = 500

/** The most characters of an id or a key: Postgres limits the bytes of an index entry. */
export const LONGEST_ID = 255

/** The most credits of one spend, grant or correction, as of one sale. A balance stays exact in JavaScript far beyond. */
export const MAX_CREDITS = 10 ** 12

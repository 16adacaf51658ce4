/** Rows of one kind. A statement reads the number of users from the setting `fill.users`. */
export interface Step {
  says: string
  rows(size: { users: number; waiting: number }): number
  /** $1 and $2: the first and the last number of the rows that it makes. */
  statement: string
}

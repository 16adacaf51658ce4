/** What can be seen from outside after a step. */
export interface Facts {
  /** Status and verdict of each delivery, in any order, because several are sent at once. */
  answers: string[]
  /** Credits; null where there is no wallet. */
  balance: number | null
  /** How many requests the database saw. */
  requests: number
  /** The user's name, if the step is about it. */
  name?: string
}

/** Returns a sentence for each fact that differs from the promise. */
export function differences(promised: Facts, seen: Facts): string[] {
  const facts: [string, unknown, unknown][] = [
    ['the responses are', summary(promised.answers), summary(seen.answers)],
    ['the balance is', promised.balance, seen.balance],
    ['database requests:', promised.requests, seen.requests],
  ]
  if (promised.name !== undefined) facts.push(['the name is', promised.name, seen.name])
  return facts
    .filter(([, expected, actual]) => expected !== actual)
    .map(([what, expected, actual]) => `${what} ${actual}, promised was ${expected}`)
}

/** Returns `200 applied, 4 × 200 duplicate / already_processed`. */
export function summary(answers: string[]): string {
  const counts = new Map<string, number>()
  for (const answer of [...answers].sort()) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return [...counts].map(([answer, count]) => (count === 1 ? answer : `${count} × ${answer}`)).join(', ')
}

/** An error that the person at the keyboard can fix. Print its message, which is one line, without the stack. */
export class LocalError extends Error {
  override name = 'LocalError'
}

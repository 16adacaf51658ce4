/** Something the person at the keyboard can put right. Print the message, one line, without the stack. */
export class LocalError extends Error {
  override name = 'LocalError'
}

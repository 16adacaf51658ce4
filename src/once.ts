/**
 * Returns a function that makes the object at its first use, so that an isolate starts without what it may never need.
 */
export function once<Made extends object>(make: () => Made): () => Made {
  let made: Made | undefined
  return () => {
    made ??= make()
    return made
  }
}

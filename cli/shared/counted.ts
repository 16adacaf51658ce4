/** Returns `1 wallet`, `2 wallets`, `0 entries`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number} ${Math.abs(number) === 1 ? one : many}`
}

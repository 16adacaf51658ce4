/** Returns `1 wallet`, `2 wallets`, `0 entries`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number} ${Math.abs(number) === 1 ? one : many}`
}

/** `1 invoice`, `1,200 invoices`: as `counted`, with thousands apart. */
export function countedApart(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${Math.abs(number) === 1 ? one : many}`
}

/** Which build runs here: deliveries keep its name. Whoever starts it says so; null in what is no build, such as a test. */
export const running: { build: string | null } = { build: null }

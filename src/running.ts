/**
 * The build that runs here, whose name each delivery keeps. Set by the entry point; null where there is no build, as in
 * a test.
 */
export const running: { build: string | null } = { build: null }

import { existsSync } from 'node:fs'

/** The places where Chromium may be installed. No package contains it. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The browser of this machine. Undefined if there is none. */
export const browserPath = [process.env.CHROMIUM ?? '', ...PLACES].find((path) => existsSync(path))

export const NO_BROWSER = 'no Chromium: install it, or name it by CHROMIUM=<path>'

// Runs before each command, on any version of Node.js: without the packages it may be one that runs no TypeScript.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')

function versionIn(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
  } catch (_) {
    return undefined
  }
}

const { dependencies, devDependencies } = require(join(root, 'package.json'))
const wanted = Object.entries({ ...dependencies, ...devDependencies })
const found = ([name]) => versionIn(join(root, 'node_modules', name))
// An alias is written `npm:<name>@<version>`.
const lacking = wanted.filter((one) => found(one) !== one[1].split('@').pop())

if (lacking.length > 0) {
  const [name] = lacking[0]
  const isNew = lacking.length === wanted.length
  // If npm is configured to omit them, it leaves them out again, so `npm ci` alone would change nothing.
  const isOmitted = lacking.every((one) => one[0] in devDependencies && found(one) === undefined)
  const says = isNew
    ? 'The packages are not installed: run `npm ci` first'
    : isOmitted
      ? `${name}, a package for development, is not installed: run \`npm ci --include=dev\` first`
      : `${name} is not installed as package.json says: run \`npm ci\` first, as after each upgrade`
  console.error(says)
  process.exit(1)
}

// Runs before each command, on whatever Node.js there is: without the packages it may be one that runs no TypeScript.
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
// An alias is written `npm:<name>@<version>`.
const lacking = wanted.filter(
  ([name, version]) => versionIn(join(root, 'node_modules', name)) !== version.split('@').pop(),
)

if (lacking.length > 0) {
  const isNew = lacking.length === wanted.length
  console.error(
    isNew
      ? 'The packages are not installed: run `npm ci` first'
      : `${lacking[0][0]} is not installed as package.json says: run \`npm ci\` first, as after each upgrade`,
  )
  process.exit(1)
}

// Runs when npm installs, by the Node.js that comes with the packages: npm itself says on which one it runs.
const [, version = process.version] = /\bnode\/(v[\d.]+)/.exec(process.env.npm_config_user_agent || '') || []
if (Number.parseInt(version.slice(1), 10) < 20) {
  console.error(
    `Ledgerhook needs Node.js 20 or newer, better 22 or later, and this is ${version}: https://nodejs.org`,
  )
  process.exit(1)
}

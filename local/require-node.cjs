// Runs at the end of `npm install` in a checkout, as `preprepare`: with `preinstall`, npm would fetch all packages for
// development wherever an app installs this one from git. The Node.js that runs this script may come with the packages,
// so npm's user agent says which one npm runs on.
const [, version = process.version] = /\bnode\/(v[\d.]+)/.exec(process.env.npm_config_user_agent || '') || []
if (Number.parseInt(version.slice(1), 10) < 20) {
  console.error(
    `Ledgerhook needs Node.js 20 or newer, better 22 or later, and this is ${version}: https://nodejs.org`,
  )
  process.exit(1)
}

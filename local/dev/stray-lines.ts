/** A setting of a dotenv file. A quoted value may have several lines. */
const SETTING = /^[^\S\n]*(?!#)[^\s=][^=\n]*=[^\S\n]*("[^"]*"|'[^']*'|`[^`]*`)?.*$/gm

/** Returns the numbers of the lines of a dotenv file that set nothing: without a `=`, or without a name before it. */
export function strayLines(text: string): number[] {
  // The line breaks of a value stay, so that the numbers of the lines after it do.
  const rest = text.replaceAll(SETTING, (setting) => setting.replaceAll(/[^\n]/g, ''))
  return rest.split('\n').flatMap((line, index) => (/^\s*(#|$)/.test(line) ? [] : [index + 1]))
}

// What git holds, or would hold after `git add .`: sources only. No built files, nothing of one machine, no file too long
// to read.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const LONGEST = 500
const BUILT = /(^|\/)(node_modules|target|dist|pkg)\/|\.(node|wasm|so|dll|dylib|rlib|tgz|ttf|otf|woff2?)$/
const LEFT_OVER = /\.(log|tmp|orig|rej)$/
const GENERATED = /(^|\/)(package-lock\.json|Cargo\.lock|LICENSE)$|^test\/vectors\/|\.(md|json)$/
const MACHINE = [
  [/(^|[\s"'`(=:,])\/(?:root|work|home|Users)\/[\w.-]/, 'a path of one machine'],
  [/https?:\/\/[^/\s"']*(?:registry|artifactory|nexus|mirror|pypi)[^/\s"']*/, 'a package registry'],
  [/^\s*"resolved": "http/, 'a download address (npm config set omit-lockfile-registry-resolved true)'],
]

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\0')
  .filter((file) => file !== '' && existsSync(file))
const problems = []
for (const file of files) {
  if (BUILT.test(file)) problems.push(`${file}: built files are not committed`)
  if (LEFT_OVER.test(file)) problems.push(`${file}: left over by a program, not a source`)
  const bytes = readFileSync(file)
  if (bytes.includes(0)) {
    if (!/^docs\/.*\.png$/.test(file)) problems.push(`${file}: binary files are not committed; make them in a script or a test`)
    continue
  }
  const lines = bytes.toString('utf8').split('\n')
  if (lines.length - 1 > LONGEST && !GENERATED.test(file)) problems.push(`${file}: ${lines.length - 1} lines, at most ${LONGEST}`)
  lines.forEach((line, at) => {
    for (const [pattern, what] of MACHINE) if (pattern.test(line)) problems.push(`${file}:${at + 1}: ${what}`)
  })
}

for (const problem of problems) console.log(problem)
console.log(`check-tree: ${files.length} files, ${problems.length} problems`)
process.exit(problems.length > 0 || files.length === 0 ? 1 : 0)

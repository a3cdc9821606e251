// The platforms that a native package is made for, named as napi names its builds. What is not in this list runs on WebAssembly.
// `triple`: Rust's name. `library`: what cargo calls the build. `package`: the fields by which npm chooses.
const linux = (cpu, libc) => ({
  name: `linux-${cpu}-${libc === 'glibc' ? 'gnu' : 'musl'}`, library: 'libcountermark_native.so',
  triple: `${cpu === 'x64' ? 'x86_64' : 'aarch64'}-unknown-linux-${libc === 'glibc' ? 'gnu' : 'musl'}`, package: { os: ['linux'], cpu: [cpu], libc: [libc] },
})

export const PLATFORMS = [
  linux('x64', 'glibc'), linux('arm64', 'glibc'), linux('x64', 'musl'), linux('arm64', 'musl'),
  { name: 'darwin-x64', triple: 'x86_64-apple-darwin', library: 'libcountermark_native.dylib', package: { os: ['darwin'], cpu: ['x64'] } },
  { name: 'darwin-arm64', triple: 'aarch64-apple-darwin', library: 'libcountermark_native.dylib', package: { os: ['darwin'], cpu: ['arm64'] } },
  { name: 'win32-x64-msvc', triple: 'x86_64-pc-windows-msvc', library: 'countermark_native.dll', package: { os: ['win32'], cpu: ['x64'] } },
]

/** The platform of this machine, or undefined. */
export function platformHere() {
  const { platform, arch } = process
  const musl = process.report.getReport().header.glibcVersionRuntime === undefined
  const suffix = { linux: musl ? '-musl' : '-gnu', win32: '-msvc' }[platform] ?? ''
  return PLATFORMS.find(({ name }) => name === `${platform}-${arch}${suffix}`)
}

/** Where the build of a platform lies. */
export const addonOf = ({ name }) => `native/countermark.${name}.node`

/** The package of a platform. */
export const packageOf = ({ name }) => `@countermark/${name}`

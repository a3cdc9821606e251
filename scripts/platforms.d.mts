export interface Platform {
  name: string
  triple: string
  library: string
  package: { os: string[]; cpu: string[]; libc?: string[] }
}
export const PLATFORMS: Platform[]
export function platformHere(): Platform | undefined
export function addonOf(platform: Platform): string
export function packageOf(platform: Platform): string

/** One step of an installation, as a value with the command that one could type. */
import { quote } from '../../reconcile/index.ts'

export type InstallStep =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  /** What a version is made of: complete or not there at all. */
  | { readonly kind: 'place'; readonly path: string; readonly files: readonly PlacedFile[] }
  | { readonly kind: 'write'; readonly path: string; readonly text: string; readonly mode: number }
  | { readonly kind: 'point'; readonly path: string; readonly target: string }
  | { readonly kind: 'delete'; readonly path: string }
  /** `mayFail`: what it undoes may not be there. */
  | { readonly kind: 'run'; readonly command: readonly string[]; readonly mayFail?: true }

/** A file or folder to copy; `to` is relative to the version. */
export interface PlacedFile {
  readonly from: string
  readonly to: string
}

export const formatInstallStep = (step: InstallStep): string => {
  switch (step.kind) {
    case 'folder':
      return `install -d -m ${octal(step.mode)} ${quote(step.path)}`
    case 'place':
      return [
        ...step.files.map(({ from, to }) => `cp -rLT ${quote(from)} ${quote(`${step.path}/${to}`)}`),
        `chmod -R u=rwX,go=rX,a-s ${quote(step.path)}`,
      ].join('\n')
    case 'write':
      return `cat > ${quote(step.path)} <<'END'\n${step.text}END\nchmod ${octal(step.mode)} ${quote(step.path)}`
    case 'point':
      return `ln -sfnT ${quote(step.target)} ${quote(step.path)}`
    case 'delete':
      return `rm -rf ${quote(step.path)}`
    case 'run':
      return `${step.command.map(quote).join(' ')}${step.mayFail ? ' || true' : ''}`
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

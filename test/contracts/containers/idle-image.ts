/**
 * An image in the OCI layout (github.com/opencontainers/image-spec), which is how containerd imports one: a layer with
 * this machine's busybox, and the process that does nothing.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { IDLE, makeRootTar, type RuntimeHost } from './runtime-host.ts'

export const IDLE_IMAGE = 'docker.io/warren/idle:1'
const OCI = 'application/vnd.oci.image'

/** Path of an archive for `ctr images import`. */
export const makeIdleImage = async (host: RuntimeHost): Promise<string> => {
  const folder = join(host.folder, 'image')
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true })
  const blob = (mediaType: string, data: Uint8Array | string) => {
    const hex = createHash('sha256').update(data).digest('hex')
    writeFileSync(join(folder, 'blobs/sha256', hex), data)
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(data) }
  }
  const layer = blob(`${OCI}.layer.v1.tar`, readFileSync(await makeRootTar(host)))
  const config = blob(
    `${OCI}.config.v1+json`,
    JSON.stringify({
      ...{ architecture: 'amd64', os: 'linux', config: { Entrypoint: IDLE } },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  )
  const manifest = blob(
    `${OCI}.manifest.v1+json`,
    JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers: [layer] }),
  )
  const annotations = { 'io.containerd.image.name': IDLE_IMAGE }
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  )
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const archive = join(host.folder, 'image.tar')
  await host.exec(`tar -C ${folder} -cf ${archive} .`)
  return archive
}

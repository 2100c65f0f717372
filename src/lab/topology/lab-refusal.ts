/** What cannot be built is said, not approximated. */
export class LabRefusal extends Error {
  override readonly name = 'LabRefusal'
}

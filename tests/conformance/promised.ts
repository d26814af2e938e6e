/**
 * The families of iscsi-test-cu that pass completely: a failure in one of them, or a skip that is
 * not expected below, fails the run. Debian's 1.19 has no family for SendTargets and none for
 * NOP; tests/interop and tests/protocol cover those two.
 */
export const PROMISED_FAMILIES: readonly string[] = [
  "Inquiry",
  "Read10",
  "Read16",
  "ReadCapacity10",
  "ReadCapacity16",
  "TestUnitReady",
  "Write10",
  "Write16",
  "iSCSIcmdsn",
  "iSCSIResiduals",
];

/** Skips that no target can avoid on a disk of that kind: disk, then test, then the reason. */
export const EXPECTED_SKIPS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  thick: {
    "Inquiry.BlockLimits": "its last part is about the UNMAP limits of thin provisioned units",
  },
};

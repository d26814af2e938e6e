/**
 * The families of iscsi-test-cu that pass completely: a failure in one of them, or a skip that is
 * not expected below, fails the run. Debian's 1.19 has no family for SendTargets and none for
 * NOP; tests/interop and tests/protocol cover those two.
 */
const PROMISED_FAMILIES: readonly string[] = [
  "CompareAndWrite",
  "ExtendedCopy",
  "GetLBAStatus",
  "Inquiry",
  "ModeSense6",
  "OrWrite",
  "Prefetch10",
  "Prefetch16",
  "PrinReadKeys",
  "PrinReportCapabilities",
  "PrinServiceactionRange",
  "ProutClear",
  "ProutPreempt",
  "ProutRegister",
  "ProutReserve",
  "Read10",
  "Read16",
  "ReadCapacity10",
  "ReadCapacity16",
  "ReadDefectData10",
  "ReadDefectData12",
  "ReportSupportedOpcodes",
  "ReceiveCopyResults",
  "Reserve6",
  "Sanitize",
  "TestUnitReady",
  "Write10",
  "Write16",
  "WriteAtomic16",
  "WriteSame10",
  "WriteSame16",
  "iSCSIResiduals",
  "iSCSIcmdsn",
];

/** Families that are about one kind of disk. */
const FAMILIES_OF_DISK: Readonly<Record<string, readonly string[]>> = {
  removable: ["NoMedia", "PreventAllow", "StartStopUnit"],
  "read-only": ["ReadOnly"],
};

/** The promised families that do not write, which a write protected disk passes as well. */
const READING_FAMILIES: readonly string[] = [
  "Inquiry",
  "ModeSense6",
  "Prefetch10",
  "Prefetch16",
  "Read10",
  "Read16",
  "ReadCapacity10",
  "ReadCapacity16",
  "ReadDefectData10",
  "ReadDefectData12",
  "ReportSupportedOpcodes",
  "TestUnitReady",
  "iSCSIcmdsn",
];

/** Whether every test of the family has to pass on a disk of this kind. */
export function isPromised(disk: string, family: string): boolean {
  if (FAMILIES_OF_DISK[disk]?.includes(family)) return true;
  return (disk === "read-only" ? READING_FAMILIES : PROMISED_FAMILIES).includes(family);
}

/** Test, and the reason why it does not pass. */
type Reasons = Readonly<Record<string, string>>;

const NO_ATOMIC_LIMITS = "its last part is about atomic writes that want alignment or granularity";
const NOT_THIN = "it wants a thin provisioned unit";
const NO_CRYPTO_ERASE = "there is no encryption, whose key CRYPTO ERASE would change";
const ONE_BLOCK_PHYSICAL = "it wants several logical blocks in a physical one";
const WSNZ = "WSNZ is 1, as in SCST; with 0 its WriteSame10.UnmapUntilEnd takes ones for zeros";

/** Skips on a disk of any kind. */
const SKIPS: Reasons = {
  "Sanitize.CryptoErase": NO_CRYPTO_ERASE,
  "Sanitize.Readonly": NO_CRYPTO_ERASE,
  "Sanitize.Reservations": NO_CRYPTO_ERASE,
  "WriteAtomic16.VPD": NO_ATOMIC_LIMITS,
  "WriteSame10.ZeroBlocks": WSNZ,
  "WriteSame16.ZeroBlocks": WSNZ,
};

/** Skips on disks of one kind: disk, then test. */
const SKIPS_BY_DISK: Readonly<Record<string, Reasons>> = {
  thick: {
    "CompareAndWrite.InvalidDataOutSize": NOT_THIN,
    "GetLBAStatus.UnmapSingle": NOT_THIN,
    "Inquiry.BlockLimits": "its last part is about the UNMAP limits of thin provisioned units",
    "Sanitize.BlockErase": NOT_THIN,
    "WriteSame10.InvalidDataOutSize": NOT_THIN,
    "WriteSame10.Unmap": NOT_THIN,
    "WriteSame10.UnmapUnaligned": NOT_THIN,
    "WriteSame10.UnmapUntilEnd": NOT_THIN,
    "WriteSame16.InvalidDataOutSize": NOT_THIN,
    "WriteSame16.Unmap": NOT_THIN,
    "WriteSame16.UnmapUnaligned": NOT_THIN,
    "WriteSame16.UnmapUntilEnd": NOT_THIN,
  },
  "4096": {
    "CompareAndWrite.InvalidDataOutSize": ONE_BLOCK_PHYSICAL,
    "WriteSame10.InvalidDataOutSize": ONE_BLOCK_PHYSICAL,
    "WriteSame10.UnmapUnaligned": ONE_BLOCK_PHYSICAL,
    "WriteSame16.InvalidDataOutSize": ONE_BLOCK_PHYSICAL,
    "WriteSame16.UnmapUnaligned": ONE_BLOCK_PHYSICAL,
  },
};

/** Errors of the suite, which no target can please: disk, then test. */
const SUITE_ERRORS: Readonly<Record<string, Reasons>> = {
  thin: {
    "GetLBAStatus.UnmapSingle":
      "it asks for the status from block N + 1 on and wants the answer to begin with block N + 8",
  },
};

/** Why a test that skips or fails on a disk of this kind may do so; undefined if it may not. */
export function excuse(disk: string, test: string, verdict: "skip" | "fail"): string | undefined {
  if (disk === "removable") return excuse("thin", test, verdict); // it is thin
  if (verdict === "fail") return SUITE_ERRORS[disk]?.[test];
  return SKIPS_BY_DISK[disk]?.[test] ?? SKIPS[test];
}

/**
 * All tests of iscsi-test-cu that do other than pass, with what they say and why nobody can help it.
 * Every other test has to pass, on every kind of disk, and these have to end as it says here.
 * Debian's 1.19 has no family for SendTargets and none for NOP; tests/interop and tests/protocol
 * cover those two.
 */
import { DISK_KINDS, type DiskKind } from "./disks.ts";
import { DRIVE_EXCUSES } from "./drive_excuses.ts";
import type { Excuse } from "./excuse.ts";

const REAL_DISKS = DISK_KINDS.filter((kind) => kind !== "cdrom");
const NOT_REMOVABLE = REAL_DISKS.filter((kind) => kind !== "removable");
const WRITABLE = REAL_DISKS.filter((kind) => kind !== "read-only");
const THICK: readonly DiskKind[] = ["thick"];
const READ_ONLY: readonly DiskKind[] = ["read-only"];

/** Conditions of the suite: on a disk of another kind it runs the test. */
const CONDITIONS: readonly Excuse[] = [
  {
    disks: NOT_REMOVABLE,
    tests: [
      "NoMedia NoMediaSBC",
      "PreventAllow Simple Eject ITNexusLoss Logout WarmReset ColdReset LUNReset 2ITNexuses",
      "StartStopUnit Simple PwrCnd NoLoej",
    ],
    verdict: "skip",
    says: /not removable/,
    because: "it wants a removable medium",
  },
  {
    disks: WRITABLE,
    tests: ["ReadOnly ReadOnlySBC"],
    verdict: "skip",
    says: /not write-protected/,
    because: "it wants a write protected medium",
  },
  {
    disks: THICK,
    tests: [
      "CompareAndWrite InvalidDataOutSize",
      "GetLBAStatus UnmapSingle",
      "Inquiry BlockLimits",
      "Unmap Simple VPD ZeroBlocks",
      "WriteSame10 Unmap UnmapUnaligned UnmapUntilEnd InvalidDataOutSize",
      "WriteSame16 Unmap UnmapUnaligned UnmapUntilEnd InvalidDataOutSize",
    ],
    verdict: "skip",
    says: /fully provisioned|UNMAP is not implemented/,
    because: "it wants a thin provisioned unit",
  },
  {
    disks: THICK,
    tests: ["Sanitize BlockErase"],
    verdict: "skip",
    says: /BLOCK_ERASE is not implemented/,
    because: "BLOCK ERASE takes blocks away, which a thick disk keeps",
  },
  {
    disks: ["4096"],
    tests: [
      "CompareAndWrite InvalidDataOutSize",
      "WriteSame10 UnmapUnaligned InvalidDataOutSize",
      "WriteSame16 UnmapUnaligned InvalidDataOutSize",
    ],
    verdict: "skip",
    says: /LBPPB < 2/,
    because: "it wants several logical blocks in a physical one",
  },
];

/** What the disks do not have. */
const LACKS: readonly Excuse[] = [
  {
    disks: REAL_DISKS,
    tests: ["Sanitize CryptoErase Readonly Reservations"],
    verdict: "skip",
    says: /(CRYPTO|BLOCK)_ERASE is not implemented/,
    because: "there is no encryption, whose key CRYPTOGRAPHIC ERASE would change",
  },
  {
    // With WSNZ 0 these two pass, and another one fails that passes now: WriteSame10.UnmapUntilEnd
    // sends a WRITE SAME with UNMAP and FFh bytes, and wants to read zeros. What unmapped blocks do
    // not read as has to be written (SBC-4 4.7.3.4.4). Its 16-byte sibling sends zeros.
    disks: WRITABLE,
    tests: ["WriteSame10 ZeroBlocks", "WriteSame16 ZeroBlocks"],
    verdict: "skip",
    says: /does not support 0-blocks/,
    because: "WSNZ is 1, as with SCST; with 0 the suite wants data thrown away elsewhere",
  },
  {
    disks: REAL_DISKS,
    tests: ["WriteAtomic16 VPD"],
    verdict: "skip",
    says: /No alignment restrictions/,
    because: "its last part is about limits of alignment and granularity, and there are none",
  },
];

/** Errors of the suite: no answer pleases both it and the standard. */
const SUITE_ERRORS: readonly Excuse[] = [
  {
    disks: ["thin", "removable"],
    tests: ["GetLBAStatus UnmapSingle"],
    verdict: "fail",
    says: /^test_get_lba_status_unmap_single\.c:135 .*lba offset in first descriptor/,
    because: "of block N + 1 it wants a status that begins with block N + 8 (SBC-4 5.6.2.3: N + 1)",
  },
  {
    disks: REAL_DISKS,
    tests: ["iSCSITMF LUNResetSimpleAsync"],
    verdict: "fail",
    says: /^test_async_lu_reset_simple\.c:157 .*\(reconnect_succeeded,1\)/,
    because: "it looks for the answer before it has sent the request",
  },
];

/** Tests that have to write: that this is refused is what ReadOnly.ReadOnlySBC wants. */
const WRITES: readonly Excuse[] = [
  {
    disks: READ_ONLY,
    tests: [
      "CompareAndWrite Simple DpoFua Miscompare Unwritten InvalidDataOutSize",
      "ExtendedCopy Simple",
      "GetLBAStatus UnmapSingle",
      "MultipathIO Simple CompareAndWrite CompareAndWriteAsync",
      "OrWrite Simple BeyondEol ZeroBlocks DpoFua Verify",
      "ProutReserve AccessEA AccessWE AccessEARO AccessWERO AccessEAAR AccessWEAR",
      "Sanitize BlockErase Overwrite",
      "Unmap Simple VPD ZeroBlocks",
      "Write10 Simple BeyondEol ZeroBlocks DpoFua",
      "Write12 Simple BeyondEol ZeroBlocks DpoFua",
      "Write16 Simple BeyondEol ZeroBlocks DpoFua",
      "WriteAtomic16 Simple BeyondEol ZeroBlocks WriteProtect DpoFua",
      "WriteSame10 Simple BeyondEol ZeroBlocks Unmap UnmapUnaligned UnmapUntilEnd UnmapVPD Check",
      "WriteSame10 InvalidDataOutSize",
      "WriteSame16 Simple BeyondEol ZeroBlocks Unmap UnmapUnaligned UnmapUntilEnd UnmapVPD Check",
      "WriteSame16 InvalidDataOutSize",
      "WriteVerify10 Simple BeyondEol ZeroBlocks Flags Dpo",
      "WriteVerify12 Simple BeyondEol ZeroBlocks Flags Dpo",
      "WriteVerify16 Simple BeyondEol ZeroBlocks Flags Dpo",
      "iSCSIResiduals Write10Residuals Write12Residuals Write16Residuals",
      "iSCSIResiduals WriteVerify10Residuals WriteVerify12Residuals WriteVerify16Residuals",
    ],
    verdict: "fail",
    says:
      /DATA PROTECTION.*WRITE_PROTECTED\(0x2700\)$|failed with Sense: \(null\)\(0x07\)\/\(0x2700\)$/,
    because: "it writes",
  },
  {
    disks: READ_ONLY,
    tests: ["Write10 Async", "iSCSITMF AbortTaskSimpleAsync"],
    verdict: "fail",
    says: /\(status,SCSI_STATUS_CHECK_CONDITION\)/,
    because: "it writes",
  },
  {
    disks: READ_ONLY,
    tests: ["ExtendedCopy ValidTgtDescr", "ReceiveCopyResults CopyStatus"],
    verdict: "fail",
    says: /COPY ABORTED\(0x0a\) .*\(0x0d01\)$/, // THIRD PARTY DEVICE FAILURE
    because: "it copies to the disk",
  },
  {
    disks: READ_ONLY,
    tests: ["Sanitize Reset"],
    verdict: "fail",
    says: /should have failed with NOT READY\(0x02\)\/SANITIZE_IN_PROGRESS\(0x041b\)$/,
    because: "it sanitizes the disk",
  },
];

export const EXCUSES: readonly Excuse[] = [
  ...CONDITIONS,
  ...LACKS,
  ...SUITE_ERRORS,
  ...WRITES,
  ...DRIVE_EXCUSES,
];

/** What INQUIRY data tells of the target port group of a port (SPC-4 5.15). */

/** TPGS (SPC-5 6.7.2): how the access states of target port groups change. */
export const Tpgs = { IMPLICIT: 1, EXPLICIT: 2, BOTH: 3 } as const;

export interface PortGroup {
  /** TARGET PORT GROUP. */
  readonly id: number;
  readonly tpgs: number;
  /** Whether the unit is accessible; if not PERIPHERAL QUALIFIER says so. */
  readonly isConnected: boolean;
}

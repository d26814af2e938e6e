/** When the stages of a command began; one of these is used for one command after the other. */
import { Stage, STAGES } from "./stage.ts";

/** No place in the statistics: the command is only watched for being slow. */
export const NO_CELL = -1;

export class StageTimes {
  /** By performance.now(), by Stage; 0 of a stage that the command has not come to. */
  readonly begun: Float64Array = new Float64Array(STAGES.length);
  /** Where the statistics are that the command counts for. */
  cell = 0;

  /** Begins with a command that was received at `at`. */
  start(at: number, cell: number): void {
    this.begun.fill(0);
    this.begun[Stage.RECEIVED] = at;
    this.cell = cell;
  }

  /** The command comes to a stage; when it does so again, it was not for good before. */
  begin(stage: Stage): void {
    this.begun[stage] = performance.now();
  }
}

/** A virtual disk over a store: a direct access block device (SBC-4), or a drive for CDs (MMC-6). */
import { describeErrno } from "../../ffi/errno.ts";
import { IoVector } from "../../ffi/iovec.ts";
import type { MemoryPool } from "../../ffi/memory.ts";
import type { Command } from "../scsi/command.ts";
import { DeviceType } from "../scsi/device_type.ts";
import type { DeviceIds, DeviceTexts } from "../scsi/identity.ts";
import { Sense } from "../scsi/sense.ts";
import { AbsentStore } from "../store/absent.ts";
import type { AtomicJournal } from "../store/atomic_journal.ts";
import type { StateFile } from "../store/state_file.ts";
import { IoOperation } from "../store/io_request.ts";
import { type Store, StoreError } from "../store/store.ts";
import { AtomicWriter } from "./atomic_writer.ts";
import { BlockLocks } from "./block_locks.ts";
import { DiskMemory } from "./disk_memory.ts";
import { senseOfWrite } from "./errno_sense.ts";
import { Flusher } from "./flusher.ts";
import { DiskRequest } from "./disk_request.ts";
import { Medium } from "./medium.ts";
import { Modes } from "./modes.ts";
import { Statistics } from "./statistics.ts";
import { StoreErrors } from "./store_errors.ts";
import { Sanitizer } from "./sanitizer.ts";
import { Tray } from "./tray.ts";
import { Unanswered } from "./unanswered.ts";
import { Upkeep } from "./upkeep.ts";

/** How a disk presents itself. */
export interface DiskSettings {
  readonly name: string;
  readonly type: DeviceType;
  /** Where the medium lies; it tells one from another that had the name of the device before. */
  readonly filename?: string | undefined;
  /** T10 VENDOR IDENTIFICATION, at most 8 characters. */
  readonly vendor: string;
  /** Bytes in a logical block. */
  readonly blocksize: number;
  readonly readOnly: boolean;
  readonly thinProvisioned: boolean;
  readonly rotational: boolean;
  /** Whether the medium can be taken out. */
  readonly removable: boolean;
  /** Every write is to be on stable storage when it ends, unless an initiator wants otherwise. */
  readonly writeThrough: boolean;
  /** The store keeps what was written through a loss of power: nothing has to be flushed. */
  readonly nvCache: boolean;
  /** TASK SET TYPE (SPC-5 7.5.10): 0 is one task set for all, 1 one for each I_T nexus. */
  readonly tst: 0 | 1;
  /** Whether initiators may change the access states of target port groups (explicit ALUA). */
  readonly explAlua: boolean;
  /** Commands that one nexus may have under way; any number where nothing is said. */
  readonly maxCommands?: number;
  readonly ids: DeviceIds;
  readonly texts?: DeviceTexts;
  /** OPTIMAL TRANSFER LENGTH in bytes. */
  readonly optTransLen?: number;
  /** It is never open, and INQUIRY tells that there is no device. */
  readonly dummy?: true;
  /** READ CAPACITY(16) tells nothing of physical blocks. */
  readonly hidesPhysicalBlocks?: true;
}

/** Bytes that one READ, WRITE or VERIFY may transfer (MAXIMUM TRANSFER LENGTH of VPD B0h). */
export const TRANSFER_MOST = 8 * 2 ** 20;

/** Bytes that one UNMAP may cover (MAXIMUM UNMAP LBA COUNT of VPD B0h), as SCST's vdisk_fileio. */
export const UNMAP_MOST = 256 * 2 ** 20;

/** Descriptors that one UNMAP may have (MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT of VPD B0h). */
export const UNMAP_DESCRIPTORS_MOST = 128;

/** Blocks that one WRITE SAME may cover (MAXIMUM WRITE SAME LENGTH of VPD B0h): what the 10-byte CDB can say. */
export const WRITE_SAME_MOST = 65535;

export class VirtualDisk {
  // What every command looks at comes first: with a thousand disks it is the cache lines that count.
  /** Commands that a nexus may have under way. */
  commandsMost: number;
  readonly upkeep: Upkeep;
  readonly tray = new Tray();
  #medium: Medium;
  #isOpen: boolean;
  readonly blockSize: number;
  readonly transferMost: number;
  /** Why writes are refused since a flush or the like failed, as errno; 0 while all is well. */
  failure = 0;
  readonly locks = new BlockLocks();
  readonly statistics = new Statistics();
  readonly memory: DiskMemory;

  readonly flusher = new Flusher(this);
  readonly modes: Modes;
  readonly sanitizer: Sanitizer;
  /** Prefetches that go on though their commands have ended. */
  prefetches = 0;
  /** Why `failure` is not 0, for people; `at` is in milliseconds since 1970. */
  trouble: { readonly problem: string; readonly at: number } | undefined = undefined;
  /** Whether writes were lost that had ended with GOOD: what is read may be older than them. */
  hasLost = false;
  /** Hears the sense of a loss, at once. */
  onLoss: (sense: number) => void = () => {};
  readonly errors: StoreErrors;
  readonly unanswered: Unanswered = new Unanswered();
  #settings: DiskSettings;
  #atomicWriter: AtomicWriter | undefined = undefined;
  #report: (line: string) => void;
  #requests: DiskRequest[] = [];
  #piece = new IoVector(1);

  /**
   * `store` is what is in a drive at the beginning; undefined leaves it empty. A disk is closed without
   * one.
   * `stateFile` opens the file of the disk for a kind of state, by the name of its directory;
   * `journal` is that of a store that keeps something. `report` takes a line for the log when
   * something is wrong with the disk. Throws a StoreError when saved state cannot be read. The disk
   * may be used after recover().
   */
  constructor(
    settings: DiskSettings,
    store: Store | undefined,
    memory: MemoryPool,
    stateFile: (kind: string) => StateFile,
    journal: AtomicJournal | undefined,
    report: (line: string) => void,
  ) {
    this.#report = report;
    this.#settings = settings;
    this.commandsMost = settings.maxCommands ?? Infinity;
    this.errors = new StoreErrors((line) => report(`device '${this.settings.name}': ${line}`));
    this.memory = new DiskMemory(memory);
    this.blockSize = settings.blocksize;
    this.#medium = new Medium(store ?? new AbsentStore(), settings.blocksize);
    this.transferMost = TRANSFER_MOST / settings.blocksize;
    this.modes = new Modes(settings, stateFile("vdev_mode_pages"), report);
    this.upkeep = new Upkeep(this);
    this.sanitizer = new Sanitizer(this, stateFile("sanitize"), report);
    this.#isOpen = store !== undefined || settings.type === DeviceType.CD_ROM;
    if (this.#isOpen) this.sanitizer.load();
    if (journal !== undefined) this.#atomicWriter = new AtomicWriter(this, journal, report);
  }

  get settings(): DiskSettings {
    return this.#settings;
  }

  /** Presents itself otherwise from now on; type, block size, caches and the task set stay as they were. */
  changeSettings(settings: DiskSettings): void {
    this.#settings = settings;
    this.commandsMost = settings.maxCommands ?? Infinity;
  }

  /** undefined where nothing is kept, and so nothing can be half of it. */
  get atomicWriter(): AtomicWriter | undefined {
    return this.#atomicWriter;
  }

  /** Whether it has a backing store, or could have: a closed disk is there, but not ready. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Opens a closed disk with a store; `done` is called when it may be used, or with why not, and it is
   * closed as before. Takes over store and journal in any case.
   */
  open(
    store: Store,
    journal: AtomicJournal | undefined,
    done: (error: StoreError | undefined) => void,
  ): void {
    this.#medium = new Medium(store, this.blockSize);
    this.failure = 0;
    this.trouble = undefined;
    this.hasLost = false;
    this.flusher.reset();
    if (journal !== undefined) {
      this.#atomicWriter = new AtomicWriter(this, journal, this.#report);
    }
    const end = (error: StoreError | undefined) => {
      this.#isOpen = error === undefined;
      if (error === undefined) this.tray.note();
      else this.release();
      done(error);
    };
    try {
      this.sanitizer.load();
      this.recover(end);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      end(error);
    }
  }

  /**
   * Closes the disk: commands do not get at it from now on, those that are under way finish, and
   * everything is brought to stable storage. `done` hears 0 or -errno when the store is closed.
   */
  close(done: (result: number) => void): void {
    this.#isOpen = false;
    this.tray.note();
    this.#medium.whenUnused(() =>
      this.finish((result) =>
        this.#medium.whenUnused(() => {
          this.release();
          done(result);
        })
      )
    );
  }

  /** Lets go of store and journal as they are; nobody uses the disk any more. */
  release(): void {
    this.#isOpen = false;
    this.#atomicWriter?.close();
    this.#atomicWriter = undefined;
    this.#medium.remove();
    this.#medium = new Medium(new AbsentStore(), this.blockSize);
  }

  /**
   * Goes on with what was under way when the disk was open the last time. `done` is called when the
   * disk may be used, perhaps in the same turn, or with the error if it may not. Throws a StoreError
   * when it may not.
   */
  recover(done: (error: StoreError | undefined) => void): void {
    const resume = (error: StoreError | undefined) => {
      if (error === undefined) this.sanitizer.resume();
      done(error);
    };
    if (this.#atomicWriter === undefined) resume(undefined);
    else this.#atomicWriter.recover(resume);
  }

  /**
   * Brings everything to stable storage, and ends what would have to be finished by recover();
   * `done` hears 0 or -errno.
   */
  finish(done: (result: number) => void): void {
    const flush = () => this.flusher.flush(done);
    if (this.#atomicWriter === undefined) flush();
    else this.#atomicWriter.finish(flush);
  }

  get medium(): Medium {
    return this.#medium;
  }

  get store(): Store {
    return this.#medium.store;
  }

  /** Blocks of the medium; 0 in an empty drive. */
  get capacity(): number {
    return this.#medium.capacity;
  }

  /** Whether there is a medium, and the tray is closed. */
  get hasMedium(): boolean {
    return this.#medium.capacity > 0 && !this.tray.isOpen && this.#isOpen;
  }

  /** The sense of a command that needs the medium while there is none. */
  get absence(): number {
    return this.#isOpen ? Sense.MEDIUM_NOT_PRESENT : Sense.LOGICAL_UNIT_NOT_READY;
  }

  /**
   * Has so many bytes from now on, as far as they are whole blocks. What was admitted when there were more
   * is not executed.
   */
  resize(bytes: number): void {
    const { capacity } = this;
    this.#medium.resize(bytes);
    if (this.capacity < capacity) this.tray.note(Sense.CAPACITY_DATA_CHANGED);
  }

  /** Finds out how many bytes the store has by now; `then` hears them, or -errno. Nothing else waits. */
  measure(then: (result: number) => void): void {
    this.#ask(IoOperation.SIZE, then);
  }

  /** Finds out whether the store is where it was opened; `then` hears a Standing, or -errno. */
  locate(then: (result: number) => void): void {
    this.#ask(IoOperation.STANDING, then);
  }

  #ask(operation: number, then: (result: number) => void): void {
    const request = this.takeRequest();
    request.start(operation, 0, 0, ({ result }) => {
      this.giveRequest(request);
      then(result);
    });
  }

  /**
   * Puts another medium into the drive, or none, and closes the tray. What works on the old one ends
   * with ENOMEDIUM when it reads.
   */
  changeMedium(store?: Store): void {
    this.#medium.remove();
    this.#medium = new Medium(store ?? new AbsentStore(), this.blockSize);
    this.tray.close();
  }

  /** Whether what is written has to be on stable storage before GOOD. */
  get writesThrough(): boolean {
    return this.modes.current.WCE === 0 && !this.#settings.nvCache;
  }

  /** The sense of a command that would change a medium that is write protected; else NO_SENSE. */
  get protection(): number {
    if (this.#settings.readOnly) return Sense.WRITE_PROTECTED;
    return this.modes.current.SWP === 1 ? Sense.SOFTWARE_WRITE_PROTECTED : Sense.NO_SENSE;
  }

  /** Whether there is room for another command that needs memory. */
  get hasMemory(): boolean {
    return this.memory.hasRoom;
  }

  /** Refuses writes and flushes from here on; `errno` says why, `problem` says it to the operator. */
  fail(errno: number, problem: string): void {
    if (this.failure !== 0) return;
    this.failure = errno;
    this.trouble = { problem, at: Date.now() };
    this.errors.failures++;
    const what = this.hasLost
      ? "writes that have ended may be lost: reads and writes are refused"
      : "writes are refused";
    this.#report(`device '${this.settings.name}' ${problem}; ${what} until it is opened again`);
  }

  /**
   * Fails as something could not be brought to stable storage. The system may have dropped any of what
   * was written since the last flush and tells that once, without saying which blocks: so nothing that
   * is read can be trusted if writes had ended with GOOD by then, and everybody is told.
   */
  failFlush(errno: number): void {
    if (this.failure !== 0) return;
    this.hasLost = this.flusher.hasUnflushed;
    this.fail(errno, `failed to flush: ${describeErrno(errno)}`);
    if (this.hasLost) this.onLoss(senseOfWrite(errno));
  }

  /** A vector of one piece, for a transfer in the same turn. */
  onePiece(address: number, length: number): IoVector {
    this.#piece.clear();
    this.#piece.push(address, length);
    return this.#piece;
  }

  /** Lends a request for a command; give it back with giveRequest() when all is finished. */
  takeRequest(command?: Command): DiskRequest {
    const request = this.#requests.pop() ?? new DiskRequest(this);
    request.command = command;
    request.medium = this.#medium;
    request.medium.begin();
    if (command !== undefined) this.locks.begin(command);
    return request;
  }

  /** Takes a request back, with the memory that it still has. */
  giveRequest(request: DiskRequest): void {
    if (request.memory !== undefined) this.memory.give(request.memory);
    const { command } = request;
    request.memory = undefined;
    request.command = undefined;
    request.began = 0;
    request.iov.clear();
    request.medium.end();
    this.#requests.push(request);
    if (command !== undefined) this.locks.end(command);
  }
}

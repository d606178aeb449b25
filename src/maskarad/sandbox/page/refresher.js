/** Reading anew what may have changed: soon after it was asked for, once for all that asked, one reading at a time. */

import { attempt } from "./notices.js";

const PAUSE_MS = 80;

export class Refresher {
  #work;
  #state = "idle";

  constructor(work) {
    this.#work = work;
  }

  /** Asked for in the middle of a reading, there will be one more: the running one may have missed the reason. */
  ask() {
    if (this.#state === "running") this.#state = "again";
    if (this.#state !== "idle") return;
    this.#state = "waiting";
    setTimeout(() => this.#run(), PAUSE_MS);
  }

  async #run() {
    this.#state = "running";
    await attempt(this.#work);
    const again = this.#state === "again";
    this.#state = "idle";
    if (again) this.ask();
  }
}

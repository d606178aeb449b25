/** The first visit: one press makes a person and opens the manager bot's chat. */

import { sandbox } from "./api.js";
import { asking, field, STAGE_NAMES } from "./dialogs.js";
import { el } from "./dom.js";
import { faceOf, nameOf } from "./faces.js";

const MOST_FACES = 6;

export function drawWelcome(parent, stage, arrived) {
  const taken = new Set([...stage.people.values()].map((person) => person.first_name));
  const free = STAGE_NAMES.filter((name) => !taken.has(name));
  const suggested = free[stage.people.size % free.length] ?? `Guest ${stage.people.size + 1}`;
  const form = asking(
    "Come in",
    [
      field(
        "Your name here",
        el("input", { name: "first_name", required: true, maxlength: "64", value: suggested, autocomplete: "off" }),
      ),
    ],
    (data) => sandbox.makeUser({ first_name: data.get("first_name").trim() || suggested }),
    arrived,
  );
  const known = [...stage.people.values()]
    .slice(0, MOST_FACES)
    .map((person) =>
      el(
        "button",
        { type: "button", class: "face-choice", onclick: () => arrived(person) },
        faceOf(person),
        el("bdi", {}, nameOf(person)),
      ),
    );
  parent.replaceChildren(
    el("img", { src: "/page/logo.svg", alt: "", width: "112", height: "112" }),
    el("h1", {}, "Maskarad"),
    el("p", {}, "A little Telegram of its own, on your machine: talk to bots here as if you were on your phone."),
    form,
    known.length
      ? el("section", { class: "known" }, el("h2", {}, "Or come in as"), el("div", { class: "faces" }, known))
      : "",
  );
  form.querySelector("button").focus();
}

/** Unix seconds as a person reads them. */

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

const dateOf = (seconds) => new Date(seconds * 1000);

export const clockTime = (seconds) => clock.format(dateOf(seconds));
export const dayOf = (seconds) => dateOf(seconds).toDateString();
export const dayName = (seconds) => (isToday(seconds) ? "Today" : day.format(dateOf(seconds)));
export const listTime = (seconds) => (isToday(seconds) ? clock : short).format(dateOf(seconds));

function isToday(seconds) {
  return dayOf(seconds) === new Date().toDateString();
}

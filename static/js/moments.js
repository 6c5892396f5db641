// Says the exact time of every moment in the reader's own zone.
for (const moment of document.querySelectorAll("time[datetime]")) {
  const when = new Date(moment.dateTime);
  if (!Number.isNaN(when.valueOf())) {
    moment.title = when.toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "long" });
  }
}

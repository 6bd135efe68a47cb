// What the moderation page says, in the languages it speaks. `{name}` stands for what is put in.

const EN = {
  title: "Moderation",
  tenant: "Tenant",
  token: "Moderator's token",
  page: "Page (all, if empty)",
  show: "Show",
  reports: "Reported",
  hidden: "Hidden",
  locked: "Locked discussions",
  blocked: "Blocked users",
  noReports: "Nothing was reported that nobody dealt with.",
  noHidden: "Nothing is hidden.",
  noLocked: "No discussion is locked.",
  noBlocked: "Nobody is blocked.",
  reading: "Reading…",
  shown: "{tenant}, as of {time}. Looks for news every 10 seconds.",
  forbidden: "This page is for moderators and owners. {reason}",
  signIn: "The token does not open this tenant. {reason}",
  failed: "The server cannot be reached. It is tried again.",
  damaged: "These pages are damaged, so that nobody can read them; tell whoever runs the server: {pages}",
  more: "{shown} of {total} are shown, the newest first. Name a page to see all of it.",
  reportedBy: "{who}: {why}, {time}",
  andOthers: "and {count} more",
  spam: "spam",
  abuse: "abuse",
  other: "other",
  gone: "It was deleted meanwhile.",
  unread: "It cannot be read now.",
  wholePage: "On the whole page",
  thread: "The whole discussion ({count})",
  by: "{who}, {time}",
  nobody: "somebody erased",
  wasDeleted: "Deleted comment",
  wasHidden: "hidden",
  decided: "by {who}, {time}",
  hide: "Hide",
  unhide: "Show again",
  hideAll: "Hide the discussion",
  unhideAll: "Show the discussion again",
  lock: "Lock",
  unlock: "Unlock",
  delete: "Delete",
  block: "Block {who}",
  unblock: "Unblock",
  dismiss: "Dismiss",
  cancel: "Cancel",
  sureComment: "Delete this comment? It cannot be brought back.",
  sureAll: "Delete the whole discussion? It cannot be brought back.",
  sureBlock: "Block {who}? They may read everywhere in the tenant and write nowhere.",
  doBlock: "Block",
  done: "Done: {what}.",
};

const PL = {
  title: "Moderacja",
  tenant: "Serwis (tenant)",
  token: "Token moderatora",
  page: "Strona (puste: wszystkie)",
  show: "Pokaż",
  reports: "Zgłoszone",
  hidden: "Ukryte",
  locked: "Zamknięte dyskusje",
  blocked: "Zablokowani użytkownicy",
  noReports: "Nie ma zgłoszeń do rozpatrzenia.",
  noHidden: "Nic nie jest ukryte.",
  noLocked: "Żadna dyskusja nie jest zamknięta.",
  noBlocked: "Nikt nie jest zablokowany.",
  reading: "Wczytywanie…",
  shown: "{tenant}, stan z {time}. Odświeża się co 10 sekund.",
  forbidden: "Ta strona jest dla moderatorów i właścicieli. {reason}",
  signIn: "Ten token nie pasuje do tego serwisu. {reason}",
  failed: "Nie można połączyć się z serwerem. Kolejna próba za chwilę.",
  damaged: "Te strony są uszkodzone i nikt nie może ich odczytać; powiadom administratora serwera: {pages}",
  more: "Widać {shown} z {total}, od najnowszych. Podaj stronę, aby zobaczyć na niej wszystko.",
  reportedBy: "{who}: {why}, {time}",
  andOthers: "i jeszcze {count}",
  spam: "spam",
  abuse: "obraźliwe",
  other: "inne",
  gone: "W międzyczasie usunięto.",
  unread: "Teraz nie da się tego odczytać.",
  wholePage: "Do całej strony",
  thread: "Cała dyskusja ({count})",
  by: "{who}, {time}",
  nobody: "osoba usunięta z serwisu",
  wasDeleted: "Komentarz usunięto",
  wasHidden: "ukryte",
  decided: "{who}, {time}",
  hide: "Ukryj",
  unhide: "Pokaż ponownie",
  hideAll: "Ukryj dyskusję",
  unhideAll: "Pokaż dyskusję ponownie",
  lock: "Zamknij",
  unlock: "Otwórz",
  delete: "Usuń",
  block: "Zablokuj: {who}",
  unblock: "Odblokuj",
  dismiss: "Odrzuć zgłoszenie",
  cancel: "Anuluj",
  sureComment: "Usunąć ten komentarz? Nie da się go przywrócić.",
  sureAll: "Usunąć całą dyskusję? Nie da się jej przywrócić.",
  sureBlock: "Zablokować: {who}? Ta osoba będzie mogła wszystko czytać, ale nigdzie nie napisze.",
  doBlock: "Zablokuj",
  done: "Gotowe: {what}.",
};

const polish = navigator.language.toLowerCase().startsWith("pl");
const words = polish ? PL : EN;
const clock = new Intl.DateTimeFormat(polish ? "pl" : "en-GB", { dateStyle: "medium", timeStyle: "short" });

export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function time(text) {
  return clock.format(new Date(text));
}

/** Put the words where the page has places for them. */
export function translate() {
  document.documentElement.lang = polish ? "pl" : "en";
  document.title = `${say("title")} · crdtchat`;
  for (const place of document.querySelectorAll("[data-say]")) place.textContent = say(place.dataset.say);
}

/** Drawn for this widget: 20 by 20, in the colour of the text around them. */
const PATHS = {
  comment: "M4 4.5h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H9l-3.5 3v-3H4a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1Z",
  close: "m5 5 10 10M15 5 5 15",
  check: "m4.5 10.5 3.5 3.5 7.5-8",
  reopen: "M5 8.5A5.5 5.5 0 1 1 4.6 12M5 4.5v4h4",
  reply: "M8 5 4 9l4 4M4 9h7a5 5 0 0 1 5 5v1",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  link: "M8.5 11.5a3 3 0 0 0 4.3 0l2.3-2.3a3 3 0 0 0-4.3-4.3l-.8.8M11.5 8.5a3 3 0 0 0-4.3 0l-2.3 2.3a3 3 0 0 0 4.3 4.3l.8-.8",
  smile: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM7.2 11.8a3.4 3.4 0 0 0 5.6 0M7.8 8h.01M12.2 8h.01",
  next: "m6 8 4 4 4-4",
  previous: "m6 12 4-4 4 4",
  back: "m12 5-5 5 5 5",
  list: "M4 5.5h12M4 10h12M4 14.5h7",
  attach: "M10 3v10M10 13v4M6.5 7.5 10 3l3.5 4.5M4 12c.5 3 3 5 6 5s5.5-2 6-5",
  lock: "M5.5 9.5h9v6.5h-9ZM7.5 9.5V7a2.5 2.5 0 0 1 5 0v2.5",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4",
  clock: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6.5V10l2.5 1.5",
  cloud: "M6 15.5a3.5 3.5 0 0 1-.4-7A4.8 4.8 0 0 1 15 9.2a3.2 3.2 0 0 1-.7 6.3H6Z",
  offline:
    "M6 15.5a3.5 3.5 0 0 1-.4-7 4.8 4.8 0 0 1 1-2M9.5 5.1A4.8 4.8 0 0 1 15 9.2a3.2 3.2 0 0 1 1.9 4.4M3.5 3.5l13 13",
  people:
    "M7.5 9.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.8 16c.3-2.6 2.2-4.2 4.7-4.2s4.4 1.6 4.7 4.2M13 4.4a2.6 2.6 0 0 1 0 5M14.2 12c1.7.5 2.8 1.9 3 4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width={name === "more" ? 2.4 : 1.6}
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

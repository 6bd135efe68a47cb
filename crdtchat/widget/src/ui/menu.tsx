/** A button with a small list of actions: opens, moves and closes by keyboard as menus do. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { closeOnScroll, putBeside } from "./beside";
import { Icon, type IconName } from "./icons";

export interface MenuItem {
  label: string;
  bad?: boolean;
  act(): void;
}

export function Menu({ label, icon, items }: { label: string; icon: IconName; items: MenuItem[] }) {
  const [open, setOpen] = useState(false);
  return (
    <Popup label={label} icon={icon} open={open} onOpen={setOpen} role="menu">
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabindex={-1}
          class={item.bad ? "bad" : ""}
          onClick={() => {
            setOpen(false);
            item.act();
          }}
        >
          {item.label}
        </button>
      ))}
    </Popup>
  );
}

interface PopupProperties {
  label: string;
  icon: IconName;
  open: boolean;
  role: "menu" | "group";
  grid?: boolean;
  onOpen(open: boolean): void;
  children: ComponentChildren;
}

export function Popup({ label, icon, open, role, grid, onOpen, children }: PopupProperties) {
  const around = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useLayoutEffect(() => {
    if (!open) return;
    const list = around.current?.querySelector<HTMLElement>(".popup");
    const control = button.current?.getBoundingClientRect();
    if (list && control) putBeside(list, control, "below", "right");
    list?.querySelector<HTMLElement>("button")?.focus({ preventScroll: true });
    const root = around.current?.getRootNode() as ShadowRoot;
    const outside = (event: Event) => {
      if (!event.composedPath().includes(around.current as Node)) onOpen(false);
    };
    root.addEventListener("pointerdown", outside);
    const still = closeOnScroll(button.current as Element, () => {
      if (around.current?.contains(root.activeElement)) button.current?.focus({ preventScroll: true });
      onOpen(false);
    });
    return () => {
      root.removeEventListener("pointerdown", outside);
      still();
    };
  }, [open]);

  function key(event: KeyboardEvent): void {
    const box = around.current;
    if (!open || !box) return;
    const items = [...box.querySelectorAll<HTMLElement>(".popup button")];
    const active = (box.getRootNode() as ShadowRoot).activeElement as HTMLElement;
    const at = items.indexOf(active);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") {
      onOpen(false);
      button.current?.focus();
    } else if (event.key === "Tab") {
      onOpen(false);
      return;
    } else if (step) items[(at + step + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    // What was chosen goes with the list, and leaves the focus to the button; what comes next may take it from there.
    <div
      class="popup-around"
      ref={around}
      onKeyDown={key}
      onClickCapture={() => button.current?.focus({ preventScroll: true })}
    >
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-label={label}
        title={label}
        aria-haspopup={role === "menu" ? "menu" : "true"}
        aria-expanded={open}
        onClick={() => onOpen(!open)}
      >
        <Icon name={icon} />
      </button>
      {open && (
        <div class={`popup${grid ? " grid" : ""}`} role={role} aria-label={label}>
          {children}
        </div>
      )}
    </div>
  );
}

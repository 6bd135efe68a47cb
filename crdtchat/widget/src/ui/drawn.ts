/** A part of a comment that the host draws: a slot here, and in the document an element that the host fills. */
import { h } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface Properties {
  /** What is shown until the host has drawn, and where it does not. */
  text: string;
  draw(element: HTMLElement): void;
}

let slots = 0;

export function Drawn({ text, draw }: Properties) {
  const place = useRef<HTMLSlotElement>(null);
  const [name] = useState(() => `drawn-${++slots}`);
  useLayoutEffect(() => {
    const { host } = (place.current as HTMLSlotElement).getRootNode() as ShadowRoot;
    const element = document.createElement("span");
    element.slot = name;
    element.textContent = text;
    host.append(element);
    draw(element);
    return () => element.remove();
  }, [name, text, draw]);
  return h("slot", { name, ref: place });
}

/** The status bar: how many people are here, how many discussions are open, and what is unread. */
import { Widget } from "@lumino/widgets";
import type { Desk } from "./desk";

export class StatusItem extends Widget {
  constructor(private readonly desk: Desk) {
    super();
    this.addClass("crdtchat-status");
    desk.changed.connect(() => this.#draw());
    this.#draw();
  }

  #draw(): void {
    const widget = this.desk.current?.docked?.widget;
    let words = "";
    if (widget) {
      const open = widget.threads.all().filter((thread) => !thread.state.resolved).length;
      const { speech, people } = widget;
      const facts = [speech.count("people", people.count), speech.count("discussions", open)];
      if (widget.unread.size > 0) facts.push(speech.count("unreadCount", widget.unread.size));
      words = facts.join(" · ");
    }
    if (this.node.textContent !== words) this.node.textContent = words;
  }
}

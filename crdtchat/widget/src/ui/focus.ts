/** To what stays when the control that had the focus goes: there Escape and the arrows are heard. */
export function toScroll(within: Element | null): void {
  within?.closest<HTMLElement>(".scroll")?.focus({ preventScroll: true });
}
